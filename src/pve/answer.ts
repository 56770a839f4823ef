/** What an answer of PVE means: its data, or one coded error. */
import { AgentError } from "../errors.js";
import type { ErrorCode } from "../errors.js";
import { printable } from "../decide/text.js";
import { redact } from "../redact.js";

export interface Answer {
  readonly status: number;
  /** The reason phrase: the first line of PVE's message, where there is no body. */
  readonly reason: string;
  readonly body: string;
}

/** Which request it answers, for the message and for what a missing answer means. */
export interface Asked {
  readonly method: string;
  /** Without `/api2/json`. */
  readonly path: string;
  readonly write: boolean;
}

const MOST_OF_A_MESSAGE = 1000;
/** What is looked at for a message: an answer may have 32 MiB. */
const MOST_LOOKED_AT = 16 * MOST_OF_A_MESSAGE;

/** The answer's `data`. Throws what the answer means otherwise. */
export function dataOf(answer: Answer, asked: Asked): unknown {
  if (answer.status !== 200) throw refusal(answer, asked);
  const body = parse(answer.body);
  if (body !== undefined && "data" in body) return body.data;
  // PVE answers 200 once it is done, but whoever sent this one is not PVE or was cut off.
  throw new AgentError(
    asked.write ? "PVE_OUTCOME_UNKNOWN" : "PVE_BAD_ANSWER",
    `${name(asked)}: 200 with a body that is not PVE's JSON (${answer.body.length} characters)`,
  );
}

function refusal(answer: Answer, asked: Asked): AgentError {
  const body = parse(answer.body);
  const message = (messageOf(body) ?? answer.reason).slice(0, MOST_LOOKED_AT);
  const whole = (message + errorsOf(body)).slice(0, MOST_LOOKED_AT);
  const said = printable(redact(oneLine(whole))).slice(0, MOST_OF_A_MESSAGE);
  return new AgentError(
    codeOf(answer.status, message, asked.write),
    `${name(asked)}: PVE answered ${answer.status}${said === "" ? "" : `: ${said}`}`,
  );
}

function codeOf(status: number, message: string, write: boolean): ErrorCode {
  if (status === 401) return "PVE_UNAUTHORIZED";
  if (status === 403) return "PVE_FORBIDDEN";
  // 595: pvedaemon is down, nothing was begun. 596 and above: a worker broke or timed out after
  // that (FACTS-pve). 502 to 504: a proxy in between says the same of PVE.
  if (status === 595) return "PVE_UNREACHABLE";
  if (status > 595 || (status >= 502 && status <= 504)) {
    return write ? "PVE_OUTCOME_UNKNOWN" : "PVE_UNREACHABLE";
  }
  if (status === 400 || status === 500 || status === 501) return codeOfWords(message);
  return "PVE_BAD_ANSWER";
}

function codeOfWords(message: string): ErrorCode {
  if (/no quorum/.test(message)) return "PVE_NO_QUORUM";
  if (/cfs-lock .*got lock request timeout/.test(message)) return "PVE_LOCKED";
  if (/detected modified configuration/.test(message)) return "PVE_STALE_DIGEST";
  // Said of every call while user.cfg cannot be loaded, before the call itself is looked at.
  if (/^RPCEnvironment init request failed/.test(message)) return "PVE_UNREACHABLE";
  return "PVE_REFUSED";
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(body: Record<string, unknown> | undefined): string | undefined {
  return typeof body?.message === "string" && body.message !== "" ? body.message : undefined;
}

/** PVE's `errors{}`: one entry for each parameter that it refuses. */
function errorsOf(body: Record<string, unknown> | undefined): string {
  const errors = body?.errors;
  if (typeof errors !== "object" || errors === null) return "";
  const entries = Object.entries(errors).map(([param, why]) => `${param}: ${wordsOf(why)}`);
  return entries.length === 0 ? "" : ` (${entries.join("; ")})`;
}

/** Not by `String`, which runs what the answer says `toString` is, and fails on a deep list. */
function wordsOf(why: unknown): string {
  return typeof why === "string" || typeof why === "number" ? `${why}`.trim() : "no text";
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** `PUT /access/users/anna@contoso.com@entra`: readable, for messages. */
export function name(asked: Asked): string {
  return `${asked.method} ${printable(decodeURIComponent(asked.path))}`;
}
