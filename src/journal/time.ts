/** The time that the journal writes down. */
import type { Clock } from "../clock.js";

/**
 * Rows carry Entra's time, since the guard's 24 hours are judged by it (DESIGN.md, Rotation:
 * "Ages and ends are judged by the `Date` of Entra's answers"). Until a pass has told us that
 * time, the machine's own clock has to do.
 */
export class JournalTime {
  readonly #clock: Clock;
  #told: { readonly now: number; readonly at: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970, whole. */
  now(): number {
    if (!this.#told) return Math.round(this.#clock.now());
    return Math.round(this.#told.now + (this.#clock.monotonic() - this.#told.at));
  }

  tell(now: number): void {
    this.#told = { now, at: this.#clock.monotonic() };
  }
}
