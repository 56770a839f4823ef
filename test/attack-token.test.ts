/**
 * Attacks on the agent itself: its token made weaker or stronger on the way, its own user put into
 * groups, and the last ways in closed one after the other (P7).
 */
import t from "tap";
import { AGENT_TOKEN, AGENT_USER } from "./emulators/pve/index.js";
import { DOMAIN, mapping } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const upn = (name: string): string => `${name}@${DOMAIN}`;
const HOLDERS = { users: [AGENT_USER], tokens: [AGENT_TOKEN] };
const NAMES = ["anna", "bert", "cora", "dora"];

interface Scene {
  readonly bed: Bed;
  readonly site: Site;
  readonly ops: string;
  readonly parts: ConfigParts;
}

async function scene(
  t: Parameters<typeof startBed>[0],
  more = 'acl = [{ path = "/vms", role = "PVEVMUser" }]',
  options: Parameters<typeof startBed>[2] = {},
): Promise<Scene> {
  const bed = await startBed(t, () => parts, options);
  const { site } = bed;
  const ops = site.group(
    "Operators",
    NAMES.map((name) => bed.person(name, { mail: null })),
  );
  const parts = { groups: mapping("ops", ops, more) };
  await site.pass(parts);
  site.clock.advance(DAY + 60_000);
  return { bed, site, ops, parts };
}

const codes = (report: { findings: readonly { code: string }[] }): string[] =>
  [...new Set(report.findings.map(({ code }) => code))].sort();

t.test(
  "each privilege taken from the token: a filtered list removes and adds nobody",
  async (t) => {
    const roles = [
      ["/access", "EntraAudit"],
      ["/access/groups", "EntraMember"],
      ["/access/realm", "EntraRealm"],
      ["/access/realm/entra", "EntraUser"],
    ] as const;
    const { bed, site, ops, parts } = await scene(t);
    site.entra.world.join(ops, bed.person("new", { mail: null }));
    for (const [path, role] of roles) {
      for (const from of [{ users: [AGENT_USER] }, { tokens: [AGENT_TOKEN] }]) {
        const before = site.pve.userCfg();
        site.pve.world.removeAcl({ path, role, ...from });
        const without = site.pve.userCfg();
        const report = await site.pass(parts);
        t.ok(codes(report).includes("PVE_NO_PRIVILEGE"), `${role}: ${codes(report).join()}`);
        t.equal(report.realms.get("entra")?.ok, false);
        t.equal(site.pve.userCfg(), without, "nothing is written");
        site.pve.load({ userCfg: before });
      }
    }
    await site.pass(parts);
    t.match(bed.user("new"), { enable: true, groups: ["ops"] });
  },
);

t.test(
  "privileges taken in the middle of a pass: told, and made up for once they are back",
  async (t) => {
    for (const [path, role] of [
      ["/access/groups", "EntraMember"],
      ["/vms", "EntraAcl"],
    ] as const) {
      await t.test(role, async (t) => {
        const { bed, site, ops } = await scene(t);
        const more =
          'acl = [{ path = "/vms", role = "PVEVMUser" }, { path = "/vms/100", role = "PVEAuditor" }]';
        const wanted = { groups: mapping("ops", ops, more) };
        site.entra.world.leave(ops, upn("anna"), upn("bert"));
        const end = site.pve.onWrite(() => {
          end();
          site.pve.world.removeAcl({ path, role, tokens: [AGENT_TOKEN] });
        });
        const cut = await site.pass(wanted);
        t.equal(cut.realms.get("entra")?.ok, false, codes(cut).join());
        t.ok(codes(cut).includes("PVE_FORBIDDEN"));
        site.pve.world.addAcl({ path, role, ...HOLDERS });
        const whole = await site.pass(wanted);
        t.strictSame(codes(whole), []);
        for (const name of ["anna", "bert"]) t.match(bed.user(name), { enable: false, groups: [] });
        await bed.settled(t, [], wanted);
      });
    }
  },
);

