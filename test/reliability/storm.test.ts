/**
 * P1 in a storm: rotation after rotation with replicas late and forgetful, requests that fail and
 * answers that are lost, and people who sign in all the while. `storm-blame.ts` says which refusal
 * is ours.
 */
import t from "tap";
import { asAgentError } from "../../src/errors.js";
import { seededRandom } from "../emulators/entra/random.js";
import { DAY, HOUR, START, startBed } from "../rotation-bed.js";
import type { Bed, Node } from "../rotation-bed.js";
import { say, seedOfRun, size } from "./size.js";
import { startBlame } from "./storm-blame.js";
import { startSignIns } from "./storm-signins.js";
import type { SignIns } from "./storm-signins.js";
import { nextWeather, REPLICAS } from "./storm-weather.js";
import type { Weather } from "./storm-weather.js";

const ROTATIONS = size({ usual: 20, nightly: 100 });
const SIGN_INS = size({ usual: 10_000, nightly: 50_000 });
const MINUTE = 60_000;
const PROOF_SECONDS = 60;
/** Virtual time between two sign-ins while a rotation is under way. */
const EVERY_MS = 4000;
const MANY = 50;
/** A rotation that faults prevent is tried again by each pass, every five minutes. */
const PASSES = 60;

t.setTimeout(1_200_000);

/** The moments at which people sign in once the key has changed: overlap, clean-up, and after. */
const LATER = 120;
const LATER_SPAN = 30 * HOUR;

async function rotateIn(
  bed: Bed,
  node: Node,
  weather: Weather,
  signIns: SignIns,
  look: () => void,
) {
  const before = new Set(bed.secrets().map(({ keyId }) => keyId));
  const old = node.key();
  let due = 0;
  let flickered = weather.flicker === undefined;
  bed.tick = async (ms) => {
    look();
    const made = bed.secrets().find(({ keyId }) => !before.has(keyId));
    if (made && !flickered && bed.clock.now() - made.start >= weather.flicker!.after * 1000) {
      flickered = true;
      bed.world.flickerSecret(bed.sso.id, made.keyId, {
        after: 0,
        seconds: weather.flicker!.seconds,
      });
    }
    for (due += ms; due >= EVERY_MS; due -= EVERY_MS) await signIns.one();
  };
  let passes = 0;
  for (; passes < PASSES && node.key() === old; passes += 1) {
    if (passes > 0) await wait(bed, 5 * MINUTE);
    await onePass(node);
  }
  return { passes, changed: node.key() !== old };
}

/** A pass that PVE's answers make impossible is made again five minutes later, as the daemon does. */
async function onePass(node: Node): Promise<void> {
  try {
    await node.pass({ patient: true });
  } catch (thrown) {
    if (asAgentError(thrown).code === "INTERNAL") throw thrown;
  }
}

async function wait(bed: Bed, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= EVERY_MS) {
    bed.clock.advance(EVERY_MS);
    await bed.tick(EVERY_MS);
  }
}

/** Passes go on, a few in the hour, through the overlap and the removal of the old secret. */
async function settleDown(bed: Bed, node: Node, signIns: SignIns, look: () => void) {
  bed.tick = look;
  for (let n = 1; n <= LATER; n += 1) {
    bed.clock.advance(LATER_SPAN / LATER);
    look();
    await signIns.one();
    if (n % 20 === 0) await onePass(node);
  }
}

t.test(`${SIGN_INS} sign-ins over ${ROTATIONS} rotations in a storm`, async (t) => {
  const seed = seedOfRun();
  const random = seededRandom(seed);
  const bed = await startBed(t, { seed, replicas: REPLICAS });
  const node = await bed.node({
    keys: { entra: bed.secret(180, { start: START - 125 * DAY }) },
    timeoutMs: 400,
  });
  const blame = startBlame(bed, node);
  const signIns = startSignIns(bed, node, blame, (end) => void t.teardown(end));
  const { count } = signIns;
  let rotations = 0;
  let slow = 0;
  let passes = 0;
  let faults = 0;
  // Each that is refused tries again and again: a storm that has failed need not go on.
  for (let rotation = 1; rotation <= ROTATIONS && count.ours.length < MANY; rotation += 1) {
    const weather = nextWeather(bed, node, random);
    if (weather.slowest > PROOF_SECONDS) slow += 1;
    faults += weather.faults;
    const done = await rotateIn(bed, node, weather, signIns, blame.look);
    passes += done.passes;
    if (done.changed) rotations += 1;
    t.ok(done.changed, `rotation ${rotation} ended after ${done.passes} passes`);
    await settleDown(bed, node, signIns, blame.look);
    for (const emulator of [bed.entra, node.pve]) {
      emulator.faults.clear();
      emulator.log.clear();
    }
    bed.clock.advance(121 * DAY);
  }
  const extra = Math.max(0, SIGN_INS - count.begun);
  for (let n = 0; n < extra; n += 1) await signIns.one();
  blame.stop();

  say(
    `sign-ins: ${count.refused} refused of ${count.begun} (${count.whole} of them whole); ` +
      `rotations: ${rotations}, of them ${slow} met replicas slower than the proof window; ` +
      `refused because of such a replica: ${count.unmet}; seed ${seed}`,
  );
  say(
    `storm: ${passes} passes, ${faults} faults; keys written before the last replica knew: ${blame.early.length}`,
  );
  t.ok(count.begun >= SIGN_INS);
  t.same(count.ours, [], "none was refused because of us");
  t.equal(count.stuck, 0, "whoever was refused got in by trying again");
  t.same(bed.entra.violations, []);
});
