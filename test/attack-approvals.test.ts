/** Attacks on approvals: said twice, for something else, too late, and while a pass runs. */
import t from "tap";
import type { Test } from "tap";
import { mapping, never } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed, Report } from "./sync-bed.js";

t.setTimeout(300_000);

const NAMES = ["anna", "bert", "cora", "dora", "emil", "finn", "gina", "hans"];
const HELD = NAMES.slice(0, 4);
const upn = (name: string): string => `${name}@contoso.example`;
const left = (name: string): string =>
  `PUT users/${name} comment=[entra:${name} left 2026-11-23] enable=0 groups=`;
const back = (name: string): string =>
  `PUT users/${name} append=1 comment=[entra:${name}] enable=1 groups=ops`;

interface Scene {
  readonly bed: Bed;
  readonly ops: string;
  readonly id: string;
  /** `sync --approve`, as root gives it. */
  readonly approve: (id?: string) => Promise<Report>;
}

/** Four of eight have left, and wait for somebody's approval. */
async function fourWait(t: Test, strangers = 0): Promise<Scene> {
  const parts = (): ConfigParts => ({ groups: mapping("ops", ops) });
  const bed = await startBed(t, parts);
  for (let at = 0; at < strangers; at += 1) bed.person(`stranger${at}`);
  const people = NAMES.map((name) => bed.person(name, { mail: null }));
  const ops = bed.site.group("Operators", people);
  await bed.site.pass(parts());
  bed.site.clock.advance(DAY + 1);
  bed.site.entra.world.leave(ops, ...HELD.map(upn));
  const report = await bed.pass(t, "held", { writes: [], codes: ["GUARD_HELD"], held: 8 });
  const id = report.plan.approvalId ?? "";
  const approve = async (other = id): Promise<Report> => {
    const agent = bed.site.agent(parts());
    const { realms } = agent.config;
    const how = { trigger: "sync", realms, rotate: new Set<string>() };
    const order = { ...how, dry: false, secretsOnly: false, approve: { id: other, by: "root" } };
    const passed = await agent.pass(order, {}, never);
    await agent.close({ abort: true });
    return passed as Report;
  };
  return { bed, ops, id, approve };
}

t.test("an approval that is used up cannot be given again, as a store for later", async (t) => {
  const { bed, ops, approve } = await fourWait(t);
  const { world } = bed.site.entra;
  const first = await approve();
  t.equal(first.done.length, 4);
  const again = await approve();
  t.strictSame(
    again.findings.map(({ code }) => code),
    ["APPROVAL_UNKNOWN"],
    "root's finger slipped, or somebody's script",
  );
  world.join(ops, ...HELD.map(upn));
  await bed.pass(t, "all come back", { writes: HELD.map(back) });
  world.leave(ops, ...HELD.map(upn));
  await bed.pass(t, "and go again: nobody has looked at that", {
    writes: [],
    codes: ["GUARD_HELD"],
    held: 8,
  });
  t.strictSame(bed.site.entra.violations, []);
});

t.test("half used up: what is left of it can still be approved, and only that", async (t) => {
  const { bed, ops, id, approve } = await fourWait(t);
  const { world } = bed.site.entra;
  world.join(ops, upn("anna"));
  const three = await approve();
  t.equal(three.done.length, 3, "anna is back, the others go");
  world.leave(ops, upn("anna"));
  // Root approved just this, for anna as well, less than a day ago.
  await bed.pass(t, "anna goes after all", { writes: [left("anna")] });
  const again = await approve(id);
  t.strictSame(
    again.findings.map(({ code }) => code),
    ["APPROVAL_UNKNOWN"],
  );
  t.strictSame(bed.site.entra.violations, []);
});

t.test("the id of another cluster's plan, or of another realm's, approves nothing", async (t) => {
  const one = await fourWait(t);
  const other = await fourWait(t, 3);
  t.not(one.id, other.id, "the people are others");
  const report = await one.approve(other.id);
  t.strictSame(
    report.findings.map(({ code }) => code),
    ["APPROVAL_UNKNOWN"],
  );
  t.equal(report.done.length, 0);
  for (const name of HELD) t.match(one.bed.user(name), { enable: true, groups: ["ops"] });
});

