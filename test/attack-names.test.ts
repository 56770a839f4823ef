/**
 * Attacks by name: whoever can get another UPN in Entra takes nobody's account, entries or tokens
 * with it (P2, P3), beyond what Proxmox VE itself gives to whoever signs in by that name.
 */
import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { startBed, TODAY } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const upn = (name: string): string => `${name}@${DOMAIN}`;
const SITE = { users: ["group:manual:root@pam::", "acl:1:/pool:@manual:PVEVMAdmin:"] };

interface Scene {
  readonly bed: Bed;
  readonly site: Site;
  readonly ops: string;
  readonly parts: ConfigParts;
}

async function scene(t: Parameters<typeof startBed>[0], ...names: string[]): Promise<Scene> {
  const bed = await startBed(t, () => parts, SITE);
  const { site } = bed;
  const people = [...names, "x", "y"].map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", people);
  const parts = { groups: mapping("ops", ops) };
  await site.pass(parts);
  return { bed, site, ops, parts };
}

/** A manual group, an entry and a token of their own. */
function belongings(site: Site, userid: string): void {
  site.pve.world.addToGroup(userid, "manual");
  site.pve.world.addAcl({ path: "/vms/100", role: "PVEVMAdmin", users: [userid] });
  site.pve.world.createToken(`${userid}!cron`, "emulated-value");
}

/** Once an account was shut for its name's sake, nobody ever holds what was the predecessor's. */
function watch(
  { site }: Scene,
  userid: string,
): { readonly seen: readonly string[]; readonly end: () => void } {
  const seen: string[] = [];
  let shut = false;
  const end = site.pve.onWrite(() => {
    const user = site.user(userid);
    if (user?.enable !== true) shut = true;
    else if (shut && site.rights(userid, "/vms/100").length > 0) seen.push(userid);
  });
  return { seen, end };
}

t.test(
  "a chain of renames in one pass: each name's account is made anew, and nothing is inherited",
  async (t) => {
    const one = await scene(t, "anna", "bert", "cora");
    const { bed, site } = one;
    for (const name of ["anna", "bert", "cora"]) belongings(site, bed.userid(name));
    // Cora takes a new name, bert takes hers, anna takes his.
    const { world } = site.entra;
    world.rename(upn("cora"), upn("new"));
    world.rename(upn("bert"), upn("cora"));
    world.rename(upn("anna"), upn("bert"));
    const watched = ["bert", "cora", "new"].map((name) => watch(one, bed.userid(name)));
    await bed.pass(t, "the pass", {
      writes: [
        `PUT users/anna comment=[entra:anna left ${TODAY}] enable=0 groups=manual`,
        `PUT users/bert comment=[entra:bert left ${TODAY}] enable=0 groups=manual`,
        `PUT users/cora comment=[entra:cora left ${TODAY}] enable=0 groups=manual`,
        "DELETE users/bert",
        "DELETE users/cora",
        "POST users comment=[entra:anna] enable=1 groups=ops userid=bert",
        "POST users comment=[entra:bert] enable=1 groups=ops userid=cora",
        "POST users comment=[entra:cora] enable=1 groups=ops userid=new",
      ],
      codes: ["SYNC_NAME_REUSED", "SYNC_NAME_REUSED", "SYNC_RENAMED"],
    });
    for (const { seen, end } of watched) {
      end();
      t.strictSame(seen, [], "at no moment");
    }
    for (const name of ["bert", "cora", "new"]) {
      t.strictSame(bed.user(name)?.groups, ["ops"]);
      t.strictSame(site.rights(bed.userid(name), "/vms/100"), []);
      t.notMatch(site.pve.userCfg(), new RegExp(`token:${name}@`));
    }
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  },
);

t.test("three people in a ring of names", async (t) => {
  const one = await scene(t, "anna", "bert", "cora");
  const { bed, site } = one;
  for (const name of ["anna", "bert", "cora"]) belongings(site, bed.userid(name));
  const { world } = site.entra;
  world.rename(upn("anna"), upn("interim"));
  world.rename(upn("cora"), upn("anna"));
  world.rename(upn("bert"), upn("cora"));
  world.rename(upn("interim"), upn("bert"));
  const report = await site.pass(one.parts);
  t.strictSame(
    report.findings.map(({ code }) => code),
    ["SYNC_NAME_REUSED", "SYNC_NAME_REUSED", "SYNC_NAME_REUSED"],
  );
  for (const [name, owner] of [
    ["bert", "anna"],
    ["cora", "bert"],
    ["anna", "cora"],
  ] as const) {
    t.match(bed.user(name), { enable: true, comment: bed.mark(owner), groups: ["ops"] });
    t.strictSame(site.rights(bed.userid(name), "/vms/100"), []);
  }
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("the name of a leaver whose account waits, with token and entries", async (t) => {
  const one = await scene(t, "anna", "mallory");
  const { bed, site } = one;
  belongings(site, bed.userid("anna"));
  site.entra.world.deleteUser(upn("anna"));
  await site.pass(one.parts);
  t.equal(bed.user("anna")?.enable, false);
  site.entra.world.rename(upn("mallory"), upn("anna"));
  await bed.pass(t, "mallory is called anna", {
    writes: [
      "DELETE users/anna",
      `PUT users/mallory comment=[entra:mallory left ${TODAY}] enable=0 groups=`,
      "POST users comment=[entra:mallory] enable=1 groups=ops userid=anna",
    ],
    codes: ["SYNC_NAME_REUSED", "SYNC_RENAMED"],
  });
  t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), []);
});

