/** Orders of one kind, one after the other. */
import { AgentError } from "../errors.js";

export class Turns {
  readonly #most: number;
  #last: Promise<unknown> = Promise.resolve();
  #there = 0;

  /** `most`: how many may wait beside the one that is at work. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many are at work or wait. */
  get there(): number {
    return this.#there;
  }

  /** Throws CONTROL_BUSY at once where too many wait. */
  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#there > this.#most) {
      throw new AgentError("CONTROL_BUSY", `${this.#most} orders of this kind wait already`);
    }
    this.#there += 1;
    const turn = this.#last.then(work).finally(() => (this.#there -= 1));
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
