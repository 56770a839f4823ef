/** Runs properties over random worlds, counts the cases, and says how to see a failure again. */
import fc from "fast-check";
import type { Test } from "tap";
import { say, seedOfRun } from "../reliability/size.js";

const SEED = seedOfRun();
let cases = 0;

/**
 * Checks `property` over `count` cases. `SEED=<seed>` repeats the run, and `FC_PATH=<path>` with it
 * begins at the case that failed.
 */
export async function holds<T>(
  t: Test,
  name: string,
  count: number,
  arbitrary: fc.Arbitrary<T>,
  property: (drawn: T) => void | Promise<void>,
): Promise<void> {
  const path = process.env["FC_PATH"];
  const details = await fc.check(
    fc.asyncProperty(arbitrary, async (drawn) => property(drawn)),
    {
      numRuns: count,
      seed: SEED,
      // A life is long to tell: the first one that fails is told as it was, and not made smaller.
      endOnFailure: process.env["SHRINK"] === undefined,
      ...(path === undefined ? {} : { path }),
    },
  );
  cases += details.numRuns;
  if (details.failed) {
    const why = details.errorInstance;
    t.comment(why instanceof Error ? (why.stack ?? why.message) : String(why));
    t.comment(`SEED=${SEED} FC_PATH=${details.counterexamplePath ?? ""} shows it again`);
  }
  t.notOk(details.failed, `${name} (${details.numRuns} cases, seed ${SEED})`);
}

/** `random worlds: n cases, seed …` */
export function sayCases(): void {
  say(`random worlds: ${cases} cases, seed ${SEED}`);
}
