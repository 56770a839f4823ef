/** P5: an approval lets through what it names, as long as that is still true, once. */
import t from "tap";
import type { Test } from "tap";
import { mapping, never } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const NAMES = ["anna", "bert", "cora", "dora", "emil", "finn", "gina", "hans"];
const HELD = NAMES.slice(0, 4);
const left = (name: string, day = "2026-11-23"): string =>
  `PUT users/${name} comment=[entra:${name} left ${day}] enable=0 groups=`;
const upn = (name: string): string => `${name}@contoso.example`;

interface Held {
  readonly bed: Bed;
  readonly ops: string;
  readonly id: string;
  readonly approve: (id?: string) => void;
}

/** Four of eight have left, and wait. */
async function fourHeld(t: Test): Promise<Held> {
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", ops) }));
  const ops = bed.site.group(
    "Operators",
    NAMES.map((name) => bed.person(name, { mail: null })),
  );
  await bed.site.pass({ groups: mapping("ops", ops) });
  bed.site.clock.advance(DAY + 1);
  bed.site.entra.world.leave(ops, ...HELD.map(upn));
  const report = await bed.pass(t, "held", { writes: [], codes: ["GUARD_HELD"], held: 8 });
  const id = report.plan.approvalId ?? "";
  const approve = (other = id): void =>
    bed.site.journal.approve(other, "root", bed.site.clock.now());
  return { bed, ops, id, approve };
}

t.test("sync --approve: all of it, and not counted again", async (t) => {
  const { bed, ops, id } = await fourHeld(t);
  const agent = bed.site.agent({ groups: mapping("ops", ops) });
  const order = { trigger: "sync", realms: agent.config.realms, rotate: new Set<string>() };
  const how = { dry: false, secretsOnly: false };
  const run = (approveId: string) =>
    agent.pass({ ...order, ...how, approve: { id: approveId, by: "root" } }, {}, never);
  const unknown = await run("0".repeat(64));
  t.strictSame(
    unknown.findings.map(({ code }) => code),
    ["APPROVAL_UNKNOWN"],
  );
  t.match(bed.user("anna"), { enable: true, groups: ["ops"] });
  const report = await run(id);
  t.strictSame(report.findings, []);
  t.equal(report.done.length, 4);
  for (const name of HELD) t.match(bed.user(name), { enable: false, groups: [] });
  for (const name of NAMES.slice(4)) t.match(bed.user(name), { enable: true, groups: ["ops"] });

  // Had the four counted, the fifth would be held.
  bed.site.entra.world.leave(ops, upn("emil"));
  await bed.pass(t, "another one on the same day", { writes: [left("emil")] });
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a subset is covered; whoever came on top waits for the rest", async (t) => {
  const { bed, ops, approve } = await fourHeld(t);
  const { world } = bed.site.entra;
  approve();
  world.join(ops, upn("anna"));
  world.leave(ops, ...["emil", "finn", "gina", "hans"].map(upn));
  const report = await bed.pass(t, "three of the four, and four more", {
    writes: HELD.slice(1).map((name) => left(name)),
    codes: ["GUARD_HELD"],
    held: 8,
  });
  const held = new Set(report.plan.holds.map(({ change }) => "userid" in change && change.userid));
  t.strictSame(
    [...held].sort(),
    ["emil", "finn", "gina", "hans"].map((name) => bed.userid(name)),
  );
  t.strictSame(bed.site.entra.violations, []);
});

t.test("used up: who comes back and goes again is counted again", async (t) => {
  const { bed, ops, approve } = await fourHeld(t);
  const { world } = bed.site.entra;
  approve();
  await bed.pass(t, "approved", { writes: HELD.map((name) => left(name)) });
  world.join(ops, ...HELD.map(upn));
  await bed.pass(t, "all back", {
    writes: HELD.map(
      (name) => `PUT users/${name} append=1 comment=[entra:${name}] enable=1 groups=ops`,
    ),
  });
  bed.site.clock.advance(60_000);
  world.leave(ops, ...HELD.map(upn));
  await bed.pass(t, "and out again", { writes: [], codes: ["GUARD_HELD"], held: 8 });
  t.strictSame(bed.site.entra.violations, []);
});

t.test("an approval ends after 24 hours", async (t) => {
  const { bed, ops, approve } = await fourHeld(t);
  // The pass that could use it meets a locked PVE.
  bed.site.pve.world.quorum(false);
  approve();
  await bed.site.pass({ groups: mapping("ops", ops) });
  bed.site.pve.world.quorum(true);
  bed.site.clock.advance(DAY + 60_000);
  await bed.pass(t, "too late", { writes: [], codes: ["GUARD_HELD"], held: 8 });
  t.strictSame(bed.site.entra.violations, []);
});

t.test("each is asked again right before the write", async (t) => {
  const { bed, ops, approve } = await fourHeld(t);
  const { world } = bed.site.entra;
  approve();
  const end = bed.site.pve.onWrite(() => {
    end();
    // The plan is made, and the first of the four is out: the last one comes back.
    world.join(ops, upn("dora"));
  });
  await bed.pass(t, "one comes back meanwhile", {
    writes: HELD.slice(0, 3).map((name) => left(name)),
    codes: ["SYNC_DISAGREES"],
  });
  t.match(bed.user("dora"), { enable: true, groups: ["ops"] });
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("two groups in one write: coming back into the first is seen as well", async (t) => {
  const both = (): ConfigParts => ({ groups: mapping("ops", ops) + mapping("dev", dev) });
  const bed = await startBed(t, both);
  const { world } = bed.site.entra;
  const people = NAMES.map((name) => bed.person(name, { mail: null }));
  const ops = bed.site.group("Operators", people);
  const dev = bed.site.group("Developers", people);
  await bed.site.pass(both());
  bed.site.clock.advance(DAY + 1);
  for (const group of [ops, dev]) world.leave(group, ...HELD.map(upn));
  const held = await bed.pass(t, "held", { writes: [], codes: ["GUARD_HELD"], held: 12 });
  bed.site.journal.approve(held.plan.approvalId ?? "", "root", bed.site.clock.now());
  const end = bed.site.pve.onWrite(() => {
    end();
    world.join(ops, upn("cora"));
    world.join(dev, upn("dora"));
  });
  await bed.pass(t, "two come back meanwhile, each into one", {
    writes: [
      ...HELD.slice(0, 2).map((name) => left(name)),
      "PUT users/cora groups=ops",
      "PUT users/dora groups=dev",
    ],
    codes: ["SYNC_DISAGREES", "SYNC_DISAGREES"],
  });
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});
