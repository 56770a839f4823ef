/** One SSO app for several clusters or realms: nobody removes what another uses. */
import t from "tap";
import { DAY, HOUR, START, startBed } from "./rotation-bed.js";
import type { Bed, Node } from "./rotation-bed.js";

t.setTimeout(300_000);

/** Whether the key that PVE holds is one that the app still has. */
function holdsLiving(bed: Bed, node: Node, realm?: string): boolean {
  const key = node.key(realm);
  return bed.secrets().some(({ secretText, end }) => secretText === key && end > bed.clock.now());
}

t.test("two clusters with one id, each with its journal, for two years", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const first = bed.secret(180, { start: START - 175 * DAY });
  const nodes = [
    await bed.node({ keys: { entra: first } }),
    await bed.node({ keys: { entra: first } }),
  ];
  const keys = [new Set<string>(), new Set<string>()];
  let gone = 0;
  let refused = 0;
  for (let day = 0; day < 730; day += 10) {
    for (const [n, node] of nodes.entries()) {
      const { codes } = await node.pass();
      if (codes.includes("SECRET_REFUSED")) refused += 1;
      keys[n]?.add(node.key());
    }
    gone += nodes.filter((node) => !holdsLiving(bed, node)).length;
    bed.clock.advance(10 * DAY);
  }
  t.equal(gone, 0, "at no time did one of them hold a key that was removed");
  t.ok((keys[0]?.size ?? 0) >= 6, "both rotated on");
  t.ok((keys[1]?.size ?? 0) >= 6);
  const common = [...(keys[0] ?? [])].filter((key) => keys[1]?.has(key));
  t.equal(common.length, 0, "and never used a secret of the other");
  t.equal(refused, 0);
});

t.test(
  "a copy of /etc/pve on another machine leaves the secret before its maker removes it",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const original = await bed.node({
      keys: { entra: bed.secret(180, { start: START - 175 * DAY }) },
    });
    t.equal((await original.pass()).outcome?.ok, true);
    const copied = original.key();
    const copy = await bed.node({ keys: { entra: copied } });
    t.equal((await copy.pass()).outcome, undefined, "it goes on with what it was given");
    t.equal(copy.key(), copied);

    // Four months later the original renews, and will remove the old one after its overlap.
    bed.clock.advance(125 * DAY);
    await original.pass();
    const { decision, outcome, codes } = await copy.pass();
    t.match(decision.rotate?.reason, /another machine made|ends on/);
    t.equal(outcome?.ok, true);
    t.ok(codes.includes("ROTATION_FOREIGN_SECRET"));

    bed.clock.advance(25 * HOUR);
    await original.pass();
    await copy.pass();
    t.notOk(
      bed.secrets().some(({ secretText }) => secretText === copied),
      "its maker removed it",
    );
    t.ok(holdsLiving(bed, original));
    t.ok(holdsLiving(bed, copy));
    t.not(original.key(), copy.key());
  },
);

t.test(
  "a copy made right before: its maker renews by order, the copy follows in its next pass",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const original = await bed.node({
      keys: { entra: bed.secret(180, { start: START - 175 * DAY }) },
    });
    await original.pass();
    const copy = await bed.node({ keys: { entra: original.key() } });
    bed.clock.advance(HOUR);
    t.equal((await original.pass({ ordered: true })).outcome?.ok, true);
    const { decision, outcome } = await copy.pass();
    t.match(decision.rotate?.reason, /another machine made/);
    t.equal(outcome?.ok, true);
    bed.clock.advance(25 * HOUR);
    t.equal((await original.pass()).removed.length, 1);
    t.ok(holdsLiving(bed, original));
    t.ok(holdsLiving(bed, copy));
    t.same((await copy.pass()).codes, []);
  },
);

t.test("with the journal lost nothing is removed, and everything goes on", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const before = await bed.node({
    keys: { entra: bed.secret(180, { start: START - 175 * DAY }) },
  });
  await before.pass();
  const after = await bed.node({ keys: { entra: before.key() } });
  bed.clock.advance(3 * DAY);
  t.match(await after.pass(), { removed: [], codes: [] });
  bed.clock.advance(122 * DAY);
  t.equal((await after.pass()).outcome?.ok, true);
  bed.clock.advance(2 * DAY);
  t.same((await after.pass()).removed, [], "old secrets end by themselves");
});

t.test("two realms on one app: one rotation, written to both", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const node = await bed.node({
    keys: {
      entra: bed.secret(180, { start: START - 175 * DAY }),
      second: bed.secret(180, { start: START - 100 * DAY }),
    },
  });
  const { outcome } = await node.pass();
  t.same(outcome?.written, ["entra", "second"]);
  t.equal(node.key("entra"), node.key("second"));
  t.equal(bed.secrets().length, 3);
  const [made] = node.journal.secrets.all(bed.sso.appId);
  t.equal(made?.displayName, "pve-entra-agent 0123456789ab/entra, do not copy");
  t.same(made?.realms, ["entra", "second"]);
});

t.test(
  "one of two realms cannot be written: it gets the other's key later, no new secret",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const old = bed.secret(180, { start: START - 175 * DAY });
    const node = await bed.node({ keys: { entra: old, second: old } });
    const fault = { kind: "status", status: 500, reason: "error with cfs lock" } as const;
    node.pve.faults.add({ method: "PUT", path: "/access/domains/second", do: fault });
    const first = await node.pass();
    t.equal(first.outcome?.ok, false);
    t.same(first.outcome?.written, ["entra"]);
    t.equal(node.key("second"), old);

    node.restart();
    bed.clock.advance(5 * 60_000);
    const { decision, outcome } = await node.pass();
    t.same(decision.rotate?.reuse, { from: "realm", realm: "entra" });
    t.same(outcome?.written, ["second"]);
    t.equal(node.key("entra"), node.key("second"));
    t.equal(bed.secrets().length, 2);
  },
);

t.test(
  "an old key restored in one of two realms: it is brought back to the good one",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const old = bed.secret(180, { start: START - 175 * DAY });
    const node = await bed.node({ keys: { entra: old, second: old } });
    await node.pass();
    bed.world.removeSecretByHand(bed.sso.id, bed.secrets()[0]?.keyId ?? "");
    node.pve.world.setRealm("second", { "client-key": old });
    const { outcome } = await node.pass();
    t.same(outcome?.written, ["second"]);
    t.equal(node.key("second"), node.key("entra"));
    t.equal(bed.secrets().length, 1);
  },
);

t.test("the secret that any realm of the app holds is never removed", async (t) => {
  const bed = await startBed(t, { lag: { min: 0, max: 0 } });
  const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 175 * DAY }) } });
  await node.pass();
  const ours = node.key();
  await node.pass({ ordered: true });
  bed.clock.advance(25 * HOUR);
  // An administrator puts the one before back between the decision and the removal.
  const { realms } = node.tools;
  let read = 0;
  Object.assign(node.tools, {
    realms: {
      writeRealmKey: realms.writeRealmKey.bind(realms),
      readRealmKey: async (...given: Parameters<typeof realms.readRealmKey>) => {
        read += 1;
        if (read === 1) node.pve.world.setRealm("entra", { "client-key": ours });
        return realms.readRealmKey(...given);
      },
    },
  });
  const { decision, removed } = await node.pass();
  t.equal(decision.remove.length, 1);
  t.same(removed, []);
  t.ok(holdsLiving(bed, node));
});
