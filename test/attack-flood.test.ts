/**
 * Attacks by who owns an Entra group, or may invite: floods, nesting, hiding, replacing; and by who
 * makes an ordinary mapping a privileged one behind the configuration's back.
 */
import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(600_000);

const MANAGER = "role:Manager:Permissions.Modify,VM.Audit:";
const READER = "role:Reader:VM.Audit:";
const upn = (name: string): string => `${name}@${DOMAIN}`;
const acl = (role: string): string => `acl = [{ path = "/vms", role = "${role}" }]\n`;

interface Scene {
  readonly bed: Bed;
  readonly site: Site;
  readonly ops: string;
  readonly parts: ConfigParts;
}

async function scene(
  t: Parameters<typeof startBed>[0],
  more: string,
  realm = "",
  sections = "",
): Promise<Scene> {
  const bed = await startBed(t, () => parts, { users: [MANAGER, READER] });
  const { site } = bed;
  const people = ["anna", "bert", "cora", "dora"].map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", people);
  const parts = { groups: mapping("ops", ops, more), realm, sections };
  await site.pass(parts);
  site.clock.advance(DAY + 60_000);
  return { bed, site, ops, parts };
}

const codes = (report: { findings: readonly { code: string }[] }): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { code } of report.findings) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts;
};

t.test("3,000 invited guests are given nothing, and hide nobody's leaving", async (t) => {
  const { bed, site, ops, parts } = await scene(t, acl("Reader"));
  const { world } = site.entra;
  const guests = Array.from(
    { length: 3000 },
    (_, at) => world.addGuest({ mail: `guest${at}@evil.example`, displayName: `Guest ${at}` }).id,
  );
  world.join(ops, ...guests);
  world.leave(ops, upn("anna"));
  world.join(ops, bed.person("new", { mail: null }));
  site.pve.log.clear();
  const report = await site.pass(parts);
  const writes = site.pve.log.entries().filter(({ method }) => method !== "GET");
  t.equal(writes.length, 2, "anna leaves, somebody new comes");
  t.match(bed.user("anna"), { enable: false, groups: [] });
  t.match(bed.user("new"), { enable: true, groups: ["ops"] });
  t.notMatch(site.pve.userCfg(), /evil/);
  t.equal(report.plan.skipped.length, 3000);
  t.ok(codes(report).get("SYNC_PERSON_SKIPPED"));
  t.strictSame(site.entra.violations, []);
});

t.test(
  "everybody nested into a privileged group: nobody comes in, whoever leaves leaves",
  async (t) => {
    const { bed, site, ops, parts } = await scene(t, `${acl("Manager")}max_members = 9\n`);
    const { world } = site.entra;
    const everybody = site.group(
      "Everybody",
      Array.from({ length: 200 }, (_, at) => site.addUser(`user${at}`)),
    );
    world.nest(ops, everybody);
    world.leave(ops, upn("anna"));
    const report = await site.pass(parts);
    t.strictSame([...codes(report).keys()].sort(), ["SYNC_MAX_MEMBERS", "SYNC_OPEN_SESSIONS"]);
    t.equal(report.realms.get("entra")?.ok, false);
    t.match(bed.user("anna"), { enable: false, groups: [] });
    t.notMatch(site.pve.userCfg(), /user\d+@/);
    world.unnest(ops, everybody);
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  },
);

t.test("everybody nested into an ordinary group stops at its max_members, too", async (t) => {
  const { site, ops, parts } = await scene(t, `${acl("Reader")}max_members = 50\n`);
  const { world } = site.entra;
  const everybody = site.group(
    "Everybody",
    Array.from({ length: 60 }, (_, at) => site.addUser(`user${at}`)),
  );
  world.nest(ops, everybody);
  const report = await site.pass(parts);
  t.strictSame([...codes(report).keys()], ["SYNC_MAX_MEMBERS"]);
  t.equal(report.done.length, 0);
});

t.test("a flood without max_members ends at the ceiling of the user database", async (t) => {
  const { bed, site, ops, parts } = await scene(t, acl("Reader"));
  let filler = "";
  const room = Math.floor(1_048_576 * 0.8) - 65_536;
  for (let at = 0; filler.length < room - 15_000; at += 1) {
    filler += `user:filler${at}@pve:1:0::::${"x".repeat(200)}::\n`;
  }
  site.pve.load({ userCfg: filler + site.pve.userCfg() });
  const { world } = site.entra;
  world.join(ops, ...Array.from({ length: 200 }, (_, at) => site.addUser(`user${at}`)));
  world.leave(ops, upn("anna"));
  const report = await site.pass(parts);
  t.ok(codes(report).get("SYNC_DATABASE_FULL"));
  t.ok(site.pve.userCfg().length <= room, `${site.pve.userCfg().length} of ${room} bytes`);
  t.match(bed.user("anna"), { enable: false, groups: [] }, "removals go on");
});

