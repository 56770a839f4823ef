/** How much a suite does: every night all of it, else what covers each kind in a few minutes. */
export const NIGHTLY = process.env["RELIABILITY"] === "nightly";

/** The count for this run. */
export function size(counts: { readonly usual: number; readonly nightly: number }): number {
  return NIGHTLY ? counts.nightly : counts.usual;
}

const USUAL_SEED = 20_261_122;

/**
 * The seed of this run: `SEED` where it is set (to see a failure again, or others); by night another
 * each time. Usually always the same, for what lets a change in must not refuse it by chance.
 */
export function seedOfRun(): number {
  const given = Number(process.env["SEED"]);
  if (Number.isSafeInteger(given) && given > 0) return given;
  return NIGHTLY ? (Date.now() % 0x7fffffff) + 1 : USUAL_SEED;
}

/** A figure that whoever runs the suite is to see, whatever reporter shows the rest. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
