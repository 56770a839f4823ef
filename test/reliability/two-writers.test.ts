/**
 * Two agents on one cluster and no lease between them: their passes are mixed request by request,
 * in an order drawn by chance, while Entra changes and people edit PVE by hand. In the end the state
 * is that of one undisturbed agent, what people did by hand is there, and after no write did anybody
 * hold more than before and after give (P3, as `two-writers-law.ts` has it).
 */
import t from "tap";
import { say, seedOfRun, size } from "./size.js";
import { wrongInTheEnd } from "./two-writers-end.js";
import { TwoWriters } from "./two-writers-run.js";
import type { Run } from "./two-writers-run.js";

t.setTimeout(28_000_000);

const SEEDS = Number(process.env["SEEDS"] ?? size({ usual: 60, nightly: 3000 }));

async function runOf(seed: number): Promise<Run> {
  const two = await TwoWriters.create(seed);
  const { run, organisation } = two;
  const start = two.config;
  // A first sync by both at once; then a day, for a young journal holds whatever it has not made.
  await two.atRest(start);
  run.wrong.push(...wrongInTheEnd(organisation, start));
  organisation.bed.traffic.pass(90_000_000);
  await two.disturbed();
  const { config } = two;
  await two.atRest(config);
  run.wrong.push(...wrongInTheEnd(organisation, config));
  await two.lookedAtBy("pve3", config);
  return run;
}

t.test("two writers, mixed request by request", async (t) => {
  const first = seedOfRun();
  let [held, writes, mixed] = [0, 0, 0];
  const failures: string[] = [];
  for (let n = 0; n < SEEDS; n += 1) {
    const run = await runOf(first + n);
    writes += run.writes;
    mixed += run.mixed;
    if (run.wrong.length === 0) held += 1;
    else failures.push(`SEED=${first + n}: ${run.wrong.join("; ")}`);
    if (process.env["STORY"])
      console.log(run.story.map((l, i) => i + " " + l).join("\n"), "\nWRONG", run.wrong);
  }
  t.strictSame(failures, []);
  t.ok(mixed > writes / 4, "the two are mixed");
  say(
    `two writers: ${held} of ${SEEDS} interleavings hold, seed ${first} (${writes} writes, ${mixed} amid the other's pass)`,
  );
});

t.test("a seed repeats its run to the request", async (t) => {
  const seed = seedOfRun();
  t.strictSame((await runOf(seed)).story, (await runOf(seed)).story);
});
