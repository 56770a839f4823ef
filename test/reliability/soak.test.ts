/** Years of passes and rotations, with trouble sprinkled in: nothing grows, nothing is lost. */
import t from "tap";
import { say, seedOfRun, size } from "./size.js";
import { troubles } from "./soak-faults.js";
import { assertFlat } from "./soak-flat.js";
import { startLife } from "./soak-life.js";
import type { Life } from "./soak-life.js";
import { sample } from "./soak-measure.js";
import type { Sample } from "./soak-measure.js";
import { assertWell, complaints } from "./soak-watch.js";

const PASSES = size({ usual: 120, nightly: 10_000 });
const ROTATIONS = size({ usual: 4, nightly: 100 });
/**
 * Passes five minutes apart, then a gap; all together span three years: the journal's 400 days
 * are over long before the end, and rotations become due by themselves beside the ordered ones.
 */
const BURST = 10;
const GAP_MS = (3 * 365 * 86_400_000) / (PASSES / BURST);
const SAMPLES = 60;

t.setTimeout(size({ usual: 300, nightly: 7200 }) * 1000);

t.test(`a life of ${PASSES} passes and ${ROTATIONS} rotations`, async (t) => {
  const seed = seedOfRun();
  say(`soak: seed ${seed}`);
  const heard = complaints(t);
  const life = await startLife(t, seed);
  const trouble = troubles(seed);
  const samples: Sample[] = [];
  let rotated = 0;
  let troubled = 0;
  for (let pass = 1; pass <= PASSES; pass++) {
    await life.world("heal");
    if (pass % BURST === 0) {
      await life.quiet();
      await life.advance(GAP_MS);
      await life.world("round");
    } else await life.advance(300_000);
    if (pass % 3 === 0) {
      troubled += 1;
      await life.world("fault", trouble());
    }
    await life.tick();
    if (pass % (PASSES / ROTATIONS) === 0) rotated += await rotate(life);
    if (pass % (PASSES / SAMPLES) < 1)
      samples.push(await sample(life.stateDir, life.daemon.healthUrl));
  }
  t.equal(rotated, ROTATIONS, "every ordered rotation ends well");
  const figures = assertFlat(t, samples);
  await assertWell(t, life, heard);
  const secrets = await life.world("secrets");
  t.ok(secrets <= 2, `old secrets are cleaned away: ${secrets} left`);
  say(`soak: ${PASSES} passes (${troubled} with a fault), ${rotated} rotations, ${figures}`);
});

/** By the control socket, as the command does it; 1 where it ended well. */
async function rotate(life: Life): Promise<number> {
  await life.world("heal");
  await life.quiet();
  const events = await life.order({ kind: "rotate" });
  const last = events.at(-1);
  if (last?.type === "done" && last.exit === 0) return 1;
  say(`soak: a rotation ended otherwise: ${JSON.stringify(events)}`);
  return 0;
}
