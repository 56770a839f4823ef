/** One time for the program and both emulators. */
import type { Clock } from "../../src/clock.js";
import type { EmulatorClock } from "../emulators/common/clock.js";

export const START = Date.parse("2026-11-22T10:00:00Z");

export interface WorldClock extends Clock, EmulatorClock {}

/** Stands still; whoever sleeps moves it on and wakes at once. */
export function standingClock(start: number = START): WorldClock {
  let current = start;
  return {
    rate: 0,
    now: () => current,
    monotonic: () => current - start,
    set: (to) => void (current = to),
    advance: (by) => void (current += by),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      // Others get their turn, as they would while somebody really sleeps.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      current += ms;
    },
  };
}
