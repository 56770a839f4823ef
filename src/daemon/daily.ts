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
    this.#at = 0;
  }

  /** Throws what the journal throws. */
  async look(agent: Agent, signal: AbortSignal): Promise<void> {
    const { clock, log, journal } = this.#tools;
    const now = clock.now();
    // A clock that was set back must not put it off until it has caught up.
    if (Math.abs(now - this.#at) < EVERY_MS) return;
    this.#at = now;
    journal.prune(now);
    try {
      this.#credentialEnds = (await agent.credentialEnd(signal)) ?? this.#credentialEnds;
    } catch (thrown) {
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
