/** People who sign in one after the other, all day long. */
import type { SignIn } from "../emulators/signin/index.js";
import type { StoryClock } from "./clock.js";

const PAUSE_MS = 5_000;

export interface Seen {
  readonly signedIn: number;
  readonly refused: readonly string[];
}

export class Crowd {
  #signedIn = 0;
  readonly #refused: string[] = [];
  #stop = new AbortController();
  #going: Promise<void> = Promise.resolve();
  #next = 0;

  constructor(
    private readonly session: SignIn,
    private readonly people: readonly string[],
    private readonly clock: StoryClock,
  ) {}

  /** What has happened so far. */
  get seen(): Seen {
    return { signedIn: this.#signedIn, refused: [...this.#refused] };
  }

  begin(): void {
    this.#stop = new AbortController();
    this.#going = this.#go(this.#stop.signal);
  }

  /** Returns when nobody is at the door any more. */
  async rest(): Promise<void> {
    this.#stop.abort();
    await this.#going;
  }

  /** The next one signs in. */
  async one(): Promise<void> {
    const person = this.people[this.#next % this.people.length] ?? "";
    this.#next += 1;
    const result = await this.session.signIn(person);
    if (result.in) this.#signedIn += 1;
    else this.#refused.push(`${person}: ${result.because}`);
  }

  async #go(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.one();
      await this.clock.sleep(PAUSE_MS, signal).catch(() => undefined);
    }
  }
}
