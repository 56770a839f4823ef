import type { Clock } from "../clock.js";
import { readCertificate, readClientSecret } from "../config/secrets.js";
import type { EntraConfig } from "../config/types.js";
import { AgentError } from "../errors.js";
import { requestArcToken } from "./arc.js";
import { signAssertion } from "./assertion.js";
import type { Log } from "./log.js";
import type { Network } from "./network.js";
import { cutOrThrow, patiently } from "./patience.js";
import type { Attempt } from "./patience.js";
import { requestToken, tokenEndpoint } from "./token-request.js";
import type { Authority, Proof, Refused, TokenAnswer } from "./token-request.js";
import type { Given } from "./tokens.js";

export interface SignInOptions {
  readonly config: EntraConfig;
  /** To authority and Graph. */
  readonly network: Network;
  /** To this machine alone, for Azure Arc. */
  readonly local: Network;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** The assertion is not valid yet or any more: our clock and Entra's differ by minutes. */
const ASSERTION_OUT_OF_TIME = 700024;
const AGAIN = 2;

/**
 * How the agent app signs in, by the configuration: certificate, client secret, or the machine's
 * identity. Files are read each time, so that a renewed credential counts without a restart.
 * The result throws ENTRA_SIGN_IN_REFUSED (with the AADSTS number), ENTRA_UNREACHABLE,
 * ENTRA_THROTTLED, CREDENTIAL_INVALID, CONFIG_UNSAFE.
 */
export function createSignIn(options: SignInOptions): (signal: AbortSignal) => Promise<Given> {
  const { clock, random, log } = options;
  const exhausted = (last: AgentError): AgentError => last;
  return async (signal) => {
    const given = await patiently({ clock, random, cuts: AGAIN, exhausted }, signal, async () =>
      attemptOf(await ask(options, signal), signal),
    );
    log.debug({ lifetimeMs: given.lifetimeMs }, "signed in to Entra");
    return given;
  };
}

async function ask(options: SignInOptions, signal: AbortSignal): Promise<TokenAnswer> {
  const { config, network, local } = options;
  const { credential, clientId } = config;
  if (credential.kind === "managed-identity") return requestArcToken(local, config.graph, signal);
  const authority = authorityOf(config);
  if (credential.kind === "secret") {
    const proof: Proof = { kind: "secret", secret: readClientSecret(credential.file) };
    return requestToken(network, authority, clientId, proof, signal);
  }
  const certificate = readCertificate(credential.file);
  const proof: Proof = { kind: "certificate", certificate };
  const answer = await requestToken(network, authority, clientId, proof, signal);
  const now = network.serverTime()?.now;
  if (now === undefined || !isOutOfTime(answer)) return answer;
  const request = { clientId, audience: tokenEndpoint(authority), now };
  const redated: Proof = { kind: "assertion", assertion: signAssertion(certificate, request) };
  return requestToken(network, authority, clientId, redated, signal);
}

/** Where the configuration says that tokens come from. */
export function authorityOf(config: EntraConfig): Authority {
  return { origin: config.authority, tenantId: config.tenantId, graph: config.graph };
}

function isOutOfTime(answer: TokenAnswer): boolean {
  return answer.kind === "refused" && answer.codes.includes(ASSERTION_OUT_OF_TIME);
}

function attemptOf(answer: TokenAnswer, signal: AbortSignal): Attempt<Given> {
  if (answer.kind === "token") return { done: answer };
  if (answer.kind === "failed") return cutOrThrow(answer.error, signal);
  if (answer.status === 429 || answer.status >= 500) {
    const code = answer.status === 429 ? "ENTRA_THROTTLED" : "ENTRA_UNREACHABLE";
    const failure = new AgentError(code, `sign-in answered ${answer.status}: ${answer.message}`);
    return { failure, again: "busy", retryAfter: answer.retryAfter };
  }
  throw refusedSignIn(answer);
}

function refusedSignIn({ codes, message }: Refused): AgentError {
  const [code] = codes;
  const named = code === undefined || message.includes(`AADSTS${code}`);
  return new AgentError("ENTRA_SIGN_IN_REFUSED", named ? message : `AADSTS${code}: ${message}`);
}
