/** Killed again and again at the worst moment: no flood of secrets, an alarm, and never a lock-out. */
import t from "tap";
import { DAY, HOUR, START, startBed } from "../rotation-bed.js";
import type { Bed, Node } from "../rotation-bed.js";
import { say, size } from "./size.js";

t.setTimeout(600_000);

const KILLS = size({ usual: 8, nightly: 30 });
/** Of a refused key each life begins with a minute of judging it. */
const REFUSED_KILLS = size({ usual: 4, nightly: 30 });
/** Three an hour: more than that it does not even try. */
const BETWEEN_MS = 14 * 60_000;
type Test = Parameters<typeof startBed>[0];

/** Ends the process right after Entra has made the secret: with its answer unheard, or journaled. */
function killAfterMaking(node: Node, heard: boolean): { stop: AbortController } {
  const now = { stop: new AbortController() };
  const { app, journal } = node.tools;
  const kill = (): never => {
    now.stop.abort(new Error("killed"));
    throw new Error("killed");
  };
  Object.assign(node.tools, {
    app: {
      ...app,
      addPassword: async (...given: Parameters<typeof app.addPassword>) => {
        const made = await app.addPassword(...given);
        return heard ? made : kill();
      },
    },
  });
  const { secrets } = journal;
  const made = secrets.made.bind(secrets);
  secrets.made = (...given) => {
    made(...given);
    if (heard) kill();
  };
  return now;
}

async function crashLoop(bed: Bed, node: Node, heard: boolean, kills = KILLS) {
  const given = { ...node.tools };
  const made = node.journal.secrets.made.bind(node.journal.secrets);
  const kill = killAfterMaking(node, heard);
  const seen = { most: 0, killed: 0, codes: new Set<string>() };
  for (let n = 0; n < kills * 4 && seen.killed < kills; n += 1) {
    kill.stop = new AbortController();
    const pass = await node.pass({ signal: kill.stop.signal }).catch((thrown: unknown) => {
      if (!kill.stop.signal.aborted) throw thrown;
      return undefined;
    });
    if (pass === undefined) seen.killed += 1;
    pass?.codes.forEach((code) => seen.codes.add(code));
    seen.most = Math.max(seen.most, bed.secrets().length);
    node.restart();
    bed.clock.advance(BETWEEN_MS);
  }
  Object.assign(node.tools, { app: given.app });
  node.journal.secrets.made = made;
  say(
    `crash loop: ${seen.killed} kills right after addPassword, ${seen.most} secrets at most at once`,
  );
  return seen;
}

/** Nobody disturbs it any more: the rotation is done, and what the crashes left is gone. */
async function recovers(t: Test, bed: Bed, node: Node, foreign: number): Promise<void> {
  for (let n = 0; n < 30; n += 1) {
    bed.clock.advance(HOUR);
    await node.pass();
  }
  bed.clock.advance(26 * HOUR);
  await node.pass();
  const left = bed.secrets();
  t.equal(left.length, foreign + 1, "the one in use is left of ours");
  t.equal(node.key(), left.at(-1)?.secretText);
  t.same((await node.pass()).codes, []);
}

for (const heard of [true, false]) {
  const when = heard ? "once its key id was journaled" : "before its answer was heard";
  t.test(`a secret that is due, killed ${KILLS} times ${when}`, async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const key = bed.secret(180, { start: START - 130 * DAY });
    const node = await bed.node({ keys: { entra: key } });
    const seen = await crashLoop(bed, node, heard);
    t.equal(seen.killed, KILLS);
    t.ok(seen.most <= 7, `${seen.most} secrets at most`);
    t.ok(seen.codes.has("ROTATION_TOO_MANY_SECRETS"), "an alarm");
    t.ok(seen.codes.has("SECRET_ENDS_SOON"), "and it says that the renewal waits");
    t.equal(node.key(), key, "the old key stays meanwhile");
    await recovers(t, bed, node, 1);
  });

  t.test(`a refused one, killed ${REFUSED_KILLS} times ${when}`, async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const node = await bed.node();
    const seen = await crashLoop(bed, node, heard, REFUSED_KILLS);
    t.equal(seen.killed, REFUSED_KILLS);
    t.ok(seen.most <= 7, `${seen.most} secrets at most`);
    t.ok(seen.codes.has("ROTATION_TOO_OFTEN"), "an alarm");
    await recovers(t, bed, node, 0);
  });
}
