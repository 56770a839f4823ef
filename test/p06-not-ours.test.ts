/** P6: what is not ours is not touched. Groups of our name, marks taken away, entries of others. */
import t from "tap";
import { mapping } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const VMS = 'acl = [{ path = "/vms", role = "PVEVMUser" }]';
const NAMES = ["anna", "bert", "cora", "dora", "emil"];
const FOREIGN = [
  "user:olga@pam:1:0::::::",
  "user:hand@contoso.example@entra:1:0::::made by hand::",
  "group:ops:hand@contoso.example@entra,olga@pam:of the night shift:",
  "acl:1:/storage:@ops:PVEDatastoreUser:",
];

t.test("a group of our name without the mark: refused, and nothing in it is touched", async (t) => {
  const bed = await startBed(
    t,
    (): ConfigParts => ({ groups: mapping("ops", ops, VMS) + mapping("dev", dev) }),
    { users: FOREIGN },
  );
  const ops = bed.site.group("Operators", [bed.person("anna", { mail: null })]);
  const dev = bed.site.group("Developers", [bed.person("bert", { mail: null })]);
  bed.call("hand", bed.site.addUser("hand"));
  const before = bed.site.pve.userCfg();
  await bed.pass(t, "refused", {
    writes: [
      "POST groups comment=[entra:entra] groupid=dev",
      "POST users comment=[entra:bert] enable=1 groups=dev userid=bert",
    ],
    codes: ["SYNC_GROUP_UNMARKED"],
  });
  for (const line of before.split("\n")) {
    t.ok(bed.site.pve.userCfg().split("\n").includes(line), line);
  }
  await bed.settled(t, ["SYNC_GROUP_UNMARKED"]);
  t.strictSame(bed.site.entra.violations, []);
});

t.test(
  "adopt = true: held until approved; then people and entries as the mapping says",
  async (t) => {
    const bed = await startBed(
      t,
      (): ConfigParts => ({ groups: mapping("ops", ops, `${VMS}\nadopt = true`) }),
      { users: FOREIGN },
    );
    const ops = bed.site.group("Operators", [bed.person("anna", { mail: null })]);
    bed.call("hand", bed.site.addUser("hand"));
    const codes = ["GUARD_HELD", "GUARD_HELD", "SYNC_ACL_EXTRA", "SYNC_FOREIGN_MEMBER"];
    const report = await bed.pass(t, "held", { writes: [], codes, held: 3 });
    const kinds = report.plan.holds.map(({ change }) => change.kind).sort();
    t.strictSame(kinds, ["adopt-group", "leave", "revoke"]);
    const adopt = report.plan.holds.find(({ change }) => change.kind === "adopt-group");
    t.match(adopt?.change.reason, /hand@contoso\.example@entra would lose it/);
    t.match(adopt?.change.reason, /\/storage PVEDatastoreUser would go/);
    await bed.pass(t, "and so again", { writes: [], codes, held: 3 });

    bed.site.journal.approve(report.plan.approvalId ?? "", "root", bed.site.clock.now());
    await bed.pass(t, "approved", {
      writes: [
        "PUT groups/ops comment=of the night shift [entra:entra]",
        "PUT users/hand groups=",
        "PUT acl delete=1 groups=ops path=/storage roles=PVEDatastoreUser",
        "PUT acl groups=ops path=/vms propagate=1 roles=PVEVMUser",
        "POST users comment=[entra:anna] enable=1 groups=ops userid=anna",
      ],
      codes: ["SYNC_ACL_EXTRA", "SYNC_FOREIGN_MEMBER"],
    });
    t.match(bed.user("hand"), { enable: true, comment: "made by hand", groups: [] });
    t.strictSame(bed.site.user("olga@pam")?.groups, ["ops"], "of another realm: stays");
    await bed.settled(t, ["SYNC_FOREIGN_MEMBER"]);
    t.strictSame(bed.site.entra.violations, []);
  },
);

