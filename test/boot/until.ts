import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 250;
const LONGEST_MS = 150_000;

/**
 * Looks until what it finds is right, and gives that.
 * @param what the end of "it never came to pass that …", for the error
 * @param look undefined or false: not yet
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = performance.now() + LONGEST_MS;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`it never came to pass that ${what}`);
}
