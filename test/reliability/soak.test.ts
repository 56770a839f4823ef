/** Years of passes and rotations, with trouble sprinkled in: nothing grows. */
import t from "tap";
import type { Test } from "tap";
import { troubles } from "./soak-faults.js";
import { startLife } from "./soak-life.js";
import type { Life } from "./soak-life.js";
import { median, sample, uncoded } from "./soak-measure.js";
import type { Sample } from "./soak-measure.js";
import { say, seedOfRun, size } from "./size.js";

const PASSES = size({ usual: 300, nightly: 10_000 });
const ROTATIONS = size({ usual: 5, nightly: 100 });
/** Passes five minutes apart, then a gap; all together span three years. */
const BURST = 10;
const GAP_MS = (3 * 365 * 86_400_000) / (PASSES / BURST);
const SAMPLES = 60;

t.setTimeout(size({ usual: 300, nightly: 7200 }) * 1000);

t.test(`a life of ${PASSES} passes and ${ROTATIONS} rotations`, async (t) => {
  const seed = seedOfRun();
  say(`soak: seed ${seed}`);
  const complaints = listen(t);
  const life = await startLife(t, seed);
  const trouble = troubles(seed);
  const samples: Sample[] = [];
  let rotations = 0;
  const began = performance.now();
  for (let pass = 1; pass <= PASSES; pass++) {
    await life.advance(pass % BURST === 0 ? GAP_MS : 300_000);
    if (pass % BURST === 0) await life.world("round");
    await life.world("heal");
    if (pass % 3 === 0) await life.world("fault", trouble());
    await life.tick();
    if (pass % (PASSES / ROTATIONS) === 0) rotations += await rotate(life);
    if (pass % (PASSES / SAMPLES) < 1)
      samples.push(await sample(life.stateDir, life.daemon.healthUrl));
  }
  say(`${(performance.now() - began) / 1000} s`);
  for (const one of samples) say(JSON.stringify(one));
  await settle(life);
  const verdict = await life.world("verdict");
  t.strictSame(verdict.wrong, []);
  say(`rotations ok ${rotations}; ${JSON.stringify(verdict).slice(0, 1000)}`);
  t.strictSame(complaints, []);
  t.strictSame(uncoded(life.logFile), []);
  void median;
});

async function rotate(life: Life): Promise<number> {
  await life.world("heal");
  const last = await life.order({ kind: "rotate" });
  if (last?.type !== "done" || last.exit !== 0) say(JSON.stringify(last));
  return last?.type === "done" && last.exit === 0 ? 1 : 0;
}

/** Nothing goes wrong any more: two passes confirm what one alone must not. */
async function settle(life: Life): Promise<void> {
  await life.world("heal");
  for (let n = 0; n < 4; n++) {
    await life.advance(86_400_000);
    await life.tick();
  }
}

/** What Node itself complains of. */
function listen(t: Test): readonly string[] {
  const heard: string[] = [];
  const warned = (warning: Error): void => void heard.push(`warning: ${warning.message}`);
  const rejected = (reason: unknown): void => void heard.push(`rejection: ${String(reason)}`);
  process.on("warning", warned).on("unhandledRejection", rejected);
  t.teardown(() => process.off("warning", warned).off("unhandledRejection", rejected));
  return heard;
}
