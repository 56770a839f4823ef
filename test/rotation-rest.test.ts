/** A new secret rests before it is proved, where nothing hurries. */
import { once } from "node:events";
import t from "tap";
import { DAY, HOUR, START, startBed } from "./rotation-bed.js";
import type { Bed, Node, NodeOptions } from "./rotation-bed.js";
import { never, startSite } from "./support/site.js";
import { standingClock } from "./support/world-clock.js";

t.setTimeout(300_000);

const MINUTE = 60_000;
type Test = Parameters<typeof startBed>[0];

async function due(t: Test, end = 5 * DAY, options: NodeOptions = {}) {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const key = bed.secret(180, { start: START + end - 180 * DAY });
  const node = await bed.node({ keys: { entra: key }, ...options });
  return { bed, node, key };
}

/** How old the secret was when the realm got it. */
function writtenAt(bed: Bed, node: Node): () => number {
  let age = -1;
  node.pve.onWrite(() => {
    const used = bed.secrets().find(({ secretText }) => secretText === node.key());
    if (used !== undefined) age = bed.clock.now() - used.start;
  });
  return () => age;
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

const refusals = (bed: Bed): number =>
  bed.entra.log.count({ path: "/oauth2/v2.0/token", status: 401 });

t.test("ten minutes, and replicas that take eight refuse nobody, not even us", async (t) => {
  const { bed, node } = await due(t);
  const age = writtenAt(bed, node);
  bed.world.slowNext({ min: 300, max: 480 });
  const { outcome } = await node.pass({ patient: true });
  t.equal(outcome?.ok, true);
  t.ok(age() >= 11 * MINUTE && age() < 13 * MINUTE, `${age()} ms`);
  t.equal(refusals(bed), 0);
});

t.test("somebody who waits is not kept waiting", async (t) => {
  for (const order of [{}, { ordered: true, patient: true }]) {
    const { bed, node } = await due(t);
    const age = writtenAt(bed, node);
    t.equal((await node.pass(order)).outcome?.ok, true);
    t.ok(age() < 3 * MINUTE, `${age()} ms`);
  }
});

t.test("a key that ends within the hour is not kept waiting", async (t) => {
  const { bed, node } = await due(t, HOUR / 2);
  const age = writtenAt(bed, node);
  t.equal((await node.pass({ patient: true })).outcome?.ok, true);
  t.ok(age() < 3 * MINUTE, `${age()} ms`);
});

t.test("a refused key does not wait", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const node = await bed.node();
  const age = writtenAt(bed, node);
  t.equal((await node.pass({ patient: true })).outcome?.ok, true);
  t.ok(age() < 3 * MINUTE, `${age()} ms`);
});

t.test("the old key is removed by hand meanwhile: the rest is over", async (t) => {
  const { bed, node } = await due(t);
  const age = writtenAt(bed, node);
  const old = bed.secrets()[0]?.keyId ?? "";
  let removed = false;
  bed.tick = () => {
    if (removed || bed.clock.now() < START + 2 * MINUTE) return;
    removed = true;
    bed.world.settled(() => bed.world.removeSecretByHand(bed.sso.id, old));
  };
  t.equal((await node.pass({ patient: true })).outcome?.ok, true);
  t.ok(age() > 2 * MINUTE && age() < 5 * MINUTE, `${age()} ms`);
});

t.test("faults of the network while it rests change nothing", async (t) => {
  const { bed, node } = await due(t);
  const age = writtenAt(bed, node);
  bed.entra.faults.add({
    method: "POST",
    path: "/oauth2/v2.0/token",
    body: `client_id=${bed.sso.appId}`,
    skip: 1,
    times: 6,
    do: { kind: "status", status: 503 },
  });
  t.equal((await node.pass({ patient: true })).outcome?.ok, true);
  t.ok(age() >= 11 * MINUTE, `${age()} ms`);
});

t.test("stopped while it rests: its value is gone, the next start makes another", async (t) => {
  const { bed, node, key } = await due(t);
  const stop = new AbortController();
  bed.tick = () => {
    if (bed.clock.now() > START + 5 * MINUTE) stop.abort(new Error("stopped"));
  };
  await t.rejects(node.pass({ patient: true, signal: stop.signal }), /stopped/);
  t.equal(node.key(), key);
  await node.tools.rotations.idle();
  node.restart();
  bed.tick = () => undefined;
  bed.clock.advance(MINUTE);
  t.equal((await node.pass({ patient: true })).outcome?.ok, true);
  t.equal(bed.secrets().length, 3);
  bed.clock.advance(26 * HOUR);
  await node.pass({ patient: true });
  t.equal(bed.secrets().length, 2, "the orphan is gone");
});

t.test("one whose proof failed is old enough: it is proved again at once", async (t) => {
  const { bed, node } = await due(t);
  bed.world.slowNext({ each: [5, 5, 100_000] });
  const first = await node.pass({ patient: true });
  t.ok(first.codes.includes("ROTATION_PROOF_FAILED"));
  bed.world.settle();
  const before = bed.clock.now();
  const second = await node.pass({ patient: true });
  t.equal(second.decision.rotate?.reuse?.from, "memory");
  t.equal(second.outcome?.ok, true);
  t.ok(bed.clock.now() - before < 3 * MINUTE);
});

t.test("somebody orders it meanwhile: the rest is over", async (t) => {
  const { bed, node } = await due(t);
  const age = writtenAt(bed, node);
  let joined: Promise<unknown> | undefined;
  bed.tick = () => {
    if (bed.clock.now() > START + 2 * MINUTE) joined ??= node.tools.rotations.join(bed.sso.appId);
  };
  const { outcome } = await node.pass({ patient: true });
  t.equal(outcome?.ok, true);
  t.strictSame(await joined, outcome, "who ordered it hears how it ended");
  t.ok(age() > 2 * MINUTE && age() < 5 * MINUTE, `${age()} ms`);
  t.equal(node.tools.rotations.join(bed.sso.appId), undefined, "none is under way any more");
});

t.test("rotate while one is under way waits for that one, and makes no other", async (t) => {
  const clock = standingClock();
  // The rest does not end by itself: a minute of it takes as long as nobody calls.
  const sleep: typeof clock.sleep = (ms, signal) =>
    ms < MINUTE || signal === undefined ? clock.sleep(ms, signal) : aborted(signal);
  const site = await startSite(t, { secretDays: 20, clock: { ...clock, sleep } });
  site.clock.advance(15 * DAY);
  const agent = site.agent();
  const order = { trigger: "test", realms: agent.config.realms, dry: false, secretsOnly: true };
  const due = await agent.pass({ ...order, rotate: new Set<string>(), patient: true }, {}, never);
  t.equal(due.rotations.length, 1);
  const ordered = await agent.pass({ ...order, rotate: new Set(["entra"]) }, {}, never);
  t.equal(ordered.rotations.length, 1);
  const [first, second] = await Promise.all([...due.rotations, ...ordered.rotations]);
  t.equal(first?.ok, true);
  t.strictSame(second, first);
  t.equal(site.entra.world.secretsOf(site.sso.id).length, 2);
});
