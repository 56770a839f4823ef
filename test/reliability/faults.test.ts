/** Every fault at every request: nobody loses, gains or is locked out, and what is wrong is said. */
import t from "tap";
import "./faults-speed.js";
import { Bed } from "./faults-bed.js";
import { byChance, describeCase, everyOne, lastingOnes, oneOfEach } from "./faults-choice.js";
import type { Case } from "./faults-choice.js";
import { matrixDiffers } from "./faults-matrix.js";
import type { Found } from "./faults-matrix.js";
import { nameOf } from "./faults-request.js";
import { SCENARIOS } from "./scenarios.js";
import { NIGHTLY, say, seedOfRun, size } from "./size.js";

t.setTimeout(8 * 60 * 60_000);

const BY_CHANCE = 5;
const seed = seedOfRun();

t.test("faults at every request", async (t) => {
  const rejected: string[] = [];
  const onRejection = (thrown: unknown): void => void rejected.push(String(thrown));
  process.on("unhandledRejection", onRejection);
  t.teardown(() => process.off("unhandledRejection", onRejection));

  const steps = SCENARIOS.flatMap((scenario) =>
    scenario.steps
      .filter(({ undisturbed }) => undisturbed !== true)
      .map((step) => ({ scenario, step })),
  );
  const beds = await Promise.all(steps.map(({ scenario, step }) => Bed.at(t, scenario, step)));
  t.ok(
    beds.every((bed) => bed.keepers > 0),
    "in every step somebody is to keep something",
  );

  const usual = [...oneOfEach(beds), ...lastingOnes(beds)];
  const nightly = NIGHTLY ? everyOne(beds) : [];
  const chance = byChance(beds, size({ usual: BY_CHANCE, nightly: 0 }), seed);
  const began = process.cpuUsage();
  const found = await inLanes([...usual, ...chance, ...nightly]);
  const cpu = process.cpuUsage(began);

  const fallen = found.filter(({ problems }) => problems.length > 0);
  for (const one of fallen) {
    t.fail(describeCase(one.case, nameOf), { outcome: one.outcome, problems: one.problems });
  }
  t.strictSame(rejected, [], "no rejection that nobody handles");
  const outcomes = new Map(found.map((one) => [one.case, one]));
  const of = (cases: readonly Case[]): Found[] => cases.flatMap((one) => outcomes.get(one) ?? []);
  const differs = await matrixDiffers(of(usual));
  t.equal(differs, undefined, "docs/fault-matrix.md says what was found");

  const each = Math.round((cpu.user + cpu.system) / 1000 / found.length);
  say(
    `faults: ${found.length - fallen.length} of ${found.length} cases hold (seed ${seed}); ${each} ms of CPU each`,
  );
});

interface Tried extends Found {
  readonly problems: readonly string[];
}

/** Each bed goes through its own cases one after the other, while others wait for a stall to end. */
async function inLanes(cases: readonly Case[]): Promise<readonly Tried[]> {
  const found: Tried[] = [];
  const beds = [...new Set(cases.map(({ bed }) => bed))];
  await Promise.all(
    beds.map(async (bed) => {
      for (const one of cases.filter((other) => other.bed === bed)) {
        const result = await bed.disturbed(one);
        found.push({ case: one, ...result });
        if (NIGHTLY && found.length % 500 === 0) say(`faults: ${found.length} of ${cases.length}`);
      }
    }),
  );
  return found;
}
