/**
 * Two agents rotate one SSO app and one realm at once, request by request in an order drawn by
 * chance, with replicas that learn late, while an administrator edits the realm: the realm's key is
 * accepted after every write (P1), neither removes the other's secret, their number is bounded, and
 * each cleans up its own.
 */
import t from "tap";
import { say, seedOfRun, size } from "./size.js";
import { MOST_MADE, TwoRotators } from "./two-writers-keys.js";
import type { KeyRun } from "./two-writers-keys.js";

t.setTimeout(28_000_000);

async function runOf(seed: number, always = false): Promise<KeyRun> {
  const rotators = await TwoRotators.create(seed, always);
  await rotators.disturbed();
  await rotators.atRest();
  rotators.close();
  return rotators.run;
}

t.test("two agents rotate at once", async (t) => {
  const seeds = size({ usual: 5, nightly: 500 });
  const first = seedOfRun();
  let [held, written, overtaken, most] = [0, 0, 0, 0];
  const failures: string[] = [];
  for (let seed = first; seed < first + seeds; seed += 1) {
    const run = await runOf(seed);
    written += run.written;
    overtaken += run.overtaken;
    most = Math.max(most, run.most);
    if (run.wrong.length === 0) held += 1;
    else failures.push(`SEED=${seed}: ${run.wrong.join("; ")}`);
  }
  t.strictSame(failures, []);
  t.ok(overtaken > 0, "rotations met one another");
  say(`two rotations: ${held} of ${seeds} interleavings hold, seed ${first}`);
  say(
    `two rotations: ${written} wrote their key, ${overtaken} found another's there; ` +
      `at most ${most} secrets of ours at once`,
  );
});

t.test("orders without end: the number of secrets is bounded", async (t) => {
  const seeds = size({ usual: 1, nightly: 50 });
  const first = seedOfRun();
  let most = 0;
  for (let seed = first; seed < first + seeds; seed += 1) {
    const run = await runOf(seed, true);
    most = Math.max(most, run.most);
    t.strictSame(run.wrong, [], `SEED=${seed}`);
  }
  t.ok(most > 5, "many were made");
  t.ok(most <= MOST_MADE, `${most} secrets at most`);
  say(`two rotations: orders without end made ${most} secrets at most, seed ${first}`);
});

t.test("a seed repeats its rotations to the request", async (t) => {
  const seed = seedOfRun();
  t.strictSame((await runOf(seed)).story, (await runOf(seed)).story, `SEED=${seed}`);
});
