/** The one time of the demo: it runs fast, and leaps where nothing is to be seen. */
import type { Clock } from "../../src/clock.js";
import type { EmulatorClock } from "../emulators/common/clock.js";

/** Real milliseconds between two steps of the clock. */
const TICK_MS = 4;

interface Sleeper {
  readonly due: number;
  wake(): void;
}

/**
 * Moves on in small steps that the event loop counts out, so that on a busy machine time passes
 * slower instead of overtaking those who live in it: program, emulators and story share this
 * process. Sleepers wake with the step that reaches them.
 */
export class StoryClock implements Clock, EmulatorClock {
  #rate: number;
  #wall: number;
  #elapsed = 0;
  #sleepers: Sleeper[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @param start milliseconds since 1970 */
  constructor(start: number, rate: number) {
    this.#wall = start;
    this.#rate = rate;
    this.#timer = setInterval(() => this.advance(TICK_MS * this.#rate), TICK_MS);
  }

  /** Virtual milliseconds per real one. */
  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    this.#rate = rate;
  }

  now(): number {
    return Math.floor(this.#wall + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  advance(ms: number): void {
    this.#elapsed += ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.due <= this.#elapsed);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.due > this.#elapsed);
    for (const sleeper of due) sleeper.wake();
  }

  /** Sets what the wall clock shows; who sleeps is woken only by time that passes. */
  set(ms: number): void {
    const ahead = ms - this.now();
    if (ahead > 0) this.advance(ahead);
    else this.#wall += ahead;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const sleeper: Sleeper = {
        due: this.#elapsed + ms,
        wake: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Time stands still from now on, and the process may end. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
