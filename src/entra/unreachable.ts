import { AgentError } from "../errors.js";

/** No whole answer came. Carries the real cause, in words and as `cause`. */
export function unreachable(where: string, cause: unknown): AgentError {
  return new AgentError("ENTRA_UNREACHABLE", `${where}: ${reasonOf(cause)}`, { cause });
}

/** What went wrong below HTTP, as Node names it: `ECONNREFUSED`, `SELF_SIGNED_CERT_IN_CHAIN`, … */
function reasonOf(cause: unknown): string {
  // Node tries all addresses of a name; the error about all of them has no message of its own.
  if (cause instanceof AggregateError) {
    return [...new Set(cause.errors.map(reasonOf))].join(", ");
  }
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return code === undefined || cause.message.includes(code)
    ? cause.message
    : `${cause.message} (${code})`;
}
