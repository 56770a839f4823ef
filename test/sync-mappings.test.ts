/** Mappings that come, go, change their name or their Entra groups. */
import t from "tap";
import { mapping } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const VMS = 'acl = [{ path = "/vms", role = "PVEVMUser" }]';
const NAMES = ["anna", "bert", "cora", "dora", "emil"];
const upn = (name: string): string => `${name}@contoso.example`;
const people = (bed: Bed, names: readonly string[] = NAMES): string[] =>
  names.map((name) => bed.person(name, { mail: null }));
const left = (name: string): string =>
  `PUT users/${name} comment=[entra:${name} left 2026-11-23] enable=0 groups=`;

/** After this everybody who is in a group was in it when the guard's day began. */
async function settle(site: Site, parts: ConfigParts): Promise<void> {
  await site.pass(parts);
  site.clock.advance(DAY + 1);
}

t.test(
  "a mapping removed: the guard asks first; then members, entries and the group go",
  async (t) => {
    const dev = (): string => mapping("dev", developers);
    const bed = await startBed(t, (): ConfigParts => ({ groups: dev() }));
    const { site } = bed;
    const ids = people(bed);
    const ops = site.group("Operators", ids);
    const developers = site.group("Developers", ids.slice(0, 2));
    await settle(site, { groups: mapping("ops", ops, VMS) + dev() });
    site.pve.world.createUser("olga@pam");

    const report = await bed.pass(t, "held", { writes: [], codes: ["GUARD_HELD"], held: 10 });
    t.match(report.findings[0]?.message, /group ops: 5 removed now/);
    t.ok(site.rights(bed.userid("anna"), "/vms/100").length > 0);
    site.pve.world.addToGroup("olga@pam", "ops");
    const other = await bed.pass(t, "somebody else is in it", {
      writes: [],
      codes: ["GUARD_HELD", "SYNC_FOREIGN_MEMBER"],
      held: 9,
    });
    site.journal.approve(other.plan.approvalId ?? "", "root", site.clock.now());
    await bed.pass(t, "approved: all but the group", {
      writes: [
        "PUT users/anna groups=dev",
        "PUT users/bert groups=dev",
        ...["cora", "dora", "emil"].map(left),
        "PUT acl delete=1 groups=ops path=/vms roles=PVEVMUser",
      ],
      codes: ["SYNC_FOREIGN_MEMBER"],
    });
    site.pve.world.removeFromGroup("olga@pam", "ops");
    await bed.pass(t, "nothing else is left in it", { writes: ["DELETE groups/ops"] });
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  },
);

t.test("a mapping renamed: the new group first, the old one waits for the guard", async (t) => {
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("operators", ops, VMS) }));
  const { site } = bed;
  const ops = site.group("Operators", people(bed));
  await settle(site, { groups: mapping("ops", ops, VMS) });
  const report = await bed.pass(t, "renamed", {
    writes: [
      "POST groups comment=[entra:entra] groupid=operators",
      "PUT acl groups=operators path=/vms propagate=1 roles=PVEVMUser",
      ...NAMES.map((name) => `PUT users/${name} append=1 groups=operators`),
    ],
    codes: ["GUARD_HELD"],
    held: 7,
  });
  for (const name of NAMES) {
    t.match(bed.user(name), { enable: true, groups: ["operators", "ops"] });
  }
  site.journal.approve(report.plan.approvalId ?? "", "root", site.clock.now());
  await bed.pass(t, "approved", {
    writes: [
      ...NAMES.map((name) => `PUT users/${name} groups=operators`),
      "PUT acl delete=1 groups=ops path=/vms roles=PVEVMUser",
      "DELETE groups/ops",
    ],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test(
  "its Entra group replaced: those in both stay, the others go within the guard",
  async (t) => {
    const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", other, VMS) }));
    const { site } = bed;
    const ids = people(bed);
    const ops = site.group("Operators", ids);
    const other = site.group("Others", [...ids.slice(2), bed.person("new", { mail: null })]);
    await settle(site, { groups: mapping("ops", ops, VMS) });
    await bed.pass(t, "replaced", {
      writes: [
        left("anna"),
        left("bert"),
        "POST users comment=[entra:new] enable=1 groups=ops userid=new",
      ],
    });
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  },
);

t.test("several Entra groups are one union: out of one is not out", async (t) => {
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", [one, two], VMS) }));
  const { site } = bed;
  const { world } = site.entra;
  const ids = people(bed);
  const one = site.group("One", ids.slice(0, 3));
  const two = site.group("Two", ids.slice(1));
  await bed.pass(t, "first", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "PUT acl groups=ops path=/vms propagate=1 roles=PVEVMUser",
      ...NAMES.map(
        (name) => `POST users comment=[entra:${name}] enable=1 groups=ops userid=${name}`,
      ),
    ],
  });
  site.clock.advance(DAY + 1);
  world.leave(one, upn("bert"));
  await bed.settled(t);
  world.leave(two, upn("bert"));
  await bed.pass(t, "out of both", { writes: [left("bert")] });

  // While one cannot be read nobody goes; who is in the other comes in.
  site.entra.faults.add({
    path: `/groups/${one}/transitiveMembers`,
    do: { kind: "status", status: 404 },
  });
  world.leave(two, upn("emil"));
  world.join(two, bed.person("new", { mail: null }));
  await bed.pass(t, "one unreadable", {
    writes: ["POST users comment=[entra:new] enable=1 groups=ops userid=new"],
    codes: ["ENTRA_GROUP_MISSING"],
  });
  await bed.pass(t, "readable again", { writes: [left("emil")] });
  t.strictSame(site.entra.violations, []);
});

