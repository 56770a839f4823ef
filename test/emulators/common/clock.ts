/** The one time that an emulated world knows; tests move it, the demo lets it run fast. */
export interface EmulatorClock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Jumps to this moment, forwards or backwards; the clock goes on running from there. */
  set(ms: number): void;
  /** Jumps by this many milliseconds. */
  advance(ms: number): void;
  /** Virtual milliseconds per real millisecond; 0 where the clock stands still. */
  readonly rate: number;
}

export interface ClockOptions {
  /** Where the clock begins, in milliseconds since 1970; the real time by default. */
  start?: number;
  /** Virtual milliseconds per real millisecond; 1 by default. */
  rate?: number;
}

/** A running clock. The monotonic timer drives it, so that a correction of the machine's time does not. */
export function createClock(options: ClockOptions = {}): EmulatorClock {
  const rate = options.rate ?? 1;
  let base = options.start ?? Date.now();
  let since = performance.now();
  const now = (): number => Math.floor(base + (performance.now() - since) * rate);
  const set = (ms: number): void => {
    base = ms;
    since = performance.now();
  };
  return { now, set, advance: (ms) => set(now() + ms), rate };
}

/** A clock that moves only by order. */
export function fixedClock(ms: number): EmulatorClock {
  let current = ms;
  return {
    now: () => current,
    set: (to) => void (current = to),
    advance: (by) => void (current += by),
    rate: 0,
  };
}
