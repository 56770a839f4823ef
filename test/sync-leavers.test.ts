import t from "tap";
import type { Test } from "tap";
import { mapping } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const MANUAL = "group:backup-people:root@pam::";
const MANAGER = "role:Manager:Permissions.Modify,VM.Audit:";
const PRIVILEGED = 'acl = [{ path = "/vms", role = "Manager" }]\nmax_members = 9\n';
const KEPT = ["SYNC_KEPT", "SYNC_KEPT", "SYNC_KEPT"];
const NAMES = ["plain", "manual", "entry", "token"];

/** One who has nothing else, one with a manual group, one with an entry, one whose token has one. */
async function fourPeople(
  t: Test,
  realm: string,
  more = "",
): Promise<{ bed: Bed; group: string; leave: () => void }> {
  const bed = await startBed(t, () => ({ groups: mapping("ops", group, more), realm }), {
    users: [MANUAL, MANAGER],
  });
  const { site } = bed;
  const leavers = NAMES.map((name) => bed.person(name, { mail: null }));
  const stayers = ["x", "y", "z"].map((name) => bed.person(name, { mail: null }));
  const group = site.group("Operators", [...leavers, ...stayers]);
  await site.pass({
    groups: mapping("ops", group, more),
    realm,
  });
  const { world } = site.pve;
  world.addToGroup(bed.userid("manual"), "backup-people");
  world.addAcl({ path: "/vms/1", role: "PVEVMUser", users: [bed.userid("entry")] });
  world.createToken(`${bed.userid("token")}!cron`, "emulated-value");
  world.addAcl({ path: "/vms/2", role: "PVEVMUser", tokens: [`${bed.userid("token")}!cron`] });
  // A day later, so that the guard counts them among those who were there at its beginning.
  site.clock.advance(DAY);
  return { bed, group, leave: () => site.entra.world.leave(group, ...leavers) };
}

const GUARD = "[guard]\nmax_removal_share = 1.0";
const left = (name: string): string => `comment=[entra:${name} left 2026-11-23] enable=0`;

t.test('on_leave = "disable": disabled, but for who has something of their own', async (t) => {
  const { bed, group, leave } = await fourPeople(t, 'on_leave = "disable"');
  const parts = { groups: mapping("ops", group), realm: 'on_leave = "disable"', sections: GUARD };
  leave();
  const report = await bed.pass(
    t,
    "they leave",
    {
      writes: [
        `PUT users/plain ${left("plain")} groups=`,
        "PUT users/manual groups=backup-people",
        "PUT users/entry groups=",
        "PUT users/token groups=",
      ],
      codes: KEPT,
    },
    parts,
  );
  const kept = [
    { userid: "entry", why: "has ACL entries of their own at /vms/1" },
    { userid: "manual", why: "in the manual group backup-people" },
    { userid: "token", why: "has ACL entries of their own at /vms/2" },
  ].map(({ userid, why }) => ({ realm: "entra", userid: bed.userid(userid), why }));
  const sorted = (plan: typeof report.plan): unknown =>
    plan.kept.toSorted((a, b) => a.userid.localeCompare(b.userid));
  t.strictSame(sorted(report.plan), kept);
  const again = await bed.settled(t, KEPT, parts);
  t.strictSame(sorted(again.plan), kept, "and so it is said in every pass");

  bed.site.pve.world.removeFromGroup(bed.userid("manual"), "backup-people");
  await bed.pass(
    t,
    "nothing of their own any more",
    { writes: [`PUT users/manual ${left("manual")}`], codes: KEPT.slice(1) },
    parts,
  );
  t.strictSame(bed.site.entra.violations, []);
});

t.test('on_leave = "delete": deleted, but for who has something of their own', async (t) => {
  const { bed, group, leave } = await fourPeople(t, 'on_leave = "delete"');
  const parts = { groups: mapping("ops", group), realm: 'on_leave = "delete"', sections: GUARD };
  leave();
  await bed.pass(
    t,
    "they leave",
    {
      writes: [
        "DELETE users/plain",
        "PUT users/manual groups=backup-people",
        "PUT users/entry groups=",
        "PUT users/token groups=",
      ],
      codes: KEPT,
    },
    parts,
  );
  t.equal(bed.user("plain"), undefined);
  await bed.settled(t, KEPT, parts);
  t.strictSame(bed.site.entra.violations, []);
});

