/**
 * Attacks with forged marks: whoever may edit users and groups in Proxmox VE writes whatever they
 * like into comments. It never carries a right to anybody (P2, P6).
 */
import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed, TODAY } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const MANAGER = "role:Manager:Permissions.Modify,VM.Audit:";
const ADMINS = 'acl = [{ path = "/vms", role = "Manager" }]\nmax_members = 9\n';
const SITE = { users: [MANAGER, "group:manual:::", "acl:1:/pool:@manual:PVEVMAdmin:"] };
const upn = (name: string): string => `${name}@${DOMAIN}`;

interface Scene {
  readonly bed: Bed;
  readonly admins: string;
  readonly parts: ConfigParts;
}

/** Anna administers, with a manual group of her own; others stay so that no group is emptied. */
async function scene(t: Parameters<typeof startBed>[0], more = ""): Promise<Scene> {
  const bed = await startBed(t, () => parts, SITE);
  const { site } = bed;
  const people = ["anna", "x", "y", "z"].map((name) => bed.person(name, { mail: null }));
  const admins = site.group("Administrators", people);
  const parts = { groups: mapping("admins", admins, ADMINS), realm: more };
  await site.pass(parts);
  site.pve.world.addToGroup(bed.userid("anna"), "manual");
  return { bed, admins, parts };
}

const GONE = `PUT users/anna comment=[entra:anna left ${TODAY}] enable=0 groups=manual`;

for (const flags of ["jit", "left 2026-01-01", "moment", "left 2026-01-01 jit"]) {
  t.test(`"${flags}" forged by who is about to be removed keeps no account`, async (t) => {
    const { bed, admins } = await scene(t);
    const { site } = bed;
    site.pve.world.editUser(bed.userid("anna"), { comment: bed.mark("anna", flags) });
    site.entra.world.leave(admins, upn("anna"));
    await bed.pass(t, "removed all the same", {
      writes: [GONE],
      codes: ["SYNC_OPEN_SESSIONS"],
    });
    await bed.settled(t);
    t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), []);
    t.strictSame(site.entra.violations, []);
  });
}

t.test(
  "a forged left with the journal lost: the old name of somebody renamed is closed",
  async (t) => {
    const { bed } = await scene(t);
    const { site } = bed;
    site.pve.world.editUser(bed.userid("anna"), { comment: bed.mark("anna", "left 2026-01-01") });
    site.entra.world.rename(upn("anna"), upn("annabel"));
    site.loseJournal();
    await bed.pass(t, "a member is nobody whom we disabled", {
      writes: [
        `PUT users/anna comment=[entra:anna left ${TODAY}] enable=0 groups=manual`,
        "POST users comment=[entra:anna] enable=1 groups=admins userid=annabel",
      ],
      codes: ["SYNC_OPEN_SESSIONS", "SYNC_RENAMED"],
    });
    await bed.settled(t);
  },
);

t.test("a forged moment opens no account that an administrator closed", async (t) => {
  const { bed, parts } = await scene(t);
  const { site } = bed;
  // In no mapping, disabled by hand, never written by us: the journal has nothing to say.
  bed.person("mike", { mail: null });
  for (const flags of ["moment", "moment jit", "moment left 2026-01-01 jit"]) {
    site.pve.world.createUser(bed.userid("mike"), {
      enable: false,
      comment: bed.mark("mike", flags),
    });
    site.pve.world.addToGroup(bed.userid("mike"), "manual");
    site.pve.world.createToken(`${bed.userid("mike")}!cron`, "emulated-value");
    const report = await site.pass(parts);
    t.equal(bed.user("mike")?.enable, false, flags);
    t.notOk(report.done.some(({ changes }) => changes.some(({ kind }) => kind === "enable-user")));
    site.pve.world.deleteUser(bed.userid("mike"));
  }
  t.strictSame(site.entra.violations, []);
});

