/** Whether the passes really go round: what the watchdog is fed by. */

/** The bounds are spans of a clock that only grows, in milliseconds. */
export interface PulseOptions {
  /** A clock that only grows. */
  readonly monotonic: () => number;
  /** This machine's time, ms since 1970: schedules are kept by it. */
  readonly now: () => number;
  /** When the next pass is due, by `now`; undefined: nothing is scheduled. */
  readonly nextDue: () => number | undefined;
  readonly bounds?: Partial<Bounds>;
}

export interface Bounds {
  /** A pass in which no request ended for so long hangs. */
  readonly quietMs: number;
  /** A pass that is this old hangs, however busy it is. */
  readonly passMs: number;
  /** A schedule whose pass is so late does not tick any more. */
  readonly lateMs: number;
}

const MINUTE_MS = 60_000;

/**
 * quietMs: an exchange ends after 60 s at most (a write to PVE), a wait between two attempts takes
 * 60 s at most (entra/patience.ts, a minute for a locked PVE); ten minutes are five times both.
 *
 * passMs: PVE's user database has room for some ten thousand people, and a pass may write one
 * request for each of them, a second each on a slow cluster.
 *
 * lateMs: the longest jitter that the configuration allows is added by `nextDue`.
 */
export const BOUNDS: Bounds = {
  quietMs: 10 * MINUTE_MS,
  passMs: 4 * 60 * MINUTE_MS,
  lateMs: 10 * MINUTE_MS,
};

export class Pulse {
  readonly #options: PulseOptions;
  readonly #bounds: Bounds;
  /** When each pass under way began. */
  readonly #passes = new Set<{ readonly began: number }>();
  #stirred = 0;
  #due: number | undefined;
  #lateSince: number | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#bounds = { ...BOUNDS, ...options.bounds };
  }

  /** A pass begins; call what comes back when it has ended, however it did. */
  pass(): () => void {
    const pass = { began: this.#options.monotonic() };
    this.#passes.add(pass);
    this.#notLate();
    this.stir();
    return () => {
      this.#passes.delete(pass);
    };
  }

  /** A request has ended, well or not. */
  stir(): void {
    this.#stirred = this.#options.monotonic();
  }

  /** Why this is no living daemon any more; undefined as long as it is one. To be asked often. */
  standstill(): string | undefined {
    return this.#passes.size > 0 ? this.#hanging() : this.#late();
  }

  #hanging(): string | undefined {
    const now = this.#options.monotonic();
    const { quietMs, passMs } = this.#bounds;
    const quiet = now - this.#stirred;
    if (quiet > quietMs) return `a pass hangs: no request has ended for ${minutes(quiet)}`;
    const began = Math.min(...[...this.#passes].map((pass) => pass.began));
    if (now - began > passMs) return `a pass hangs: it began ${minutes(now - began)} ago`;
    return undefined;
  }

  /** How late is measured by the clock that only grows: the other one may be set in between. */
  #late(): string | undefined {
    this.#due ??= this.#options.nextDue();
    if (this.#due === undefined || this.#options.now() <= this.#due) {
      this.#lateSince = undefined;
      return undefined;
    }
    const now = this.#options.monotonic();
    this.#lateSince ??= now;
    const late = now - this.#lateSince;
    return late > this.#bounds.lateMs
      ? `the schedule stands still: a pass was due ${minutes(late)} ago`
      : undefined;
  }

  #notLate(): void {
    this.#due = undefined;
    this.#lateSince = undefined;
  }

  /** Another schedule is in force. */
  rescheduled(): void {
    this.#notLate();
  }
}

function minutes(ms: number): string {
  return `${Math.round(ms / MINUTE_MS)} minutes`;
}
