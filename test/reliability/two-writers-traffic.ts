/**
 * Requests that wait until they are let go, one at a time: who runs a test decides in which order
 * everybody's requests arrive and what happens between two of them. Nothing here takes real time,
 * and nothing of it depends on a socket, so the same decisions give the same run.
 */
import type { Clock } from "../../src/clock.js";

export interface Request {
  /** Who sends it. */
  readonly who: string;
  readonly system: "pve" | "entra";
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: string;
}

/** A request that has arrived and is not answered yet. */
export interface Parked extends Request {
  /** 1 for the first of the run. */
  readonly n: number;
  /** Does what is asked and answers; the sender goes on from there. */
  readonly release: () => Promise<void>;
}

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** More turns of the event loop than any chain of promises without I/O needs. */
const TURNS = 3;

export class Traffic {
  readonly parked: Parked[] = [];
  readonly #sleepers: Sleeper[] = [];
  readonly #start: number;
  #now: number;
  #count = 0;

  constructor(start: number) {
    this.#start = start;
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  get asleep(): boolean {
    return this.#sleepers.length > 0;
  }

  /** Waits until the request is let go, and gives what it is answered. */
  ask<T>(request: Request, answer: () => Promise<T> | T, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#count += 1;
    const n = this.#count;
    return new Promise<T>((resolve, reject) => {
      const parked: Parked = {
        ...request,
        n,
        release: async () => {
          this.parked.splice(this.parked.indexOf(parked), 1);
          try {
            resolve(await answer());
          } catch (thrown) {
            reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
          }
          await this.settled();
        },
      };
      this.parked.push(parked);
    });
  }

  /** Whoever can go on without an answer and without time has done so. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Time passes until the first of those who sleep wakes. */
  async wake(): Promise<void> {
    const first = this.#sleepers.reduce((a, b) => (b.due < a.due ? b : a));
    this.#sleepers.splice(this.#sleepers.indexOf(first), 1);
    this.#now = Math.max(this.#now, first.due);
    first.wake();
    await this.settled();
  }

  /** Time passes, and whoever sleeps goes on doing so. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** One time for everybody; it stands still but for `wake` and `pass`. */
  readonly clock: Clock = {
    now: () => this.#now,
    monotonic: () => this.#now - this.#start,
    sleep: (ms, signal) => {
      signal?.throwIfAborted();
      return new Promise((resolve) => {
        this.#sleepers.push({ due: this.#now + ms, wake: resolve });
      });
    },
  };
}