t.test("something like a mark is people's text: two of them, odd case, lookalikes", async (t) => {
  const { bed, admins } = await scene(t);
  const { site } = bed;
  const id = bed.mark("anna").slice(7, -1);
  const other = bed.mark("x").slice(7, -1);
  const forgeries = [
    `[entra:${other}] [entra:${id}]`,
    `[entra:${id}] [ENTRA:${other}]`,
    `[entra:${other.toUpperCase()}]`,
    `[entra:${other} ]`,
    `[entra: ${other}]`,
    `[entra:${other}  left 2026-01-01]`,
    `[entra:${other} left 2026-02-30]`,
    `[entra:${other} left 2026-01-01 left 2026-01-02]`,
    `[entra:${other} jit jit]`,
    `[entra:${other} admin]`,
    `[еntra:${other}]`,
    `[entra:${other}\u200b]`,
    `[entra:${other}]\u00a0`,
    `［entra:${other}］`,
    "[entra:entra]",
    "[entra:]",
  ];
  for (const forged of forgeries) {
    site.pve.world.editUser(bed.userid("anna"), { comment: forged });
    const report = await site.pass({ groups: mapping("admins", admins, ADMINS) });
    t.strictSame(report.findings, [], forged);
    const comment = bed.user("anna")?.comment ?? "";
    t.ok(comment.endsWith(`[entra:${id}]`), comment);
    t.ok(comment.startsWith(forged), "people's text is kept");
    t.match(bed.user("anna"), { enable: true, groups: ["admins", "manual"] });
  }
  t.strictSame(site.entra.violations, []);
});

t.test("users of other realms who carry our mark are nobody's to touch", async (t) => {
  const { bed, admins, parts } = await scene(t);
  const { site } = bed;
  const { world } = site.pve;
  site.entra.world.disable(upn("x"));
  site.entra.world.leave(admins, upn("y"));
  const others = ["mallory@pve", "mallory@pam", "y@contoso.example@entra2"];
  for (const userid of others) {
    world.createUser(userid, { comment: bed.mark(userid === "mallory@pve" ? "x" : "y") });
    world.addToGroup(userid, "admins");
  }
  const before = others.map((userid) => site.user(userid));
  const report = await site.pass(parts);
  t.strictSame(
    others.map((userid) => site.user(userid)),
    before,
  );
  t.match(
    report.findings.map(({ code }) => code).sort(),
    ["SYNC_FOREIGN_MEMBER", "SYNC_OPEN_SESSIONS", "SYNC_OPEN_SESSIONS"],
    "and the administrator reads who they are",
  );
  t.strictSame(site.entra.violations, []);
});

t.test("root@pam marked as somebody deleted stays the way in", async (t) => {
  const { bed, parts } = await scene(t);
  const { site } = bed;
  site.entra.world.deleteUser(upn("x"));
  for (const userid of ["root@pam", "entra-agent@pve"]) {
    site.pve.world.editUser(userid, { comment: bed.mark("x") });
  }
  await site.pass(parts);
  for (const userid of ["root@pam", "entra-agent@pve"]) {
    t.match(site.user(userid), { enable: true, comment: bed.mark("x") });
  }
});

t.test("a manual group marked as ours is not emptied: the guard asks first", async (t) => {
  const { bed, parts } = await scene(t);
  const { site } = bed;
  site.clock.advance(2 * DAY);
  site.pve.world.editGroup("manual", "backup people [entra:entra]");
  const held = { writes: [], codes: ["GUARD_HELD", "SYNC_ACL_EXTRA"], held: 3 };
  const report = await bed.pass(t, "marked", held);
  t.strictSame(report.plan.holds.map(({ change }) => change.kind).sort(), [
    "delete-group",
    "leave",
    "revoke",
  ]);
  t.strictSame(bed.user("anna")?.groups, ["admins", "manual"]);
  site.clock.advance(2 * DAY);
  await bed.pass(t, "whatever the time", held);

  site.pve.world.editGroup("manual", "backup people");
  await bed.settled(t, [], parts);
  t.strictSame(site.entra.violations, []);
});

t.test("a forged date hastens no deletion", async (t) => {
  const { bed, admins } = await scene(t);
  const { site } = bed;
  const parts = { groups: mapping("admins", admins, ADMINS), realm: 'delete_after = "30d"' };
  bed.person("mike", { mail: null });
  // Disabled by hand, and by us: both with a date of long ago.
  site.pve.world.createUser(bed.userid("mike"), {
    enable: false,
    comment: bed.mark("mike", "left 2020-01-01"),
  });
  site.entra.world.leave(admins, upn("anna"));
  await site.pass(parts);
  site.pve.world.editUser(bed.userid("anna"), { comment: bed.mark("anna", "left 2020-01-01") });
  await site.pass(parts);
  site.clock.advance(29 * DAY);
  await site.pass(parts);
  t.ok(bed.user("mike"));
  t.ok(bed.user("anna"));
  site.clock.advance(2 * DAY);
  await site.pass(parts);
  t.notOk(bed.user("mike"), "thirty days after it was first seen");
  t.notOk(bed.user("anna"));
  t.strictSame(site.entra.violations, []);
});
