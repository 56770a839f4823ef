/**
 * Attacks by taking marks away: of the own account, of a group, and together with the journal.
 * Whoever loses rights in Entra loses them (P2), and what is nobody's is told.
 */
import t from "tap";
import { buildDomainsCfg } from "./emulators/pve/index.js";
import { DOMAIN, mapping } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const MANAGER = "role:Manager:Permissions.Modify,VM.Audit:";
const ADMINS = 'acl = [{ path = "/vms", role = "Manager" }]\nmax_members = 9\n';
const MANUAL = ["group:manual:::", "acl:1:/pool:@manual:PVEVMAdmin:"];
const upn = (name: string): string => `${name}@${DOMAIN}`;

interface Scene {
  readonly bed: Bed;
  readonly site: Site;
  readonly admins: string;
  readonly ops: string;
  readonly parts: ConfigParts;
}

/** Anna is an administrator, bert an operator; both have a manual group and a token of their own. */
async function scene(t: Parameters<typeof startBed>[0], realm = ""): Promise<Scene> {
  const bed = await startBed(t, () => parts, { users: [MANAGER, ...MANUAL] });
  const { site } = bed;
  const stayers = ["x", "y", "z"].map((name) => bed.person(name, { mail: null }));
  const admins = site.group("Administrators", [bed.person("anna", { mail: null }), ...stayers]);
  const ops = site.group("Operators", [bed.person("bert", { mail: null }), ...stayers]);
  const parts = { groups: mapping("admins", admins, ADMINS) + mapping("ops", ops), realm };
  await site.pass(parts);
  for (const name of ["anna", "bert"]) {
    site.pve.world.addToGroup(bed.userid(name), "manual");
    site.pve.world.createToken(`${bed.userid(name)}!cron`, "emulated-value");
  }
  site.clock.advance(DAY + 1);
  return { bed, site, admins, ops, parts };
}

function strip({ site, bed }: Scene, ...names: readonly string[]): void {
  for (const name of names) site.pve.world.editUser(bed.userid(name), { comment: "nobody's" });
}

const off = (name: string, groups: string): string =>
  `PUT users/${name} comment=nobody's [entra:${name} left 2026-11-23] enable=0 groups=${groups}`;

t.test(
  "an administrator without the own mark leaves: the account closes all the same",
  async (t) => {
    const one = await scene(t);
    const { bed, site, admins, ops } = one;
    strip(one, "anna", "bert");
    site.entra.world.leave(admins, upn("anna"));
    site.entra.world.leave(ops, upn("bert"));
    const report = await bed.pass(t, "both leave", {
      writes: [off("anna", "manual"), "PUT users/bert groups=manual"],
      codes: ["SYNC_OPEN_SESSIONS"],
    });
    t.strictSame(
      report.plan.unmanaged.map(({ userid }) => userid),
      [bed.userid("bert")],
      "who never was privileged is nobody's, and told",
    );
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  },
);

