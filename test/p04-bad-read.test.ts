/** P4: a bad read changes nothing, and says so. */
import t from "tap";
import type { Test } from "tap";
import type { FaultEffect } from "./emulators/common/faults.js";
import { mapping } from "./support/site.js";
import type { SiteOptions } from "./support/site.js";
import { startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const OPERATORS = ["anna", "bert", "cora", "dora", "emil"];
const ONE_SIDE = OPERATORS.map(() => "SYNC_DISAGREES");

interface Groups {
  readonly bed: Bed;
  readonly ops: string;
  readonly dev: string;
}

/** Five operators and two developers, all in place. */
async function twoGroups(t: Test, options: SiteOptions = {}): Promise<Groups> {
  const parts = (): { groups: string } => ({ groups: mapping("ops", ops) + mapping("dev", dev) });
  const bed = await startBed(t, parts, options);
  const people = (names: readonly string[]): string[] => names.map((name) => bed.person(name));
  const ops = bed.site.group("Operators", people(OPERATORS));
  const dev = bed.site.group("Developers", people(["finn", "gina"]));
  await bed.site.pass(parts());
  return { bed, ops, dev };
}

function badList(bed: Bed, group: string, effect: FaultEffect): void {
  const path = `/groups/${group}/transitiveMembers`;
  bed.site.entra.faults.add({ path, times: Infinity, do: effect });
}

t.test("a list that fails or cannot be believed takes nobody out", async (t) => {
  const { bed, ops, dev } = await twoGroups(t);
  const { faults, world } = bed.site.entra;
  const bad: readonly [what: string, effect: FaultEffect, code: string][] = [
    ["403", { kind: "status", status: 403 }, "ENTRA_FORBIDDEN"],
    ["404, as while it replicates", { kind: "status", status: 404 }, "ENTRA_GROUP_MISSING"],
    ["400", { kind: "status", status: 400 }, "ENTRA_REFUSED"],
    ["nulls", { kind: "body", replace: "nulls" }, "ENTRA_PROPERTIES_NULL"],
    ["half of the JSON", { kind: "truncate" }, "ENTRA_BAD_ANSWER"],
    ["no JSON", { kind: "garbage" }, "ENTRA_BAD_ANSWER"],
    ["another object", { kind: "json", body: { value: "none" } }, "ENTRA_BAD_ANSWER"],
  ];
  for (const [what, effect, code] of bad) {
    badList(bed, ops, effect);
    await bed.pass(t, what, { writes: [], codes: [code] });
    faults.clear();
  }

  // What may concern all of Entra ends the pass before anything is decided.
  const ends: readonly [what: string, effect: FaultEffect, code: string][] = [
    ["503 without end", { kind: "status", status: 503 }, "ENTRA_THROTTLED"],
    ["cut off", { kind: "cut", when: "after" }, "ENTRA_UNREACHABLE"],
  ];
  for (const [what, effect, code] of ends) {
    badList(bed, ops, effect);
    const before = bed.site.pve.userCfg();
    const report = await bed.site.pass({ groups: mapping("ops", ops) + mapping("dev", dev) });
    t.match(report, { observed: false, done: [], findings: [{ code }] }, what);
    t.equal(bed.site.pve.userCfg(), before, what);
    faults.clear();
  }

  // The other mapping goes on; an account is not closed while a group is unreadable.
  badList(bed, ops, { kind: "status", status: 404 });
  world.leave(dev, "finn@contoso.example");
  world.join(dev, "anna@contoso.example");
  await bed.pass(t, "the other group", {
    writes: ["PUT users/finn groups=", "PUT users/anna append=1 groups=dev"],
    codes: ["ENTRA_GROUP_MISSING"],
  });
  faults.clear();
  await bed.pass(t, "read whole again", {
    writes: [`PUT users/finn comment=[entra:finn left 2026-11-22] enable=0`],
  });
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("200 with nobody: each person's own side is asked, and they stay", async (t) => {
  const { bed, ops } = await twoGroups(t);
  badList(bed, ops, { kind: "body", replace: "empty-list" });
  const report = await bed.pass(t, "nobody", { writes: [], codes: ONE_SIDE });
  for (const name of OPERATORS) {
    t.ok(report.findings.some(({ subject }) => subject === bed.userid(name)));
  }
  bed.site.entra.faults.clear();
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("the own side cannot be read: nobody is taken out, and it is said", async (t) => {
  const { bed, ops } = await twoGroups(t);
  const { faults, world } = bed.site.entra;
  world.leave(ops, "anna@contoso.example");
  const unreadable: readonly [what: string, effect: FaultEffect][] = [
    ["nulls", { kind: "body", replace: "nulls" }],
    ["403", { kind: "status", status: 403 }],
    ["500", { kind: "status", status: 500 }],
  ];
  for (const [what, effect] of unreadable) {
    faults.add({ path: `/users/`, times: Infinity, do: effect });
    const report = await bed.site.pass({
      groups: mapping("ops", ops) + mapping("dev", world.group("Developers").id),
    });
    t.strictSame(report.done, [], what);
    t.strictSame(report.plan.actions, [], what);
    t.ok(report.findings.length > 0, `${what}: ${report.findings.map((f) => f.message).join()}`);
    t.strictSame(bed.user("anna")?.groups, ["ops"], what);
    faults.clear();
  }
  await bed.pass(t, "readable again", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
  });
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a deleted Entra group empties nothing, even when everybody is out of it", async (t) => {
  const { bed, ops } = await twoGroups(t);
  bed.site.entra.world.deleteGroup(ops);
  await bed.pass(t, "deleted", { writes: [], codes: ["ENTRA_GROUP_MISSING"] });
  t.strictSame(bed.user("anna")?.groups, ["ops"]);
  bed.site.clock.advance(3_600_000);
  await bed.pass(t, "an hour later", { writes: [], codes: ["ENTRA_GROUP_MISSING"] });
  // Who is disabled is so by their own object, whatever the group is.
  bed.site.entra.world.disable("bert@contoso.example");
  await bed.pass(t, "one is disabled", {
    writes: ["PUT users/bert comment=[entra:bert left 2026-11-22] enable=0 groups="],
    codes: ["ENTRA_GROUP_MISSING"],
  });
  t.strictSame(bed.site.entra.violations, []);
});

t.test(
  "hidden membership without the permission for it: refused, nobody is taken out",
  async (t) => {
    const { bed, ops } = await twoGroups(t);
    const { world } = bed.site.entra;
    world.hideGroup(ops);
    await bed.pass(t, "hidden", { writes: [], codes: ["ENTRA_GROUP_HIDDEN"] });
    world.leave(ops, "anna@contoso.example");
    await bed.pass(t, "somebody leaves unseen", { writes: [], codes: ["ENTRA_GROUP_HIDDEN"] });
    world.showGroup(ops);
    await bed.pass(t, "shown again", {
      writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
    });
    t.strictSame(bed.site.entra.violations, []);
  },
);

t.test("without User.Read.All everything is null, and nothing changes", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }), {
    roles: ["GroupMember.Read.All", "Application.ReadWrite.OwnedBy"],
  });
  const { site } = bed;
  const ids = ["anna", "bert"].map((name) => bed.person(name));
  const ops = site.group("Operators", []);
  site.pve.world.createGroup("ops", "[entra:entra]");
  for (const [at, name] of ["anna", "bert"].entries()) {
    const comment = `[entra:${ids[at]}]`;
    site.pve.world.createUser(bed.userid(name), { comment, groups: ["ops"] });
    site.entra.world.join(ops, ids[at] ?? "");
  }
  const report = await site.pass({ groups: mapping("ops", ops) });
  t.strictSame(report.done, []);
  t.strictSame(report.plan.holds, []);
  t.match(
    report.findings.map(({ code }) => code),
    ["ENTRA_PROPERTIES_NULL"],
  );
  t.strictSame(bed.user("anna"), { ...bed.user("anna"), enable: true, groups: ["ops"] });
  t.strictSame(bed.user("bert"), { ...bed.user("bert"), enable: true, groups: ["ops"] });
  t.strictSame(site.entra.violations, []);
});