t.test('on_leave = "keep": the mapped groups go, the account stays', async (t) => {
  const { bed, group, leave } = await fourPeople(t, 'on_leave = "keep"');
  const parts = { groups: mapping("ops", group), realm: 'on_leave = "keep"', sections: GUARD };
  leave();
  const report = await bed.pass(
    t,
    "they leave",
    {
      writes: [
        "PUT users/plain groups=",
        "PUT users/manual groups=backup-people",
        "PUT users/entry groups=",
        "PUT users/token groups=",
      ],
    },
    parts,
  );
  t.strictSame([...new Set(report.plan.kept.map(({ why }) => why))], ['on_leave = "keep"']);
  t.equal(report.plan.kept.length, 4);
  bed.site.entra.world.disable("plain@contoso.example");
  await bed.pass(
    t,
    "disabled in Entra: always",
    { writes: [`PUT users/plain ${left("plain")}`] },
    parts,
  );
  t.strictSame(bed.site.entra.violations, []);
});

t.test("after a privileged mapping nobody is kept for what is their own", async (t) => {
  const { bed, group, leave } = await fourPeople(t, "", PRIVILEGED);
  const parts = { groups: mapping("ops", group, PRIVILEGED), sections: GUARD };
  leave();
  await bed.pass(
    t,
    "they leave",
    {
      writes: [
        `PUT users/plain ${left("plain")} groups=`,
        `PUT users/manual ${left("manual")} groups=backup-people`,
        `PUT users/entry ${left("entry")} groups=`,
        `PUT users/token ${left("token")} groups=`,
      ],
      codes: NAMES.map(() => "SYNC_OPEN_SESSIONS"),
    },
    parts,
  );
  await bed.settled(t, [], parts);
  t.strictSame(bed.site.entra.violations, []);
});

t.test(
  "after a privileged mapping: one question decides about membership and account",
  async (t) => {
    const both = () => ({ groups: mapping("ops", ops, PRIVILEGED) + mapping("dev", dev) });
    const bed = await startBed(t, both, { users: [MANUAL, MANAGER] });
    const { site } = bed;
    const anna = bed.person("anna", { mail: null });
    const others = ["x", "y", "z"].map((name) => bed.person(name, { mail: null }));
    const ops = site.group("Operators", [anna, ...others]);
    const dev = site.group("Developers", others);
    await site.pass(both());
    site.pve.world.addToGroup(bed.userid("anna"), "backup-people");
    site.entra.world.leave(ops, anna);
    site.entra.log.clear();
    await bed.pass(t, "the pass", {
      writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=backup-people"],
      codes: ["SYNC_OPEN_SESSIONS"],
    });
    // One for the groups' facts, one for what anna's own side says of every mapping at once: a
    // second question could stay unanswered, and the next pass would not know what anna has lost.
    t.equal(site.entra.log.count({ path: "batch" }), 2);
    t.match(bed.user("anna"), { enable: false, groups: ["backup-people"] });
    t.strictSame(site.entra.violations, []);
  },
);

t.test("the last of several mappings decides, and a return brings all back", async (t) => {
  const both = () => ({ groups: mapping("ops", ops) + mapping("dev", dev) });
  const bed = await startBed(t, both);
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const others = ["x", "y", "z"].map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", [anna, ...others]);
  const dev = site.group("Developers", [anna, ...others]);
  await site.pass(both());
  site.entra.world.leave(ops, anna);
  await bed.pass(t, "out of one", { writes: ["PUT users/anna groups=dev"] });
  site.entra.world.leave(dev, anna);
  await bed.pass(t, "out of both", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
  });
  site.pve.world.editUser(bed.userid("anna"), {
    comment: `desk 4 ${bed.mark("anna", "left 2026-11-22")}`,
  });
  site.entra.world.join(ops, anna);
  await bed.pass(t, "back in one", {
    writes: ["PUT users/anna append=1 comment=desk 4 [entra:anna] enable=1 groups=ops"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("nobody is enabled again for a group that they may not join", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops, "max_members = 3") }), {
    users: [MANUAL],
  });
  const { site } = bed;
  const { world } = site.entra;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", [
    anna,
    ...["x", "y"].map((name) => bed.person(name, { mail: null })),
  ]);
  await site.pass({ groups: mapping("ops", ops, "max_members = 3") });
  world.disable(anna);
  await bed.pass(t, "disabled in Entra", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
  });
  site.pve.world.addToGroup(bed.userid("anna"), "backup-people");
  world.enable(anna);
  world.join(ops, bed.person("new", { mail: null }));
  await bed.settled(t, ["SYNC_MAX_MEMBERS"]);
  world.leave(ops, "y@contoso.example");
  await bed.pass(t, "there is room again", {
    writes: [
      "PUT users/y comment=[entra:y left 2026-11-22] enable=0 groups=",
      "PUT users/anna append=1 comment=[entra:anna] enable=1 groups=ops",
      "POST users comment=[entra:new] enable=1 groups=ops userid=new",
    ],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
