/** Whom we talk to: the connection to PVE, and the proof that it is the node we mean. */
import type { TLSSocket } from "node:tls";
import { buildConnector } from "undici";
import { AgentError } from "../errors.js";
import { trustedContext } from "../trust.js";

export interface Peer {
  /** The name to ask for and to expect, where it is not the URL's host. */
  readonly serverName?: string;
  /** CAs beside the system's, as PEM. */
  readonly ca?: readonly string[];
  /** Of the process: `SSL_CERT_FILE` in it names other CAs than the system's. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** SHA-256 of the leaf, upper-case hex pairs with colons: counts in place of the CAs. */
  readonly fingerprint?: string;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A connector for undici. Whatever fails in it fails before a byte of a request was sent, and
 * comes out as PVE_CERTIFICATE or PVE_UNREACHABLE: `engine.ts` relies on that.
 */
export function connectTo(peer: Peer): buildConnector.connector {
  const { fingerprint } = peer;
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    // A resumed session carries no certificate to look at.
    maxCachedSessions: 0,
    ...(fingerprint === undefined
      ? { secureContext: trustedContext(peer.ca ?? [], peer.env) }
      : { rejectUnauthorized: false }),
  });
  return (options, callback) => {
    connect(withName(options, peer.serverName), (error, socket) => {
      if (error !== null) {
        callback(connectError(error, options.host ?? options.hostname), null);
        return;
      }
      const wrong = fingerprint === undefined ? undefined : mismatch(socket, fingerprint);
      if (wrong === undefined) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(wrong, null);
    });
  };
}

function withName(
  options: buildConnector.Options,
  serverName: string | undefined,
): buildConnector.Options {
  return serverName === undefined ? options : { ...options, servername: serverName };
}

function mismatch(socket: object, expected: string): AgentError | undefined {
  const found = (socket as TLSSocket).getPeerCertificate().fingerprint256;
  return found === expected
    ? undefined
    : new AgentError(
        "PVE_CERTIFICATE",
        `the certificate's fingerprint is ${found ?? "unknown"}, expected ${expected}`,
      );
}

// OpenSSL's verification results, and Node's own codes of a name that does not fit.
const CERTIFICATE = /CERT|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|CRL/;

function connectError(error: Error, host: string): AgentError {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return CERTIFICATE.test(code)
    ? new AgentError(
        "PVE_CERTIFICATE",
        `the certificate of ${host} was not accepted: ${said(error)}`,
      )
    : new AgentError("PVE_UNREACHABLE", `no connection to ${host}: ${said(error)}`);
}

/** An aggregate (several addresses tried) has an empty message of its own. */
function said(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return inner instanceof Error && inner.message !== "" ? inner.message : error.name;
}