t.test("a mark taken away: removals go on, additions stop", async (t) => {
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", ops, VMS) }));
  const { site } = bed;
  const ops = site.group(
    "Operators",
    NAMES.map((name) => bed.person(name, { mail: null })),
  );
  await site.pass({ groups: mapping("ops", ops, VMS) });
  site.clock.advance(DAY + 1);
  site.pve.world.editGroup("ops", "whoever wrote this took the mark away");
  site.entra.world.leave(ops, "anna@contoso.example");
  site.entra.world.join(ops, bed.person("new"));
  await bed.pass(t, "the journal knows the group", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-23] enable=0 groups="],
    codes: ["SYNC_MARK_MISSING"],
  });
  await bed.settled(t, ["SYNC_MARK_MISSING"]);

  site.loseJournal();
  site.entra.world.leave(ops, "bert@contoso.example");
  const report = await bed.pass(t, "no journal knows it", {
    writes: [],
    codes: ["GUARD_HELD", "SYNC_GROUP_UNMARKED"],
    held: 2,
  });
  t.match(bed.user("bert"), { enable: true, groups: ["ops"] });
  site.journal.approve(report.plan.approvalId ?? "", "root", site.clock.now());
  await bed.pass(t, "approved", {
    writes: ["PUT users/bert comment=[entra:bert left 2026-11-23] enable=0 groups="],
    codes: ["SYNC_GROUP_UNMARKED"],
  });
  site.pve.world.editGroup("ops", "given back [entra:entra]");
  await bed.pass(t, "the mark is back", {
    writes: [
      "POST users comment=[entra:new] email=new@contoso.example enable=1 groups=ops userid=new",
    ],
  });
  t.strictSame(site.entra.violations, []);
});

t.test("entries beside ours: removed where we wrote them, held or kept where not", async (t) => {
  const both =
    'acl = [{ path = "/vms", role = "PVEVMUser" }, { path = "/pool", role = "PVEAuditor" }]';
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", ops, VMS) }));
  const { site } = bed;
  const ops = site.group(
    "Operators",
    NAMES.map((name) => bed.person(name, { mail: null })),
  );
  const sections = "[guard]\nmax_removal_share = 1.0";
  const parts = (more: string): ConfigParts => ({ groups: mapping("ops", ops, more), sections });
  await site.pass(parts(both));
  site.clock.advance(DAY + 1);
  site.pve.world.addAcl({ path: "/storage", role: "PVEDatastoreUser", groups: ["ops"] });
  site.pve.world.addAcl({ path: "/nodes", role: "PVEAuditor", groups: ["ops"] });
  site.pve.world.addAcl({ path: "/storage", role: "PVEAuditor", users: [bed.userid("anna")] });
  const report = await bed.pass(
    t,
    "one is ours, one not, one not to be removed",
    {
      writes: ["PUT acl delete=1 groups=ops path=/pool roles=PVEAuditor"],
      codes: ["GUARD_HELD", "SYNC_ACL_EXTRA", "SYNC_ACL_EXTRA", "SYNC_PATH_NOT_ALLOWED"],
      held: 1,
    },
    parts(VMS),
  );
  t.equal(report.realms.get("entra")?.ok !== undefined, true);
  const keep = await bed.pass(
    t,
    'acl_extra = "keep"',
    { writes: [], codes: [] },
    parts(`${VMS}\nacl_extra = "keep"`),
  );
  t.equal(keep.plan.untouched.filter((line) => line.includes("keep")).length, 2);
  const none = await bed.pass(t, "no acl in the mapping", { writes: [] }, parts(""));
  t.equal(none.plan.untouched.length, 3);
  site.journal.approve(report.plan.approvalId ?? "", "root", site.clock.now());
  await bed.pass(
    t,
    "approved",
    {
      writes: ["PUT acl delete=1 groups=ops path=/storage roles=PVEDatastoreUser"],
      codes: ["SYNC_ACL_EXTRA", "SYNC_ACL_EXTRA", "SYNC_PATH_NOT_ALLOWED"],
    },
    parts(VMS),
  );
  t.ok(site.rights(bed.userid("anna"), "/storage/x").includes("Datastore.Audit"));
  t.strictSame(site.entra.violations, []);
});