t.test(
  "just in time: in and out all day, the account stays, the guard does not mind",
  async (t) => {
    const jit = `${VMS}\njust_in_time = true`;
    const bed = await startBed(t, (): ConfigParts => ({
      groups: mapping("duty", duty, jit) + mapping("ops", ops),
      sections: "[guard]\nmax_removals = 1",
    }));
    const { site } = bed;
    const { world } = site.entra;
    const ids = people(bed);
    const duty = site.group("On duty", ids);
    const ops = site.group("Operators", [ids[0] ?? "", ...people(bed, ["x", "y"])]);
    await bed.pass(t, "on duty", {
      writes: [
        "POST groups comment=[entra:entra] groupid=duty",
        "POST groups comment=[entra:entra] groupid=ops",
        "PUT acl groups=duty path=/vms propagate=1 roles=PVEVMUser",
        "POST users comment=[entra:anna] enable=1 groups=duty,ops userid=anna",
        ...NAMES.slice(1).map(
          (name) => `POST users comment=[entra:${name} jit] enable=1 groups=duty userid=${name}`,
        ),
        ...["x", "y"].map(
          (name) => `POST users comment=[entra:${name}] enable=1 groups=ops userid=${name}`,
        ),
      ],
    });
    for (let day = 0; day < 2; day += 1) {
      site.clock.advance(8 * 3_600_000);
      world.leave(duty, ...NAMES.map(upn));
      const off = await bed.pass(t, "all off duty", {
        writes: [
          "PUT users/anna groups=ops",
          ...NAMES.slice(1).map((name) => `PUT users/${name} groups=`),
        ],
      });
      t.equal(off.plan.kept.length, 4, "the accounts stay, and it is said");
      for (const name of NAMES) t.match(bed.user(name), { enable: true });
      await bed.settled(t);
      world.join(duty, ...NAMES.map(upn));
      await bed.pass(t, "all on duty", {
        writes: NAMES.map((name) => `PUT users/${name} append=1 groups=duty`),
      });
    }
    // Whom another mapping ever brought has left once outside all, whatever lapsed last.
    world.leave(ops, upn("anna"));
    await bed.pass(t, "out of the other mapping", { writes: ["PUT users/anna groups=duty"] });
    world.leave(duty, upn("anna"), upn("bert"));
    await bed.pass(t, "and off duty", {
      writes: [
        "PUT users/anna comment=[entra:anna left 2026-11-23] enable=0 groups=",
        "PUT users/bert groups=",
      ],
    });
    world.disable(upn("cora"));
    await bed.pass(t, "disabled in Entra all the same", {
      writes: ["PUT users/cora comment=[entra:cora left 2026-11-23 jit] enable=0 groups="],
    });
    t.strictSame(site.entra.violations, []);
  },
);

t.test("a journal lost: the count starts full, entries are no longer ours", async (t) => {
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", ops, VMS) }));
  const { site } = bed;
  const ops = site.group("Operators", people(bed));
  const pool = '[{ path = "/vms", role = "PVEVMUser" }, { path = "/pool", role = "PVEAuditor" }]';
  await settle(site, { groups: mapping("ops", ops, `acl = ${pool}`) });
  site.loseJournal();
  site.entra.world.leave(ops, upn("anna"));
  site.entra.world.join(ops, bed.person("new", { mail: null }));
  const report = await bed.pass(t, "one leaves, one comes, one entry is too many", {
    writes: [],
    codes: ["GUARD_HELD", "SYNC_ACL_EXTRA"],
    held: 3,
  });
  t.match(bed.user("anna"), { enable: true, groups: ["ops"] });
  // Who comes in now would get an entry that neither before nor after gives them (P3).
  t.match(report.plan.waiting, [{ waitsFor: /revoke PVEAuditor on \/pool from ops \(held\)/ }]);
  site.clock.advance(DAY + 60_000);
  const later = await bed.pass(t, "a day later people are counted as ever", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-24] enable=0 groups="],
    codes: ["GUARD_HELD", "SYNC_ACL_EXTRA"],
    held: 1,
  });
  site.journal.approve(later.plan.approvalId ?? "", "root", site.clock.now());
  await bed.pass(t, "the entry is approved", {
    writes: [
      "PUT acl delete=1 groups=ops path=/pool roles=PVEAuditor",
      "POST users comment=[entra:new] enable=1 groups=ops userid=new",
    ],
    codes: ["SYNC_ACL_EXTRA"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
