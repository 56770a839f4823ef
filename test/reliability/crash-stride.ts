/** At which points the program is killed. */

/** What a kill came to. */
export interface Killed {
  /** The world that it left (`fingerprint`). */
  readonly left: string;
  readonly point: string;
  readonly wrong: readonly string[];
}

/**
 * Kills at points 1 to `last`: at every `stride`-th, and between two of these at every one unless
 * both left the same world. Whatever the program does leaves a row in its journal that stays, so
 * that between two equal worlds nothing was done, and a kill there leaves that world, too.
 */
export async function killAmong(
  last: number,
  stride: number,
  killAt: (nth: number) => Promise<Killed>,
): Promise<ReadonlyMap<number, Killed>> {
  const killed = new Map<number, Killed>();
  const at = async (nth: number): Promise<Killed> => {
    const found = killed.get(nth) ?? (await killAt(nth));
    killed.set(nth, found);
    return found;
  };
  const between = async (from: number, to: number): Promise<void> => {
    const [begin, end] = [await at(from), await at(to)];
    if (to - from < 2 || begin.left === end.left) return;
    const middle = Math.floor((from + to) / 2);
    await between(from, middle);
    await between(middle, to);
  };
  for (let from = 1; from <= last; from += stride) {
    await between(from, Math.min(from + stride, last));
  }
  return killed;
}