t.test(
  "the same, with the leaver's mark taken away by an accomplice: the account stays shut",
  async (t) => {
    const one = await scene(t, "anna", "mallory");
    const { bed, site } = one;
    belongings(site, bed.userid("anna"));
    site.entra.world.deleteUser(upn("anna"));
    await site.pass(one.parts);
    site.pve.world.editUser(bed.userid("anna"), { comment: "" });
    site.entra.world.rename(upn("mallory"), upn("anna"));
    const report = await site.pass(one.parts);
    t.equal(bed.user("anna")?.enable, false, "nobody signs in, and the tokens are dead");
    t.ok(report.findings.some(({ code }) => code === "SYNC_STAYS_DISABLED"));
    await site.pass(one.parts);
    t.equal(bed.user("anna")?.enable, false);
  },
);

t.test(
  "a hand-made account: Proxmox VE gives it to who signs in by its name, we add the mapped group",
  async (t) => {
    const one = await scene(t, "mallory");
    const { bed, site } = one;
    const userid = bed.userid("backup");
    site.pve.world.createUser(userid, { comment: "made by hand" });
    belongings(site, userid);
    await site.pass(one.parts);
    site.entra.world.rename(upn("mallory"), upn("backup"));
    const report = await site.pass(one.parts);
    // Proxmox VE itself lets mallory in by this name: what we add is the mapped group alone.
    t.match(site.user(userid), { enable: true, comment: `made by hand ${bed.mark("mallory")}` });
    t.strictSame(site.user(userid)?.groups.toSorted(), ["manual", "ops"]);
    t.match(
      report.findings.map(({ code }) => code),
      ["SYNC_RENAMED"],
    );
    t.equal(bed.user("mallory")?.enable, false);
  },
);

t.test("names like root's, the agent's or another realm's user touch nobody else", async (t) => {
  const one = await scene(t, "mallory");
  const { bed, site } = one;
  site.pve.world.createUser("olga@pve", { comment: "of pve" });
  const before = site.pve.userCfg();
  const names = ["root@pam", "entra-agent@pve", "olga@pve", "entra-agent@pve!agent"];
  for (const name of names) {
    site.entra.world.rename(bed.mark("mallory").slice(7, -1), name);
    await site.pass(one.parts);
    for (const userid of ["root@pam", "entra-agent@pve", "olga@pve"]) {
      const line = new RegExp(`^(user|token):${userid}(![a-z]+)?:.*$`, "gm");
      t.strictSame(site.pve.userCfg().match(line), before.match(line), `${name}: ${userid}`);
    }
  }
  t.strictSame(site.user("root@pam")?.groups, ["manual"]);
});

t.test("homoglyphs and marks of direction never reach user.cfg", async (t) => {
  const one = await scene(t, "mallory", "anna");
  const { bed, site } = one;
  const id = bed.mark("mallory").slice(7, -1);
  const before = site.pve.userCfg();
  const odd = [
    "аnna",
    "anna\u200b",
    "\u202eanna",
    "anna\u00ad",
    "ａnna",
    "anna\u0000",
    "anna\t",
    "anna,x",
  ];
  for (const name of odd) {
    site.entra.world.editUser(id, { userPrincipalName: `${name}@${DOMAIN}` });
    const report = await site.pass(one.parts);
    t.ok(
      report.findings.some(({ code }) => code === "SYNC_PERSON_SKIPPED"),
      JSON.stringify(name),
    );
    t.match(bed.user("anna"), { enable: true, comment: bed.mark("anna"), groups: ["ops"] });
  }
  t.equal(bed.user("mallory")?.enable, false, "whose userid became impossible has left");
  const users = (text: string): number => text.match(/^user:/gm)?.length ?? 0;
  t.equal(users(site.pve.userCfg()), users(before));
});

t.test("a twin but for case stops both, and takes nothing from who was there", async (t) => {
  const parts = (): ConfigParts => ({ groups: mapping("ops", ops), realm: "email_claim = true" });
  const bed = await startBed(t, parts, { ...SITE, usernameClaim: "email" });
  const { site } = bed;
  const ops = site.group(
    "Operators",
    ["anna", "mallory", "x"].map((name) => bed.person(name)),
  );
  await site.pass(parts());
  belongings(site, bed.userid("anna"));
  for (const mail of ["ANNA@contoso.example", "anna@contoso.example", "anna@CONTOSO.example"]) {
    site.entra.world.editUser(upn("mallory"), { mail });
    const report = await site.pass(parts());
    t.ok(
      report.findings.some(({ code }) => code === "SYNC_PERSON_SKIPPED"),
      mail,
    );
    t.match(bed.user("anna"), { enable: true, comment: bed.mark("anna") });
    t.ok(bed.user("anna")?.groups.includes("ops"));
    t.notMatch(site.pve.userCfg(), /ANNA|CONTOSO/);
  }
});

t.test(
  "a rename while the realm adds nobody leaves the old account shut and the new one out",
  async (t) => {
    const one = await scene(t, "anna");
    const { bed, site } = one;
    site.pve.world.setRealm("entra", { "groups-overwrite": 1 });
    site.entra.world.rename(upn("anna"), upn("anna-new"));
    const report = await site.pass(one.parts);
    t.ok(report.findings.some(({ code }) => code === "REALM_GROUPS_CLAIM"));
    t.equal(bed.user("anna-new"), undefined);
    t.equal(
      bed.user("anna")?.enable,
      false,
      "nobody signs in by it any more, its tokens least of all",
    );
    site.pve.world.setRealm("entra", { "groups-overwrite": null });
    await site.pass(one.parts);
    t.match(bed.user("anna-new"), { enable: true, groups: ["ops"] });
  },
);
