/**
 * Two agents on one cluster and no lease between them: their passes are mixed request by request,
 * in an order drawn by chance, while Entra changes and people edit PVE by hand. In the end the state
 * is that of one undisturbed agent, what people did by hand is there, and P3 holds after each write
 * as far as it can without a lease (`two-writers-law.ts`). The same with one agent and people alone.
 */
import t from "tap";
import { say, seedOfRun, size } from "./size.js";
import { wrongInTheEnd } from "./two-writers-end.js";
import { TwoWriters } from "./two-writers-run.js";
import type { Run } from "./two-writers-run.js";

t.setTimeout(28_000_000);

/** A day and an hour: a younger journal holds whatever it takes from a group that it has not made. */
const A_DAY_MS = 90_000_000;

async function runOf(seed: number, names: readonly string[]): Promise<Run> {
  const writers = await TwoWriters.create(seed, names);
  const { run, organisation } = writers;
  await writers.atRest();
  run.wrong.push(...wrongInTheEnd(organisation, writers.config));
  organisation.bed.traffic.pass(A_DAY_MS);
  await writers.disturbed();
  await writers.atRest();
  run.wrong.push(...wrongInTheEnd(organisation, writers.config));
  await writers.lookedAtBy("pve9");
  writers.close();
  return run;
}

interface Sum {
  held: number;
  writes: number;
  mixed: number;
  overtaken: number;
  beyond: number;
  readonly failures: string[];
}

async function runsOf(first: number, seeds: number, names: readonly string[]): Promise<Sum> {
  const sum: Sum = { held: 0, writes: 0, mixed: 0, overtaken: 0, beyond: 0, failures: [] };
  for (let seed = first; seed < first + seeds; seed += 1) {
    const run = await runOf(seed, names);
    for (const what of ["writes", "mixed", "overtaken", "beyond"] as const) sum[what] += run[what];
    if (run.wrong.length === 0) sum.held += 1;
    else sum.failures.push(`SEED=${seed}: ${run.wrong.join("; ")}`);
  }
  return sum;
}

t.test("two writers, mixed request by request", async (t) => {
  const seeds = size({ usual: 12, nightly: 2000 });
  const first = seedOfRun();
  const sum = await runsOf(first, seeds, ["pve1", "pve2"]);
  t.strictSame(sum.failures, []);
  t.ok(sum.mixed > sum.writes / 4, "the two are mixed");
  say(`two writers: ${sum.held} of ${seeds} interleavings hold, seed ${first}`);
  say(
    `two writers: of ${sum.writes} writes ${sum.overtaken} came after another's; ` +
      `${sum.beyond} of these gave somebody more for a moment`,
  );
});

t.test("one writer, and people who edit by hand", async (t) => {
  const seeds = size({ usual: 8, nightly: 1000 });
  const first = seedOfRun();
  const sum = await runsOf(first, seeds, ["pve1"]);
  t.strictSame(sum.failures, []);
  t.ok(sum.overtaken > sum.writes / 50, "edits come amid passes");
  say(`one writer and people: ${sum.held} of ${seeds} interleavings hold, seed ${first}`);
  say(
    `one writer and people: of ${sum.writes} writes ${sum.overtaken} came after an edit; ` +
      `${sum.beyond} of these gave somebody more for a moment`,
  );
});

t.test("a seed repeats its run to the request", async (t) => {
  const seed = seedOfRun();
  const [one, again] = [await runOf(seed, ["pve1", "pve2"]), await runOf(seed, ["pve1", "pve2"])];
  t.ok(one.story.length > 100);
  t.strictSame(again.story, one.story, `SEED=${seed}`);
});
