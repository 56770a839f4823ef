/** What is due once a day: the journal's old rows go, and the agent's own credential is looked up. */
import type { Agent } from "../agent.js";
import type { Clock } from "../clock.js";
import { instant } from "../decide/text.js";
import type { Finding } from "../errors.js";
import type { Journal } from "../journal/index.js";
import type { Log } from "../log.js";
import { CREDENTIAL_WARNING_MS } from "../notify/index.js";

const EVERY_MS = 24 * 60 * 60_000;

export class Daily {
  readonly #tools: { readonly clock: Clock; readonly log: Log; readonly journal: Journal };
  #at = 0;
  /** Today's question about the credential was answered. */
  #answered = false;
  /** Another configuration is in force since the last answer. */
  #another = false;
  #credentialEnds: number | undefined;

  constructor(tools: { readonly clock: Clock; readonly log: Log; readonly journal: Journal }) {
    this.#tools = tools;
  }

  /** When the agent's own credential ends, ms since 1970; undefined where that is not known. */
  get credentialEnds(): number | undefined {
    return this.#credentialEnds;
  }

  /** The next look is due: the credential may be another one now. */
  soon(): void {
    this.#answered = false;
    this.#another = true;
  }

  /** Throws what the journal throws. */
  async look(agent: Agent, signal: AbortSignal): Promise<void> {
    const { clock, log, journal } = this.#tools;
    const now = clock.now();
    // A clock that was set back must not put it off until it has caught up.
    if (Math.abs(now - this.#at) >= EVERY_MS) {
      this.#at = now;
      this.#answered = false;
      journal.prune(now);
    }
    if (this.#answered) return;
    try {
      const ends = await agent.credentialEnd(signal);
      // Whoever may not read it for once has known it before; of another one that says nothing.
      if (ends !== undefined || this.#another) this.#credentialEnds = ends;
      this.#answered = true;
      this.#another = false;
    } catch (thrown) {
      // The next pass asks again: after a restart nothing else knows it.
      log.debug({ err: thrown }, "the agent's credential was not looked up");
    }
  }

  get findings(): readonly Finding[] {
    const ends = this.#credentialEnds;
    const left = (ends ?? Infinity) - this.#tools.clock.now();
    if (ends === undefined || left > CREDENTIAL_WARNING_MS) return [];
    const message = `the agent app's credential ends on ${instant(ends)}`;
    return [{ code: "CREDENTIAL_ENDS_SOON", message }];
  }
}
