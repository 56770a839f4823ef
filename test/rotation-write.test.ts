/** The write to PVE: whoever changes the realm meanwhile, and however the answer ends. */
import t from "tap";
import type { RotationTools } from "../src/pass/rotate-tools.js";
import { DAY, HOUR, START, startBed } from "./rotation-bed.js";
import type { Bed, Node, NodeOptions } from "./rotation-bed.js";

t.setTimeout(300_000);

async function due(t: Parameters<typeof startBed>[0], options: NodeOptions = {}) {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const key = bed.secret(180, { start: START - 175 * DAY });
  const node = await bed.node({ keys: { entra: key }, ...options });
  return { bed, node, key };
}

/** Does something right before the first writes of the realm's key. */
function beforeWrites(node: Node, act: () => void, times = 1): void {
  const { realms } = node.tools;
  let left = times;
  const writeRealmKey: RotationTools["realms"]["writeRealmKey"] = async (...given) => {
    if (left > 0) {
      left -= 1;
      act();
    }
    return realms.writeRealmKey(...given);
  };
  Object.assign(node.tools, {
    realms: { readRealmKey: realms.readRealmKey.bind(realms), writeRealmKey },
  });
}

const puts = (node: Node): number =>
  node.pve.log.count({ method: "PUT", path: /\/access\/domains\// });

function state(bed: Bed, node: Node): readonly string[] {
  return node.journal.secrets.all(bed.sso.appId).map((one) => one.state);
}

t.test("a stale digest: read again, written again", async (t) => {
  const { bed, node } = await due(t);
  let n = 0;
  beforeWrites(node, () => node.pve.world.setRealm("entra", { comment: `by hand ${(n += 1)}` }), 3);
  const { outcome, codes } = await node.pass();
  t.equal(outcome?.ok, true);
  t.notOk(codes.includes("PVE_STALE_DIGEST"));
  t.equal(node.key(), bed.secrets().at(-1)?.secretText);
  t.equal(puts(node), 4);
  t.match(node.pve.domainsCfg(), /comment by hand 3/, "what others wrote stays");
});

t.test("a digest that is always stale: given up, and finished by a later pass", async (t) => {
  const { bed, node, key } = await due(t);
  let n = 0;
  beforeWrites(node, () => node.pve.world.setRealm("entra", { comment: `by hand ${(n += 1)}` }), 5);
  const { outcome, codes } = await node.pass();
  t.equal(outcome?.ok, false);
  t.ok(codes.includes("PVE_STALE_DIGEST"));
  t.equal(node.key(), key);
  bed.clock.advance(5 * 60_000);
  const next = await node.pass();
  t.same(next.decision.rotate?.reuse?.from, "memory");
  t.equal(next.outcome?.ok, true);
  t.equal(bed.secrets().length, 2, "no second secret was made");
  t.same(state(bed, node), ["written"]);
});

t.test("a key changed by an administrator in between: theirs stays", async (t) => {
  const { bed, node } = await due(t);
  const theirs = bed.secret(90, { displayName: "by hand" });
  beforeWrites(node, () => node.pve.world.setRealm("entra", { "client-key": theirs }));
  const { outcome, codes } = await node.pass();
  t.equal(outcome?.ok, false);
  t.ok(codes.includes("ROTATION_KEY_CHANGED"));
  t.equal(node.key(), theirs);

  // Their key is judged as any other: it is good and young, so ours is an orphan, and goes.
  bed.clock.advance(5 * 60_000);
  t.equal((await node.pass()).outcome, undefined);
  t.equal(node.key(), theirs);
  bed.clock.advance(25 * HOUR);
  t.equal((await node.pass()).removed.length, 1);
  t.equal(node.key(), theirs);
});

t.test("a key changed by an administrator during the proof: theirs stays", async (t) => {
  const { bed, node } = await due(t);
  const theirs = bed.secret(90, { displayName: "by hand" });
  let ticks = 0;
  bed.tick = () => {
    ticks += 1;
    if (ticks === 30) node.pve.world.setRealm("entra", { "client-key": theirs });
  };
  const { codes } = await node.pass();
  t.ok(codes.includes("ROTATION_KEY_CHANGED"));
  t.equal(node.key(), theirs);
  t.equal(puts(node), 0);
});

for (const [name, change, code] of [
  ["issuer", { "issuer-url": "https://evil.example/v2.0" }, "REALM_ISSUER"],
  ["client id", { "client-id": "66666666-7777-8888-9999-aaaaaaaaaaaa" }, "REALM_CLIENT_ID"],
] as const) {
  t.test(`another ${name} from the start: no new secret, no proof, no write`, async (t) => {
    const { bed, node, key } = await due(t);
    node.pve.world.setRealm("entra", change);
    bed.entra.log.clear();
    const { decision, outcome } = await node.pass();
    t.equal(outcome, undefined);
    t.equal(decision.realms[0]?.proof, undefined);
    t.equal(bed.secrets().length, 1);
    t.equal(node.key(), key);
    t.equal(puts(node), 0);
    const asked = bed.entra.log.entries().filter(({ body }) => body?.includes(bed.sso.appId));
    t.same(asked, [], "the key was shown to nobody");
  });

  t.test(`another ${name} during the proof: nothing is written`, async (t) => {
    const { bed, node, key } = await due(t);
    let ticks = 0;
    bed.tick = () => {
      ticks += 1;
      if (ticks === 30) node.pve.world.setRealm("entra", change);
    };
    const { codes } = await node.pass();
    t.ok(codes.includes(code));
    t.equal(node.key(), key);
    t.equal(puts(node), 0);
  });
}

for (const [name, fault] of [
  ["the answer is lost after the write", { kind: "cut", when: "after" }],
  ["the connection breaks before the write", { kind: "cut", when: "before" }],
  ["a worker breaks (596) after the write", { kind: "status", status: 596, withEffect: true }],
  ["a worker breaks (596) before the write", { kind: "status", status: 596 }],
] as const) {
  t.test(`${name}: read back, and decided by what is there`, async (t) => {
    const { bed, node } = await due(t);
    node.pve.faults.add({ method: "PUT", path: "/access/domains/", do: fault });
    const { outcome } = await node.pass();
    t.equal(outcome?.ok, true);
    t.equal(node.key(), bed.secrets().at(-1)?.secretText);
    t.equal(bed.secrets().length, 2);
    t.same(state(bed, node), ["written"]);
  });
}

t.test("no quorum: PVE keeps the old key, and the same secret is written later", async (t) => {
  const { bed, node, key } = await due(t);
  node.pve.world.quorum(false);
  const { outcome, codes } = await node.pass();
  t.equal(outcome?.ok, false);
  t.ok(codes.includes("PVE_NO_QUORUM"));
  t.equal(node.key(), key);
  node.pve.world.quorum(true);
  bed.clock.advance(5 * 60_000);
  t.equal((await node.pass()).outcome?.ok, true);
  t.equal(bed.secrets().length, 2);
});

t.test("no lease, no write: neither to Entra nor to PVE", async (t) => {
  const finding = { code: "CLUSTER_STANDBY", message: "pve2 writes" } as const;
  const { bed, node, key } = await due(t, {
    lease: { check: async () => ({ mayWrite: false, finding }) },
  });
  const { outcome, codes } = await node.pass();
  t.equal(outcome?.ok, false);
  t.ok(codes.includes("CLUSTER_STANDBY"));
  t.equal(node.key(), key);
  t.equal(bed.secrets().length, 1);
  t.same(node.journal.secrets.all(bed.sso.appId), []);
});

t.test("the lease is lost during the proof: no write to PVE", async (t) => {
  const finding = { code: "CLUSTER_STANDBY", message: "pve2 writes" } as const;
  let asked = 0;
  const { bed, node, key } = await due(t, {
    lease: {
      check: async () => {
        asked += 1;
        return asked > 1 ? { mayWrite: false, finding } : { mayWrite: true };
      },
    },
  });
  const { codes } = await node.pass();
  t.ok(codes.includes("CLUSTER_STANDBY"));
  t.equal(node.key(), key);
  t.equal(puts(node), 0);
  t.equal(bed.secrets().length, 2);
});

t.test("rotate = false: nothing is made, and it says when it ends", async (t) => {
  const { bed, node, key } = await due(t, { realm: { rotate: false } });
  const { outcome, codes } = await node.pass();
  t.equal(outcome, undefined);
  t.same(codes, ["SECRET_ENDS_SOON"]);
  t.equal(node.key(), key);
  t.equal(bed.secrets().length, 1);
});

t.test("one rotation of an app at a time", async (t) => {
  const { bed, node } = await due(t);
  let inside: Awaited<ReturnType<Node["pass"]>> | undefined;
  let ticks = 0;
  bed.tick = async () => {
    ticks += 1;
    if (ticks === 10) inside = await node.pass({ ordered: true });
  };
  t.equal((await node.pass()).outcome?.ok, true);
  t.equal(inside?.outcome, undefined, "the pass beside it looks and does nothing");
  t.same(inside?.codes, []);
  t.equal(bed.secrets().length, 2);
});

t.test("what a rotation tells is no secret", async (t) => {
  const { bed, node } = await due(t);
  const said = JSON.stringify([await node.pass(), node.journal.entries({ limit: 100 })]);
  for (const { secretText } of bed.secrets()) t.notOk(said.includes(secretText));
  t.ok(said.includes(bed.secrets().at(-1)?.keyId ?? "none"));
});
