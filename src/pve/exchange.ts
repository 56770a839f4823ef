/** One request and its whole answer, under one deadline. */
import type { Dispatcher } from "undici";
import { AgentError } from "../errors.js";
import type { Answer } from "./answer.js";

export interface Sent {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `/api2/json` and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Why no answer came. */
export type Silence =
  /** No connection: certainly not sent. Carries PVE_UNREACHABLE or PVE_CERTIFICATE. */
  | { readonly kind: "not-sent"; readonly error: AgentError }
  /** The connection ended before any byte of an answer. */
  | { readonly kind: "cut"; readonly message: string }
  /** It ended, or made no sense, within the answer. */
  | { readonly kind: "broken"; readonly message: string }
  | { readonly kind: "deadline"; readonly message: string }
  /** The caller gave up. */
  | { readonly kind: "aborted"; readonly reason: unknown };

export interface Limits {
  /** Milliseconds of real time over connecting, sending, waiting and reading. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * Sends once and reads all of the answer, or says why there is none; never throws. The timer is the
 * machine's own and not the injected clock: it guards a socket, which lives in real time.
 */
export async function exchange(
  dispatcher: Dispatcher,
  sent: Sent,
  limits: Limits,
  signal: AbortSignal,
): Promise<Answer | Silence> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(abort, limits.timeoutMs);
  const progress = { answered: false };
  try {
    return await request(dispatcher, sent, limits, stop.signal, progress);
  } catch (error) {
    if (error instanceof AgentError) return { kind: "not-sent", error };
    if (signal.aborted) return { kind: "aborted", reason: signal.reason };
    if (stop.signal.aborted) {
      return { kind: "deadline", message: `no whole answer within ${limits.timeoutMs / 1000} s` };
    }
    // Undici's own errors may carry bytes of the answer, and so a realm's key: only their words go on.
    const message = error instanceof Error ? error.message : String(error);
    return { kind: progress.answered ? "broken" : "cut", message };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

export function isAnswer(outcome: Answer | Silence): outcome is Answer {
  return "status" in outcome;
}

async function request(
  dispatcher: Dispatcher,
  sent: Sent,
  limits: Limits,
  signal: AbortSignal,
  progress: { answered: boolean },
): Promise<Answer> {
  const response = await dispatcher.request({
    method: sent.method,
    path: sent.path,
    headers: sent.headers,
    body: sent.body ?? null,
    signal,
  });
  progress.answered = true;
  const body = await readBody(response.body, limits.maxBytes);
  return { status: response.statusCode, reason: response.statusText, body };
}

async function readBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
