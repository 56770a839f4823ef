import type * as Msal from "@azure/msal-node";
import type { NodeAuthOptions } from "@azure/msal-node";
import type { Certificate } from "../config/certificate.js";
import { AgentError } from "../errors.js";
import { printable } from "../decide/text.js";
import { redact } from "../redact.js";
import type { Secret } from "../secret.js";
import { createWitness } from "./msal-network.js";
import type { Witness, Witnessed } from "./msal-network.js";
import type { Network } from "./network.js";

/** Where tokens come from: the configuration alone says so, no answer and no realm. */
export interface Authority {
  /** https origin. */
  readonly origin: string;
  readonly tenantId: string;
  /** https origin of Graph, which the token is for. */
  readonly graph: string;
}

/** What a client proves itself with. */
export type Proof =
  | { readonly kind: "secret"; readonly secret: Secret }
  | { readonly kind: "certificate"; readonly certificate: Certificate }
  | { readonly kind: "assertion"; readonly assertion: string };

export type TokenAnswer =
  | { readonly kind: "token"; readonly token: string; readonly lifetimeMs: number }
  /** Entra said no, or "later" (429, 5xx). */
  | ({ readonly kind: "refused" } & Refused)
  /** No answer, or one that is none. */
  | { readonly kind: "failed"; readonly error: AgentError };

export interface Refused {
  readonly status: number;
  /** The numbers of `AADSTS…`; usually one. */
  readonly codes: readonly number[];
  /** Entra's own words with trace and correlation id, fit to be shown. */
  readonly message: string;
  readonly retryAfter?: string;
}

/** Loaded on first use only: MSAL takes some megabytes that `plan --help` has no need of. */
let msal: Promise<typeof Msal> | undefined;
const loadMsal = (): Promise<typeof Msal> => (msal ??= import("@azure/msal-node"));

/** The token endpoint of a tenant; the same path in all of Microsoft's clouds. */
export function tokenEndpoint(authority: Authority): string {
  return `${authority.origin}/${authority.tenantId}/oauth2/v2.0/token`;
}

/**
 * Asks once for a token for Graph by client credentials, with a client of its own and no cache:
 * after a 429 or 5xx the same MSAL client would refuse locally for a minute (FACTS-entra).
 * Throws only the signal's reason.
 */
export async function requestToken(
  network: Network,
  authority: Authority,
  clientId: string,
  proof: Proof,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const { ConfidentialClientApplication } = await loadMsal();
  const witness = createWitness(network, signal);
  try {
    const client = new ConfidentialClientApplication({
      auth: { ...authOptions(authority, clientId), ...credentialOptions(proof) },
      system: { networkClient: witness.module },
    });
    const result = await client.acquireTokenByClientCredential({
      scopes: [`${authority.graph}/.default`],
      skipCache: true,
    });
    return tokenAnswer(result?.accessToken, result?.expiresOn ?? null);
  } catch (thrown) {
    signal.throwIfAborted();
    return afterThrow(thrown, witness, secretsOf(proof));
  }
}

/**
 * MSAL gets all its metadata from us: left to itself it asks a foreign host for the token endpoint
 * and believes the answer, which could send a secret anywhere.
 */
export function authOptions(authority: Authority, clientId: string): NodeAuthOptions {
  const base = `${authority.origin}/${authority.tenantId}`;
  return {
    clientId,
    authority: base,
    knownAuthorities: [new URL(authority.origin).host],
    authorityMetadata: JSON.stringify({
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: tokenEndpoint(authority),
      jwks_uri: `${base}/discovery/v2.0/keys`,
    }),
  };
}

function credentialOptions(proof: Proof): Partial<NodeAuthOptions> {
  if (proof.kind === "secret") return { clientSecret: proof.secret.reveal() };
  if (proof.kind === "assertion") return { clientAssertion: proof.assertion };
  const { thumbprintSha256, privateKey } = proof.certificate;
  return { clientCertificate: { thumbprintSha256, privateKey: privateKey.reveal() } };
}

function secretsOf(proof: Proof): readonly string[] {
  if (proof.kind === "secret") return [proof.secret.reveal()];
  return proof.kind === "assertion" ? [proof.assertion] : [];
}

export function tokenAnswer(token: string | undefined, expiresOn: Date | null): TokenAnswer {
  if (!token || expiresOn === null) {
    const error = new AgentError("ENTRA_BAD_ANSWER", "the token endpoint gave no token");
    return { kind: "failed", error };
  }
  // MSAL dates the end by the machine's clock, so that is what its length is measured by.
  return { kind: "token", token, lifetimeMs: expiresOn.getTime() - Date.now() };
}

/** What the wire saw counts; MSAL's own error is the last resort. */
export function afterThrow(
  thrown: unknown,
  witness: Witness,
  secrets: readonly string[],
): TokenAnswer {
  const failure = witness.failure();
  if (failure !== undefined) return { kind: "failed", error: failure };
  const answer = witness.answer();
  if (answer !== undefined && (answer.status < 200 || answer.status > 299)) {
    return { kind: "refused", ...refusedOf(answer, secrets) };
  }
  const message = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, LONGEST);
  const error = new AgentError("ENTRA_BAD_ANSWER", `signing in failed: ${shown(message, secrets)}`);
  return { kind: "failed", error };
}

const LONGEST = 600;
/** A GUID has 36 characters. */
const LONGEST_ID = 64;

function refusedOf(answer: Witnessed, secrets: readonly string[]): Refused {
  const body = answer.body as Readonly<Record<string, unknown>>;
  const description = textOf(body.error_description) ?? textOf(body.error) ?? "no reason given";
  const ids = [
    ["trace id", textOf(body.trace_id)],
    ["correlation id", textOf(body.correlation_id)],
  ].flatMap(([name, id]) => (id === undefined ? [] : [`${name ?? ""} ${id.slice(0, LONGEST_ID)}`]));
  // Entra's description ends in the ids, each on a line of its own: the first line has the reason.
  const reason = (description.split(/\r?\n| Trace ID:/)[0] ?? "").slice(0, LONGEST);
  const said = ids.length === 0 ? reason : `${reason} (${ids.join(", ")})`;
  const retryAfter = answer.headers["retry-after"];
  return {
    status: answer.status,
    codes: codesOf(body.error_codes, description),
    message: shown(said, secrets),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

function codesOf(codes: unknown, description: string): readonly number[] {
  if (Array.isArray(codes)) return codes.filter((code) => typeof code === "number");
  const found = /AADSTS(\d+)/.exec(description)?.[1];
  return found === undefined ? [] : [Number(found)];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function shown(text: string, secrets: readonly string[]): string {
  const without = secrets.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
  return redact(printable(without));
}
