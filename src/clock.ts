import { setTimeout as delay } from "node:timers/promises";

/** The one source of time in the program. Everything that waits or dates something asks it. */
export interface Clock {
  /** Wall-clock time of this machine, milliseconds since 1970. May be wrong: see `ServerTime`. */
  now(): number;
  /** Milliseconds that only ever grow; for measuring spans. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
};

/**
 * A clock that runs `rate` times faster than the machine's, beginning at `start` (ms since 1970).
 * The demo and the tests live whole days in seconds with it.
 */
export function fastClock(rate: number, start: number = Date.now()): Clock {
  const origin = performance.now();
  const elapsed = (): number => (performance.now() - origin) * rate;
  return {
    now: () => start + elapsed(),
    monotonic: elapsed,
    sleep: async (ms, signal) => {
      await delay(ms / rate, undefined, signal ? { signal } : {});
    },
  };
}
