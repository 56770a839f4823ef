/** Replicas slower than the proof window, and replicas that forget. */
import t from "tap";
import { createSignIn } from "./emulators/signin/index.js";
import { DAY, START, startBed } from "./rotation-bed.js";
import type { Bed, Node } from "./rotation-bed.js";

t.setTimeout(300_000);

type Test = Parameters<typeof startBed>[0];

/** Signs in at every tick, or every few of them, and keeps what was refused. */
async function signingIn(t: Test, bed: Bed, node: Node, everyTicks = 1) {
  bed.world.settled(() => {
    bed.world.editApp(bed.sso.id, { redirectUris: [`${node.pve.url}/`, node.pve.url] });
    bed.world.addUser({ upn: "anna@example.com" });
  });
  const session = createSignIn({ pve: node.pve, entra: bed.entra });
  t.teardown(() => session.close());
  const seen = { begun: 0, refused: [] as string[] };
  let ticks = 0;
  bed.tick = async () => {
    ticks += 1;
    if (ticks % everyTicks !== 0) return;
    seen.begun += 1;
    const result = await session.signIn("anna@example.com");
    if (!result.in) seen.refused.push(result.because);
  };
  return seen;
}

t.test(
  "replicas two to five minutes behind: the proof waits for the last, nobody is refused",
  async (t) => {
    const bed = await startBed(t, { seed: 3 });
    const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
    const seen = await signingIn(t, bed, node, 2);
    bed.world.slowNext({ min: 120, max: 300 });
    const { outcome } = await node.pass();
    t.equal(outcome?.ok, true);
    t.same(seen.refused, []);
    t.ok(seen.begun > 150, `${seen.begun} sign-ins meanwhile`);
  },
);

t.test("one replica that never learns: PVE keeps the old key, nobody is refused", async (t) => {
  const bed = await startBed(t, { seed: 3 });
  const key = bed.secret(180, { start: START - 175 * DAY });
  const node = await bed.node({ keys: { entra: key } });
  const seen = await signingIn(t, bed, node, 4);
  bed.world.slowNext({ each: [5, 5, 5, 5, 100_000] });
  const first = await node.pass();
  t.same(
    first.codes.filter((code) => code.startsWith("ROTATION_PROOF")),
    ["ROTATION_PROOF_FAILED"],
  );
  t.equal(node.key(), key);

  // The same secret is proved again before another is added.
  const second = await node.pass();
  t.equal(second.decision.rotate?.reuse?.from, "memory");
  t.equal(bed.secrets().length, 2);
  t.equal(node.key(), key);

  // Then it rests for an hour, and makes another.
  t.equal((await node.pass()).outcome, undefined);
  t.equal(bed.secrets().length, 2);
  bed.clock.advance(61 * 60_000);
  t.equal((await node.pass()).outcome?.ok, true);
  t.equal(bed.secrets().length, 3);
  t.same(seen.refused, []);
});

t.test("replicas forget the secret after the write: the old key is put back at once", async (t) => {
  const bed = await startBed(t, { seed: 5, lag: { min: 0, max: 0 } });
  const key = bed.secret(180, { start: START - 175 * DAY });
  const node = await bed.node({ keys: { entra: key } });
  const seen = await signingIn(t, bed, node);
  const signInTick = bed.tick;
  let written = 0;
  bed.tick = async (ms) => {
    if (node.key() !== key) written += 1;
    if (written === 5) {
      const keyId = bed.secrets().at(-1)?.keyId ?? "";
      bed.world.flickerSecret(bed.sso.id, keyId, { after: 0, seconds: 600, replicas: [0, 1, 2] });
    }
    await signInTick(ms);
  };
  const { outcome, codes } = await node.pass();
  t.equal(outcome?.ok, false);
  t.ok(codes.includes("ROTATION_ROLLED_BACK"));
  t.equal(node.key(), key);
  // Whoever met a forgetful replica in those few seconds was refused once; nobody after them.
  t.ok(seen.refused.length <= 5, `${seen.refused.length} refused`);
  const before = seen.refused.length;
  for (let n = 0; n < 100; n += 1) await signInTick(1000);
  t.equal(seen.refused.length, before);

  // It is proved again, no other is made, and it comes into use once all remember it.
  bed.tick = signInTick;
  bed.clock.advance(600_000);
  const again = await node.pass();
  t.equal(again.decision.rotate?.reuse?.from, "memory");
  t.equal(again.outcome?.ok, true);
  t.equal(bed.secrets().length, 2);
  t.equal(seen.refused.length, before);
  t.equal(node.journal.secrets.all(bed.sso.appId)[0]?.state, "written");
});

t.test("with the old key refused as well there is no way back: the new one stays", async (t) => {
  const bed = await startBed(t, { seed: 5, lag: { min: 0, max: 0 } });
  const old = "old~emulated.never.made";
  const node = await bed.node({ keys: { entra: old } });
  let flickered = false;
  bed.tick = () => {
    if (node.key() === old || flickered) return;
    flickered = true;
    const keyId = bed.secrets().at(-1)?.keyId ?? "";
    bed.world.flickerSecret(bed.sso.id, keyId, { after: 0, seconds: 20, replicas: [0, 1, 2] });
  };
  const { outcome, codes } = await node.pass();
  t.not(node.key(), old);
  t.equal(outcome?.ok, true, "some replicas accept it: that is a flicker, and cures itself");
  t.notOk(codes.includes("ROTATION_ROLLED_BACK"));
});