t.test("who is put into the held set after root has looked is not let through", async (t) => {
  const { bed, ops, approve } = await fourWait(t);
  const rest = NAMES.slice(4);
  bed.site.entra.world.leave(ops, ...rest.map(upn));
  const report = await approve();
  t.equal(report.done.length, 4);
  t.equal(report.plan.holds.length, 8);
  for (const name of rest) {
    t.match(bed.user(name), { enable: true, groups: ["ops"] }, "not what root has seen");
  }
  const held = { writes: [], codes: ["GUARD_HELD"], held: 8 };
  const after = await bed.pass(t, "an id of its own", held);
  t.equal(after.plan.approvalId, report.plan.approvalId);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("an approval given while a pass runs counts from the next one on", async (t) => {
  const { bed, id } = await fourWait(t);
  const { site } = bed;
  site.entra.world.disable(upn("hans"));
  const end = site.pve.onWrite(() => {
    end();
    site.journal.approve(id, "root", site.clock.now());
  });
  await bed.pass(t, "the pass under way", {
    writes: [left("hans")],
    codes: ["GUARD_HELD"],
    held: 8,
  });
  await bed.pass(t, "the next one", { writes: HELD.map(left) });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("Entra falls silent between approval and write: told, and nobody is removed", async (t) => {
  const { bed, approve } = await fourWait(t);
  const { site } = bed;
  const end = site.pve.onWrite(() => {
    end();
    site.entra.faults.add({ path: "batch", times: Infinity, do: { kind: "status", status: 403 } });
  });
  const report = await approve();
  t.equal(report.done.length, 1, "what was done before is in the report");
  t.strictSame(
    report.findings.map(({ code, subject }) => [code, subject]),
    HELD.slice(1).map((name) => ["ENTRA_FORBIDDEN", bed.userid(name)]),
  );
  t.equal(report.realms.get("entra")?.ok, false);
  for (const name of HELD.slice(1)) t.match(bed.user(name), { enable: true, groups: ["ops"] });
  const before = site.journal.entries({ limit: 50 });
  t.notOk(
    before.some((entry) => entry.type === "change" && entry.outcome === "intended"),
    "nothing is left open",
  );

  site.entra.faults.clear();
  await bed.pass(t, "the approval still stands", { writes: HELD.slice(1).map(left) });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("one doubtful membership does not keep the certain one for another pass", async (t) => {
  const parts = (): ConfigParts => ({ groups: mapping("ops", ops) + mapping("dev", dev) });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const { world } = site.entra;
  const people = NAMES.map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", people);
  const dev = site.group("Developers", people);
  await site.pass(parts());
  site.clock.advance(DAY + 1);
  world.leave(ops, ...HELD.map(upn));
  const held = await bed.pass(t, "held", { writes: [], codes: ["GUARD_HELD"], held: 4 });
  site.journal.approve(held.plan.approvalId ?? "", "root", site.clock.now());
  // Dora leaves the other mapping too, which nothing holds, and comes back into the first meanwhile.
  world.leave(dev, upn("dora"));
  const agent = site.agent(parts());
  const order = { trigger: "test", realms: agent.config.realms, rotate: new Set<string>() };
  const report = await agent.pass(
    { ...order, dry: false, secretsOnly: false },
    { onPlan: () => world.join(ops, upn("dora")) },
    never,
  );
  await agent.close({ abort: true });
  t.match(bed.user("dora"), { enable: true, groups: ["ops"] }, "out of the one that is certain");
  for (const name of HELD.slice(0, 3)) t.strictSame(bed.user(name)?.groups, ["dev"]);
  t.strictSame(
    report.findings.map(({ code, subject }) => [code, subject]),
    [["SYNC_DISAGREES", bed.userid("dora")]],
  );
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