t.test("a token that may do everything does no more than before", async (t) => {
  const { bed, site, ops } = await scene(t);
  site.pve.world.createGroup("manual", "of the night shift");
  site.pve.world.createUser("olga@pve");
  site.pve.world.addToGroup("olga@pve", "manual");
  site.pve.world.addAcl({ path: "/", role: "PVEAuditor", groups: ["manual"] });
  const before = site.pve.userCfg();
  site.pve.world.addAcl({ path: "/", role: "Administrator", ...HOLDERS });
  const report = await bed.settled(t);
  t.strictSame(report.findings, []);
  site.entra.world.leave(ops, upn("anna"));
  await bed.pass(t, "and no less", {
    writes: [`PUT users/anna comment=[entra:anna left 2026-11-23] enable=0 groups=`],
  });
  for (const line of before.split("\n").filter((one) => /olga|manual/.test(one))) {
    t.ok(site.pve.userCfg().split("\n").includes(line), line);
  }
});

t.test(
  "the agent's own user in mapped and marked groups is left where somebody put it",
  async (t) => {
    const { bed, site, parts } = await scene(t);
    site.pve.world.createGroup("old", "[entra:entra]");
    for (const group of ["ops", "old"]) site.pve.world.addToGroup(AGENT_USER, group);
    site.pve.world.editUser(AGENT_USER, { comment: bed.mark("anna") });
    site.entra.world.disable(upn("anna"));
    for (let pass = 0; pass < 2; pass += 1) {
      const report = await site.pass(parts);
      t.ok(codes(report).includes("SYNC_FOREIGN_MEMBER"));
      t.match(site.user(AGENT_USER), {
        enable: true,
        comment: bed.mark("anna"),
        groups: ["old", "ops"],
      });
    }
    t.match(bed.user("anna"), { enable: false, groups: [] });
  },
);

t.test("the ways in closed one after the other: the last administrator stays, coded", async (t) => {
  const admins = 'acl = [{ path = "/", role = "Administrator" }]\nmax_members = 9';
  const { bed, site, ops, parts } = await scene(t, admins, { aclPaths: ["/"] });
  t.ok(site.rights(bed.userid("anna"), "/").includes("Permissions.Modify"));
  const { world } = site.entra;
  const next = async (): Promise<string[]> => {
    const report = await site.pass({ ...parts, sections: "[guard]\nmax_removal_share = 1.0" });
    return codes(report);
  };
  site.pve.world.disableUser("root@pam");
  world.join(ops, bed.person("new", { mail: null }));
  t.ok((await next()).includes("SYNC_NO_FALLBACK"), "nobody comes in");
  t.notOk(bed.user("new"));
  for (const name of NAMES) {
    world.disable(upn(name));
    site.clock.advance(DAY);
    t.ok((await next()).includes("SYNC_NO_FALLBACK"));
  }
  const left = NAMES.filter((name) => bed.user(name)?.enable === true);
  t.strictSame(left.length, 1, "one administrator is left to repair it");
  t.ok(site.rights(bed.userid(left[0] ?? ""), "/").includes("Permissions.Modify"));

  // By the mapping instead: taken out of the configuration, with the last administrator in it.
  const empty = await site.pass({ groups: "" });
  t.ok(codes(empty).includes("SYNC_NO_FALLBACK"), codes(empty).join());
  t.ok(site.rights(bed.userid(left[0] ?? ""), "/").includes("Permissions.Modify"));
  site.pve.world.enableUser("root@pam");
  await next();
  t.strictSame(
    NAMES.filter((name) => bed.user(name)?.enable === true),
    [],
    "with a way in, the last one goes too",
  );
});

t.test("a way in that has expired, or is the agent's own, is none", async (t) => {
  const { bed, site, ops, parts } = await scene(t);
  site.pve.world.disableUser("root@pam");
  site.pve.world.createUser("olga@pam", { expire: 1 });
  site.pve.world.addAcl({ path: "/", role: "Administrator", users: ["olga@pam", AGENT_USER] });
  site.entra.world.join(ops, bed.person("new", { mail: null }));
  site.entra.world.leave(ops, upn("anna"));
  const report = await site.pass(parts);
  t.strictSame(codes(report), ["SYNC_NO_FALLBACK"]);
  t.notOk(bed.user("new"));
  t.match(bed.user("anna"), { enable: false, groups: [] });
  site.pve.world.editUser("olga@pam", { expire: 0 });
  await site.pass(parts);
  t.match(bed.user("new"), { enable: true, groups: ["ops"] });
});
