import { inspect } from "node:util";

const MASK = "[secret]";

/**
 * A value that cannot be printed by accident: string conversion, JSON, template literals and
 * `console.log` all show `[secret]`. Only `reveal()` gives the value, so that every place that
 * lets a secret out can be found by searching for that one word.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it at the wire, nowhere else. */
  reveal(): string {
    return this.#value;
  }

  /**
   * The first three characters: what Entra calls the `hint` of a client secret and shows in the
   * portal to everybody who may read the app (FACTS-entra), so it is safe to show here too.
   */
  get hint(): string {
    return this.#value.slice(0, 3);
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