t.test("nor does it help to strip the mark a pass after the loss", async (t) => {
  const one = await scene(t);
  const { bed, site, admins, ops, parts } = one;
  // Whether anna is an operator cannot be known for three days.
  site.entra.world.leave(admins, upn("anna"));
  site.entra.faults.add({
    path: `/groups/${ops}/transitiveMembers`,
    times: Infinity,
    do: { kind: "status", status: 403 },
  });
  await site.pass(parts);
  t.match(bed.user("anna"), { enable: true, groups: ["manual"] });
  strip(one, "anna");
  site.clock.advance(3 * DAY);
  site.entra.faults.clear();
  await bed.pass(t, "three days later", {
    writes: ["PUT users/anna comment=nobody's [entra:anna left 2026-11-26] enable=0"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("a mapping unreadable for days keeps nobody who lost a privileged one", async (t) => {
  const { bed, site, admins, ops, parts } = await scene(t);
  site.entra.world.leave(admins, upn("anna"));
  site.entra.faults.add({
    path: `/groups/${ops}/transitiveMembers`,
    times: Infinity,
    do: { kind: "status", status: 403 },
  });
  for (let day = 0; day < 3; day += 1) {
    await site.pass(parts);
    site.clock.advance(DAY);
  }
  site.entra.faults.clear();
  await bed.pass(t, "readable again", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-26] enable=0"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("without mark and mapping, then disabled in Entra: disabled", async (t) => {
  const one = await scene(t);
  const { bed, site, ops } = one;
  strip(one, "bert");
  site.entra.world.leave(ops, upn("bert"));
  await bed.pass(t, "leaves", { writes: ["PUT users/bert groups=manual"] });
  site.entra.world.disable(upn("bert"));
  await bed.pass(t, "disabled", {
    writes: ["PUT users/bert comment=nobody's [entra:bert left 2026-11-23] enable=0"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("the journal lost at the same time: the guard asks, and the rest is told", async (t) => {
  const one = await scene(t);
  const { bed, site, admins, parts } = one;
  strip(one, "anna", "x");
  site.pve.world.editGroup("admins", "ours? no");
  site.entra.world.leave(admins, upn("anna"));
  site.entra.world.disable(upn("x"));
  site.loseJournal();
  const report = await bed.pass(t, "mark of the group, of the person, and journal", {
    writes: ["PUT users/x comment=nobody's [entra:x left 2026-11-23] enable=0 groups=admins"],
    codes: ["SYNC_GROUP_UNMARKED"],
  });
  t.equal(report.realms.get("entra")?.ok, false, "an error until somebody looks");
  t.match(bed.user("anna"), { enable: true, groups: ["admins", "manual"] });
  site.pve.world.editGroup("admins", "[entra:entra]");
  await bed.pass(t, "the group marked again: held, for the journal is young", {
    writes: ["PUT users/x groups="],
    codes: ["GUARD_HELD", "SYNC_OPEN_SESSIONS", "SYNC_OPEN_SESSIONS"],
    held: 1,
  });
  site.clock.advance(DAY + 60_000);
  const after = await site.pass(parts);
  t.strictSame(bed.user("anna")?.groups, ["manual"], "a day later");
  t.strictSame(
    after.plan.unmanaged.map(({ userid }) => userid),
    [bed.userid("anna")],
  );
});

t.test("a group's mark taken away before an administrator is removed", async (t) => {
  const { bed, site, admins, ops } = await scene(t);
  site.pve.world.editGroup("admins", "");
  site.entra.world.leave(admins, upn("anna"));
  site.entra.world.join(admins, bed.person("new", { mail: null }));
  site.entra.world.leave(ops, upn("x"));
  await bed.pass(t, "removals go on, additions do not", {
    writes: [
      "PUT users/anna comment=[entra:anna left 2026-11-23] enable=0 groups=manual",
      "PUT users/x groups=admins",
    ],
    codes: ["SYNC_MARK_MISSING", "SYNC_OPEN_SESSIONS"],
  });
  t.strictSame(site.entra.violations, []);
});

t.test("a comment edited in every gap delays no removal", async (t) => {
  const { bed, site, admins, ops, parts } = await scene(t);
  const userid = bed.userid("anna");
  site.entra.world.leave(admins, upn("anna"));
  site.entra.world.disable(upn("bert"));
  site.entra.world.leave(ops, upn("y"));
  const agent = site.agent(parts);
  const order = { trigger: "test", realms: agent.config.realms, rotate: new Set<string>() };
  const signal = new AbortController().signal;
  let edits = 0;
  const edit = (): void => {
    for (const name of ["anna", "bert"]) {
      site.pve.world.editUser(bed.userid(name), { comment: `edit ${(edits += 1)}` });
    }
  };
  await agent.pass({ ...order, dry: false, secretsOnly: false }, { onPlan: edit }, signal);
  await agent.close({ abort: true });
  for (const name of ["anna", "bert"]) {
    t.match(bed.user(name), { enable: false, groups: ["manual"] });
  }
  t.match(bed.user("anna")?.comment, /^edit/, "people's text stays");
  t.strictSame(site.rights(userid, "/vms/1"), []);
  t.strictSame(site.entra.violations, []);
});

t.test("an administrator's disabling after ours stays, and its time runs anew", async (t) => {
  const scened = await scene(t);
  const { bed, site, ops } = scened;
  const parts = { ...scened.parts, realm: 'delete_after = "30d"' };
  site.entra.world.leave(ops, upn("bert"));
  site.pve.world.removeFromGroup(bed.userid("bert"), "manual");
  await site.pass(parts);
  t.equal(bed.user("bert")?.enable, false);
  // An administrator enables the account for something else, and closes it weeks later.
  site.pve.world.enableUser(bed.userid("bert"));
  await site.pass(parts);
  site.clock.advance(40 * DAY);
  await site.pass(parts);
  t.equal(bed.user("bert")?.enable, true, "kept: an administrator enabled it");
  site.pve.world.disableUser(bed.userid("bert"));
  await site.pass(parts);
  t.ok(bed.user("bert"), "not deleted for a leaving that was over");
  site.entra.world.join(ops, upn("bert"));
  const report = await site.pass(parts);
  t.equal(bed.user("bert")?.enable, false, "nor enabled: that was not ours to undo");
  t.ok(report.findings.some(({ code }) => code === "SYNC_STAYS_DISABLED"));
  site.entra.world.leave(ops, upn("bert"));
  await site.pass(parts);
  site.clock.advance(29 * DAY);
  await site.pass(parts);
  t.ok(bed.user("bert"));
  t.strictSame(site.entra.violations, []);
});

t.test("one realm's mark on the group of another takes nothing from anybody", async (t) => {
  const holders = "entra-agent@pve,entra-agent@pve!agent";
  const bed = await startBed(t, () => parts, {
    users: [MANAGER, `acl:0:/access/realm/second:${holders}:EntraUser:`],
  });
  const { site } = bed;
  const [secret] = site.entra.world.secretsOf(site.sso.id);
  const common = {
    issuerUrl: site.entra.issuer,
    clientId: site.sso.appId,
    clientKey: secret?.secretText ?? "",
  };
  site.pve.world.load({
    domainsCfg: buildDomainsCfg({ ...common }, { ...common, name: "second" }),
  });
  const people = ["anna", "bert"].map((name) => bed.person(name, { mail: null }));
  const admins = site.group("Administrators", people);
  const second = `\n[[realm]]\nname = "second"\nclient_id = "${site.sso.appId}"\n`;
  const parts = { groups: second + mapping("admins", admins, ADMINS) };
  await site.pass(parts);
  const anna = `${upn("anna")}@second`;
  t.ok(site.rights(anna, "/vms/1").includes("Permissions.Modify"));
  site.clock.advance(DAY + 1);

  site.pve.world.editGroup("admins", "[entra:entra]");
  const report = await site.pass(parts);
  t.strictSame(report.done, []);
  t.ok(site.rights(anna, "/vms/1").includes("Permissions.Modify"));
  t.strictSame(report.findings.map(({ code }) => code).sort(), [
    "GUARD_HELD",
    "SYNC_FOREIGN_MEMBER",
    "SYNC_MARK_MISSING",
  ]);
  t.match(
    report.plan.holds.map(({ because }) => because),
    ["realm second has a mapping for admins"],
  );
});
