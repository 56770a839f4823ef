/** Where health is served; a reload may move it. */
import type { HealthConfig } from "../config/types.js";
import { AgentError, asAgentError } from "../errors.js";
import type { Health } from "../health/index.js";

export class HealthDoor {
  readonly #make: (config: HealthConfig) => Health;
  #config: HealthConfig;
  #health: Health;
  #open = false;
  /** Its address, once it listens. */
  url = "";

  constructor(make: (config: HealthConfig) => Health, config: HealthConfig) {
    this.#make = make;
    this.#config = config;
    this.#health = make(config);
  }

  /** Throws HEALTH_LISTEN, and what a token file that is no use says. */
  async listen(): Promise<void> {
    this.url = await this.#health.listen();
    this.#open = true;
  }

  /**
   * Where the new address is no use, health goes on at the one before; throws then. A door that
   * could not be opened again either is tried anew with the next configuration, changed or not.
   */
  async move(config: HealthConfig): Promise<void> {
    const before = this.#config;
    if (this.#open && JSON.stringify(config) === JSON.stringify(before)) return;
    const next = this.#make(config);
    const old = this.#health;
    // One port, two servers: the old one has to go first.
    const first = config.port === before.port && before.port !== 0;
    if (first) await this.close();
    try {
      this.url = await next.listen();
    } catch (thrown) {
      await next.close();
      if (first) await this.#reopen(thrown);
      throw thrown;
    }
    this.#health = next;
    this.#config = config;
    this.#open = true;
    if (!first) await old.close();
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#health.close();
  }

  /** @param thrown why the new one cannot be opened */
  async #reopen(thrown: unknown): Promise<void> {
    this.#health = this.#make(this.#config);
    try {
      await this.listen();
    } catch (again) {
      const [now, then] = [asAgentError(thrown), asAgentError(again)];
      const message = `${now.message}; nor does the one before serve any more: ${then.message}`;
      // Both say the same where the door was shut already.
      throw now.message === then.message ? now : new AgentError("HEALTH_LISTEN", message);
    }
  }
}