t.test("Administrator given to a mapped group by hand: judged in that very pass", async (t) => {
  const { bed, site, ops, parts } = await scene(t, 'guests = "allow"\n', 'guests = "allow"');
  const { world } = site.entra;
  const guest = world.addGuest({ mail: "gast@partner.example" }).id;
  world.join(ops, guest);
  await site.pass(parts);
  // Not privileged so far: no max_members is asked for.
  t.match(site.pve.userCfg(), /gast_partner/);
  site.pve.world.addAcl({ path: "/", role: "Administrator", groups: ["ops"] });
  world.join(ops, bed.person("new", { mail: null }));
  world.leave(ops, upn("anna"));
  const report = await site.pass(parts);
  t.strictSame([...codes(report).keys()].sort(), ["SYNC_MAX_MEMBERS", "SYNC_OPEN_SESSIONS"]);
  t.notOk(bed.user("new"), "nobody comes in");
  t.match(bed.user("anna"), { enable: false, groups: [] }, "whoever leaves leaves");
  t.equal(report.realms.get("entra")?.ok, false);
});

t.test("an ordinary mapping that becomes privileged by hand sends its guests away", async (t) => {
  const { site, ops, parts } = await scene(t, "max_members = 20\n", 'guests = "allow"');
  const { world } = site.entra;
  const guest = world.addGuest({ mail: "gast@partner.example" });
  world.join(ops, guest.id);
  await site.pass(parts);
  const userid = `${guest.userPrincipalName}@entra`;
  t.match(site.user(userid), { enable: true, groups: ["ops"] });
  site.pve.world.addAcl({ path: "/", role: "Administrator", groups: ["ops"] });
  const report = await site.pass(parts);
  t.ok(codes(report).get("SYNC_PERSON_SKIPPED"));
  t.strictSame(site.user(userid)?.groups, []);
  t.strictSame(site.rights(userid, "/"), []);
  t.strictSame(site.entra.violations, []);
});

t.test("a role made stronger by hand makes its mappings privileged", async (t) => {
  const { bed, site, ops, parts } = await scene(t, acl("Reader"));
  site.pve.world.setRole("Reader", ["VM.Audit", "Permissions.Modify"]);
  site.entra.world.join(ops, bed.person("new", { mail: null }));
  const report = await site.pass(parts);
  t.strictSame([...codes(report).keys()], ["SYNC_MAX_MEMBERS"]);
  t.notOk(bed.user("new"));
});

t.test("a group replaced by another of the same name is another group", async (t) => {
  const { bed, site, ops, parts } = await scene(t, acl("Reader"));
  const { world } = site.entra;
  world.deleteGroup(ops);
  site.group("Operators", [bed.person("mallory", { mail: null })]);
  for (let pass = 0; pass < 3; pass += 1) {
    const report = await site.pass(parts);
    t.strictSame([...codes(report).keys()], ["ENTRA_GROUP_MISSING"]);
    t.strictSame(report.done, []);
  }
  t.notOk(bed.user("mallory"));
  t.match(bed.user("anna"), { enable: true, groups: ["ops"] }, "nobody is removed for a 404");
});

t.test("a group hidden from us: nobody goes and nobody comes", async (t) => {
  const { bed, site, ops, parts } = await scene(t, acl("Reader"));
  const { world } = site.entra;
  world.hideGroup(ops);
  world.join(ops, bed.person("new", { mail: null }));
  world.leave(ops, upn("anna"));
  const report = await site.pass(parts);
  t.strictSame([...codes(report).keys()], ["ENTRA_GROUP_HIDDEN"]);
  t.strictSame(report.done, []);
  world.disable(upn("bert"));
  await site.pass(parts);
  t.match(bed.user("bert"), { enable: false }, "the person's own object still counts");
  world.showGroup(ops);
  await site.pass(parts);
  t.match(bed.user("anna"), { enable: false, groups: [] });
  t.match(bed.user("new"), { enable: true, groups: ["ops"] });
});

t.test(
  "hidden between the look at it and at its members: their own side does not vouch",
  async (t) => {
    const { bed, site, ops, parts } = await scene(t, acl("Reader"));
    const { world, faults } = site.entra;
    // A list without anybody, as a token without Member.Read.Hidden gets it.
    faults.add({
      path: `/groups/${ops}/transitiveMembers`,
      do: { kind: "json", body: { value: [] } },
    });
    const agent = site.pve.onWrite(() => undefined);
    const report = await site.pass(parts);
    agent();
    t.strictSame(report.done, []);
    t.equal(codes(report).get("SYNC_DISAGREES"), 4);
    for (const name of ["anna", "bert", "cora", "dora"]) {
      t.match(bed.user(name), { enable: true, groups: ["ops"] });
    }
    world.showGroup(ops);
    await bed.settled(t);
  },
);

t.test("dynamic, and assignable to roles: a group stays a group", async (t) => {
  const bed = await startBed(t, () => parts, { users: [READER] });
  const { site } = bed;
  const { world } = site.entra;
  const ids = ["anna", "bert"].map((name) => bed.person(name, { mail: null }));
  const dynamic = world.addGroup({ displayName: "Dynamic", kind: "dynamic", members: ids });
  const assigned = world.addGroup({ displayName: "Assigned", members: ids });
  const parts = { groups: mapping("dyn", dynamic.id) + mapping("asg", assigned.id) };
  await site.pass(parts);
  world.editGroup(assigned.id, { isAssignableToRole: true });
  // Its rule is edited: other people fit it now.
  world.leave(dynamic.id, upn("anna"));
  world.join(dynamic.id, bed.person("cora", { mail: null }));
  const report = await site.pass(parts);
  t.strictSame(report.findings, []);
  t.strictSame(bed.user("anna")?.groups, ["asg"]);
  t.strictSame(bed.user("cora")?.groups, ["dyn"]);
  await bed.settled(t);
});
