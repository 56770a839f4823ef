import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.js";
import { AgentError } from "../errors.js";
import { GraphError, graphError, isConcurrencyViolation } from "./graph-error.js";
import type { Refusal } from "./graph-error.js";
import type { Log } from "./log.js";
import type { Answer, Network } from "./network.js";
import { cutOrThrow, patiently } from "./patience.js";
import type { Attempt } from "./patience.js";
import { createTurns } from "./turns.js";

/** Where Graph's requests get their token from. */
export interface TokenSource {
  /** A token that has not ended; signs in where there is none. */
  token(signal: AbortSignal): Promise<string>;
  /** A fresh one in place of `stale`, which Graph refused. */
  renew(stale: string, signal: AbortSignal): Promise<string>;
}

export interface GraphOptions {
  /** https origin, such as `https://graph.microsoft.com`. */
  readonly origin: string;
  readonly network: Network;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Microsoft Graph v1.0: sends, waits where told to, and turns refusals into coded errors. */
export interface Graph {
  readonly origin: string;
  /**
   * Reads JSON. Sent again on 429, 503, 504 and where no answer came. Throws a GraphError for a
   * refusal, ENTRA_THROTTLED, ENTRA_UNREACHABLE, ENTRA_BAD_ANSWER, and what signing in throws.
   * @param target a path below `/v1.0`, or a whole URL of Graph's own (`nextLink`)
   */
  get(target: string | URL, signal: AbortSignal): Promise<unknown>;
  /** The same for a question that must be posted (`$batch`). */
  ask(path: string, body: object, signal: AbortSignal): Promise<unknown>;
  /**
   * Writes. Sent again only after answers that say it had no effect: 401, 429, 409 and
   * concurrency violations. ENTRA_UNREACHABLE, ENTRA_BAD_ANSWER and a 5xx leave it unknown.
   */
  write(path: string, body: object, signal: AbortSignal): Promise<unknown>;
}

/** At once, over everything that one agent asks. */
const AT_ONCE = 8;
const BUSY = new Set([429, 503, 504]);
const READS_AGAIN = 2;

interface Call {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly body?: string;
  readonly kind: "read" | "write";
  /** Method and path for people. */
  readonly what: string;
}

export function createGraph(options: GraphOptions): Graph {
  const { network, tokens, clock, random, log } = options;
  const turns = createTurns(AT_ONCE);

  const exchange = async (call: Call, token: string, signal: AbortSignal): Promise<Answer> => {
    const clientRequestId = randomUUID();
    const started = clock.monotonic();
    const note = (fields: object): void =>
      log.debug({ call: call.what, clientRequestId, ...fields }, "Graph was asked");
    try {
      const headers = headersOf(call, token, clientRequestId);
      const answer = await network.exchange({ ...call, headers }, signal);
      const requestId = answer.headers["request-id"];
      note({ status: answer.status, requestId, ms: Math.round(clock.monotonic() - started) });
      return answer;
    } catch (thrown) {
      note({ status: 0, why: thrown instanceof Error ? thrown.message : String(thrown) });
      throw thrown;
    }
  };

  const attempt = async (call: Call, signal: AbortSignal): Promise<Attempt<unknown>> => {
    const token = await tokens.token(signal);
    try {
      let answer = await exchange(call, token, signal);
      if (answer.status === 401) {
        answer = await exchange(call, await tokens.renew(token, signal), signal);
      }
      return judge(call, answer);
    } catch (thrown) {
      if (call.kind === "write") throw unknownOutcome(thrown);
      return cutOrThrow(thrown, signal);
    }
  };

  const send = (call: Call, signal: AbortSignal): Promise<unknown> =>
    turns.run(() => {
      signal.throwIfAborted();
      const patience = { clock, random, cuts: READS_AGAIN, exhausted };
      return patiently(patience, signal, () => attempt(call, signal));
    });

  return {
    origin: options.origin,
    get: (target, signal) =>
      send(callOf("GET", urlOf(options.origin, target), "read", undefined), signal),
    ask: (path, body, signal) =>
      send(callOf("POST", urlOf(options.origin, path), "read", body), signal),
    write: (path, body, signal) =>
      send(callOf("POST", urlOf(options.origin, path), "write", body), signal),
  };
}

function urlOf(origin: string, target: string | URL): URL {
  return typeof target === "string" ? new URL(`/v1.0${target}`, origin) : target;
}

function callOf(
  method: Call["method"],
  url: URL,
  kind: Call["kind"],
  body: object | undefined,
): Call {
  const what = `${method} ${url.pathname}`;
  return { method, url, kind, what, ...(body && { body: JSON.stringify(body) }) };
}

function headersOf(call: Call, token: string, clientRequestId: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    accept: "application/json",
    "client-request-id": clientRequestId,
    "user-agent": "pve-entra-agent",
    ...(call.body === undefined ? {} : { "content-type": "application/json" }),
  };
}

function judge(call: Call, answer: Answer): Attempt<unknown> {
  if (answer.status >= 200 && answer.status <= 299) return { done: parse(call, answer) };
  const refusal: Refusal = {
    what: call.what,
    status: answer.status,
    body: parseQuietly(answer.text),
    requestId: answer.headers["request-id"],
  };
  const failure = graphError(refusal);
  const mayCure =
    call.kind === "read"
      ? BUSY.has(answer.status)
      : answer.status === 429 || isConcurrencyViolation(refusal);
  if (!mayCure) throw failure;
  return { failure, again: "busy", retryAfter: answer.headers["retry-after"] };
}

function parse(call: Call, answer: Answer): unknown {
  if (answer.text === "") return undefined;
  try {
    return JSON.parse(answer.text);
  } catch {
    // No cause: a syntax error quotes the text, and this may be the answer with a new secret in it.
    const id = answer.headers["request-id"];
    const message = `${call.what} answered ${answer.status} with something that is no JSON`;
    throw new AgentError("ENTRA_BAD_ANSWER", id ? `${message} (request-id ${id})` : message);
  }
}

function parseQuietly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The request may have arrived, so it is never sent again: the caller looks what became of it. */
function unknownOutcome(thrown: unknown): unknown {
  if (!(thrown instanceof AgentError) || thrown.code !== "ENTRA_UNREACHABLE") return thrown;
  return new AgentError(thrown.code, `${thrown.message}; it may or may not have happened`, {
    cause: thrown.cause,
  });
}

function exhausted(last: AgentError, waitedMs: number): AgentError {
  if (!(last instanceof GraphError && BUSY.has(last.status))) return last;
  const message = `${last.message}, still so after waiting ${Math.round(waitedMs / 1000)} s`;
  return new AgentError("ENTRA_THROTTLED", message, { cause: last });
}
