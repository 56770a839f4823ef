/** Where health is served; a reload may move it. */
import type { HealthConfig } from "../config/types.js";
import type { Health } from "../health/index.js";

export class HealthDoor {
  readonly #make: (config: HealthConfig) => Health;
  #config: HealthConfig;
  #health: Health;
  /** Its address, once it listens. */
  url = "";

  constructor(make: (config: HealthConfig) => Health, config: HealthConfig) {
    this.#make = make;
    this.#config = config;
    this.#health = make(config);
  }

  async listen(): Promise<void> {
    this.url = await this.#health.listen();
  }

  /** Where the new address is no use, health goes on at the one before; throws then. */
  async move(config: HealthConfig): Promise<void> {
    const before = this.#config;
    if (JSON.stringify(config) === JSON.stringify(before)) return;
    const next = this.#make(config);
    const old = this.#health;
    // One port, two servers: the old one has to go first.
    const first = config.port === before.port && before.port !== 0;
    if (first) await old.close();
    try {
      this.url = await next.listen();
    } catch (thrown) {
      await next.close();
      if (first) {
        this.#health = this.#make(before);
        await this.listen();
      }
      throw thrown;
    }
    this.#health = next;
    this.#config = config;
    if (!first) await old.close();
  }

  close(): Promise<void> {
    return this.#health.close();
  }
}
