import type { Clock } from "../clock.js";
import { asAgentError } from "../errors.js";
import type { AgentError } from "../errors.js";

/** What one attempt came to: something to return, or a failure that another attempt may cure. */
export type Attempt<T> =
  | { readonly done: T }
  | {
      readonly failure: AgentError;
      /** `busy`: told to come back later. `cut`: no answer. */
      readonly again: "busy" | "cut";
      /** Seconds or a date, as the `Retry-After` header has it. */
      readonly retryAfter?: string | undefined;
    };

export interface Patience {
  readonly clock: Clock;
  /** In [0, 1): spreads the retries of many agents. */
  readonly random: () => number;
  /** How often something that got no answer is sent again. */
  readonly cuts: number;
  /** What to throw once the waiting is used up; the last failure itself where absent. */
  readonly exhausted?: (last: AgentError, waitedMs: number) => AgentError;
}

const LONGEST_WAIT_MS = 60_000;
const LONGEST_TOTAL_MS = 120_000;
const MOST_ATTEMPTS = 12;
const FIRST_WAIT_MS = 1_000;

/**
 * Attempts until it is done, the waiting adds up to 120 s (by the clock), or twelve attempts failed.
 * `Retry-After` is honoured up to 60 s a wait; without it the waits double from one second on.
 */
export async function patiently<T>(
  patience: Patience,
  signal: AbortSignal,
  attempt: () => Promise<Attempt<T>>,
): Promise<T> {
  let waited = 0;
  let cuts = 0;
  for (let tried = 1; ; tried += 1) {
    const outcome = await attempt();
    if ("done" in outcome) return outcome.done;
    if (outcome.again === "cut") cuts += 1;
    const wait = waitBefore(tried, outcome.retryAfter, patience);
    const patient = waited + wait <= LONGEST_TOTAL_MS && tried < MOST_ATTEMPTS;
    if (!patient || cuts > patience.cuts) {
      throw patience.exhausted?.(outcome.failure, waited) ?? outcome.failure;
    }
    await patience.clock.sleep(wait, signal);
    waited += wait;
  }
}

/** An attempt that throws ENTRA_UNREACHABLE may be made again; whatever else it throws is thrown. */
export function cutOrThrow(thrown: unknown, signal: AbortSignal): Attempt<never> {
  signal.throwIfAborted();
  const failure = asAgentError(thrown);
  if (failure.code !== "ENTRA_UNREACHABLE") throw thrown;
  return { failure, again: "cut" };
}

/** Up to a second comes on top of what the server asked for, so that not all come back at once. */
function waitBefore(tried: number, retryAfter: string | undefined, patience: Patience): number {
  const asked = askedFor(retryAfter, patience.clock);
  const jitter = patience.random();
  const wait =
    asked === undefined
      ? FIRST_WAIT_MS * 2 ** (tried - 1) * (0.75 + jitter / 2)
      : asked + jitter * FIRST_WAIT_MS;
  return Math.min(Math.round(wait), LONGEST_WAIT_MS);
}

function askedFor(retryAfter: string | undefined, clock: Clock): number | undefined {
  if (retryAfter === undefined || retryAfter.trim() === "") return undefined;
  const seconds = Number(retryAfter);
  const ms = Number.isNaN(seconds) ? Date.parse(retryAfter) - clock.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(ms, FIRST_WAIT_MS);
}
