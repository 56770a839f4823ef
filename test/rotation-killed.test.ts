/** Killed anywhere, or its answers lost: the next pass ends where the first would have. */
import t from "tap";
import { DAY, HOUR, START, startBed } from "./rotation-bed.js";
import type { Bed, Node } from "./rotation-bed.js";

t.setTimeout(300_000);

function holdsLiving(bed: Bed, node: Node): boolean {
  return bed.secrets().some(({ secretText }) => secretText === node.key());
}

for (const seconds of [1, 5, 30, 61, 65, 85]) {
  t.test(`stopped after ${seconds} s of a rotation, and started again`, async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
    const stop = new AbortController();
    let passed = 0;
    bed.tick = () => {
      passed += 1;
      if (passed === seconds) stop.abort(new Error("stopped"));
    };
    await t.rejects(node.pass({ signal: stop.signal }), /stopped/);
    t.ok(holdsLiving(bed, node), "PVE holds a secret that Entra has");
    bed.tick = () => undefined;
    await node.tools.rotations.idle();
    t.equal(node.tools.rotations.running(bed.sso.appId), undefined);
    node.restart();
    bed.clock.advance(60_000);
    const { outcome } = await node.pass();
    t.equal(outcome?.ok ?? true, true);
    t.ok(holdsLiving(bed, node));
    bed.clock.advance(26 * HOUR);
    await node.pass();
    // What is left: the one in use, and the one that a person had made.
    t.equal(bed.secrets().length, 2);
    t.ok(holdsLiving(bed, node));
    t.equal((await node.pass()).outcome, undefined);
  });
}

for (const [name, fault] of [
  ["lost after the secret was made", { kind: "cut", when: "after" }],
  ["cut in half after the secret was made", { kind: "truncate" }],
  ["an error after the secret was made", { kind: "status", status: 500, withEffect: true }],
] as const) {
  t.test(`the answer of addPassword ${name}: the orphan is ours and goes`, async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const key = bed.secret(180, { start: START - 175 * DAY });
    const node = await bed.node({ keys: { entra: key } });
    bed.entra.faults.add({ method: "POST", path: "addPassword", do: fault });
    const first = await node.pass();
    t.equal(first.outcome?.ok, false);
    t.comment(first.codes);
    t.equal(node.key(), key);
    t.equal(bed.secrets().length, 2);
    const [orphan] = node.journal.secrets.all(bed.sso.appId);
    t.equal(orphan?.keyId, bed.secrets().at(-1)?.keyId, "its key id is journaled");

    bed.clock.advance(5 * 60_000);
    t.equal((await node.pass()).outcome?.ok, true);
    t.equal(bed.secrets().length, 3);
    bed.clock.advance(26 * HOUR);
    t.same((await node.pass()).removed, [orphan?.keyId]);
    t.ok(holdsLiving(bed, node));
  });
}

t.test(
  "lists that lag do not hide the orphan for good: name, start and end are its mark",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 120, max: 200 } });
    const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
    bed.entra.faults.add({
      method: "POST",
      path: "addPassword",
      do: { kind: "cut", when: "after" },
    });
    await node.pass();
    t.equal(node.journal.secrets.all(bed.sso.appId)[0]?.state, "intended");
    const orphan = bed.secrets().at(-1)?.keyId;
    bed.clock.advance(5 * 60_000);
    t.equal((await node.pass()).outcome?.ok, true);
    bed.clock.advance(26 * HOUR);
    t.same((await node.pass()).removed, [orphan]);
    t.ok(holdsLiving(bed, node));
  },
);

t.test(
  "addPassword never reached Entra: nothing to clean up, and the next pass makes one",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
    bed.entra.faults.add({
      method: "POST",
      path: "addPassword",
      do: { kind: "cut", when: "before" },
    });
    t.equal((await node.pass()).outcome?.ok, false);
    t.equal(bed.secrets().length, 1);
    bed.clock.advance(5 * 60_000);
    t.equal((await node.pass()).outcome?.ok, true);
    t.equal(bed.secrets().length, 2);
  },
);

t.test("a removal that fails is tried again", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
  await node.pass();
  await node.pass({ ordered: true });
  bed.clock.advance(26 * HOUR);
  bed.entra.faults.add({
    method: "POST",
    path: "removePassword",
    do: { kind: "status", status: 500 },
  });
  const { removed, codes } = await node.pass();
  t.same(removed, []);
  t.same(codes, ["ROTATION_REMOVE_FAILED"]);
  t.equal((await node.pass()).removed.length, 1);
  t.equal(bed.secrets().length, 2);
});
