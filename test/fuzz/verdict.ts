/** What came of one hostile input: data, or an error that has a code. Everything else is a crash. */
import { AgentError } from "../../src/errors.js";

export type Came<T> =
  | { readonly kind: "data"; readonly data: T }
  | { readonly kind: "coded"; readonly error: AgentError };

/** Throws with the input where there was a crash: no code, or the one of a bug. */
export async function came<T>(input: string, work: () => T | Promise<T>): Promise<Came<T>> {
  try {
    return { kind: "data", data: await work() };
  } catch (thrown) {
    if (thrown instanceof AgentError && thrown.code !== "INTERNAL") {
      return { kind: "coded", error: thrown };
    }
    throw new Error(`crashed on ${shown(input)}`, { cause: thrown });
  }
}

/** Enough of an input to see what it was; the seed makes it anew. */
export function shown(input: string): string {
  const short = input.length > 2000 ? `${input.slice(0, 1000)} … ${input.slice(-1000)}` : input;
  return JSON.stringify(short);
}

/** How often each outcome came, for the figures at the end. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  get text(): string {
    const sorted = [...this.#counts].sort(([, a], [, b]) => b - a);
    return sorted.map(([name, count]) => `${name} ${count}`).join(", ");
  }
}

const BEFORE = Object.getOwnPropertyNames(Object.prototype).join();

/** Whether some input reached the prototype that all objects share. */
export function polluted(): boolean {
  return Object.getOwnPropertyNames(Object.prototype).join() !== BEFORE;
}
