import { AgentError, asAgentError } from "../errors.js";
import type { ErrorCode, Finding } from "../errors.js";

/** These say nothing about one group or person: nothing else could be read either. */
const CONCERNS_ALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ENTRA_UNREACHABLE",
  "ENTRA_SIGN_IN_REFUSED",
  "ENTRA_THROTTLED",
  "CREDENTIAL_INVALID",
  "CONFIG_UNSAFE",
  "CONFIG_INVALID",
  "STOPPING",
  "INTERNAL",
]);

/** The failure as a finding about one group or person; what concerns all is thrown on. */
export function findingAbout(subject: string, thrown: unknown, signal: AbortSignal): Finding {
  signal.throwIfAborted();
  if (!(thrown instanceof AgentError) || CONCERNS_ALL.has(thrown.code)) throw asAgentError(thrown);
  return { code: thrown.code, message: thrown.message, subject };
}