t.test("list and person disagree: they stay; giving back asks their side too", async (t) => {
  const { bed, ops, dev } = await twoGroups(t);
  const { faults, world } = bed.site.entra;
  const checks = (value: readonly string[], path: string): void =>
    faults.add({ path, times: Infinity, do: { kind: "json", body: { value } } });

  // The list lacks anna, her own side still says member.
  world.leave(ops, "anna@contoso.example");
  checks([ops], "checkMemberGroups");
  const report = await bed.pass(t, "the list alone", { writes: [], codes: ["SYNC_DISAGREES"] });
  t.equal(report.findings[0]?.subject, bed.userid("anna"));
  faults.clear();
  await bed.pass(t, "both", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
  });

  // The list has her back, her own side does not say so yet.
  world.join(ops, "anna@contoso.example");
  checks([], "checkMemberGroups");
  await bed.pass(t, "back on the list alone", { writes: [], codes: ["SYNC_DISAGREES"] });
  faults.clear();
  await bed.pass(t, "back on both", {
    writes: ["PUT users/anna append=1 comment=[entra:anna] enable=1 groups=ops"],
  });

  // Somebody from whom nothing was ever taken comes in by the list alone.
  checks([], "checkMemberGroups");
  world.join(dev, "bert@contoso.example");
  await bed.pass(t, "new in another group", { writes: ["PUT users/bert append=1 groups=dev"] });
  faults.clear();
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});
