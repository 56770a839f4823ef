import type { Clock } from "../clock.js";
import type { TokenSource } from "./graph.js";

/** A token as it was just given. */
export interface Given {
  readonly token: string;
  readonly lifetimeMs: number;
}

export interface Tokens extends TokenSource {
  /** The application permissions that the token carries; empty where it cannot be read. */
  roles(signal: AbortSignal): Promise<ReadonlySet<string>>;
}

/** A token is not used any more so long before its end; shorter-lived ones for their last tenth. */
const LONGEST_MARGIN_MS = 300_000;

/**
 * Keeps the one token of the agent app until shortly before its end and signs in anew when asked
 * after that. However many ask, one sign-in is under way at a time; it lives as long as `stop`
 * lets it, so that who gives up waiting takes nothing away from the others.
 */
export function createTokens(
  signIn: (signal: AbortSignal) => Promise<Given>,
  clock: Clock,
  stop: AbortSignal,
): Tokens {
  let held: { readonly token: string; readonly until: number } | undefined;
  let pending: Promise<string> | undefined;

  const begin = async (): Promise<string> => {
    const { token, lifetimeMs } = await signIn(stop);
    const margin = Math.min(LONGEST_MARGIN_MS, lifetimeMs / 10);
    held = { token, until: clock.monotonic() + lifetimeMs - margin };
    return token;
  };
  const fresh = async (signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted();
    pending ??= begin().finally(() => (pending = undefined));
    return unlessAborted(pending, signal);
  };
  const token = (signal: AbortSignal): Promise<string> =>
    held !== undefined && clock.monotonic() < held.until
      ? Promise.resolve(held.token)
      : fresh(signal);

  return {
    token,
    renew(stale, signal) {
      // Eight requests may be refused for the same old token; only the first throws it away.
      if (held?.token === stale) held = undefined;
      return token(signal);
    },
    roles: async (signal) => rolesIn(await token(signal)),
  };
}

/**
 * The `roles` claim of our own app token: what an administrator consented to. It only ever decides
 * whether a group with hidden members may be believed; what it does not say is not there.
 */
function rolesIn(token: string): ReadonlySet<string> {
  try {
    const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
    const { roles } = JSON.parse(payload) as { roles?: unknown };
    return new Set(Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : []);
  } catch {
    return new Set();
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
