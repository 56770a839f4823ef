import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("a renamed person: the new userid takes the mapped groups and nothing else", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }), {
    users: ["group:backup-people:root@pam::"],
  });
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", [anna, bed.person("bert"), bed.person("cora")]);
  await site.pass({ groups: mapping("ops", ops) });
  const old = bed.userid("anna");
  site.pve.world.addToGroup(old, "backup-people");
  site.pve.world.addAcl({ path: "/vms/100", role: "PVEVMUser", users: [old] });
  site.pve.world.createToken(`${old}!cron`, "emulated-value");
  await bed.settled(t);

  site.entra.world.rename(anna, `anna.b@${DOMAIN}`);
  const report = await bed.pass(t, "the new name", {
    writes: [
      "PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=backup-people",
      "POST users comment=[entra:anna] enable=1 groups=ops userid=anna.b",
    ],
    codes: ["SYNC_RENAMED"],
  });
  t.equal(
    report.findings[0]?.message,
    `${old} is now ${bed.userid("anna.b")}; what stays behind: manual groups backup-people; ` +
      "ACL entries at /vms/100; tokens cron",
  );
  t.strictSame(site.rights(bed.userid("anna.b"), "/vms/100"), []);
  t.strictSame(bed.user("anna")?.groups, ["backup-people"]);
  site.entra.log.clear();
  await bed.settled(t);
  t.equal(site.entra.log.count({ path: "/users/" }), 0, "nobody asks about the old name");

  site.entra.world.rename(anna, `anna@${DOMAIN}`);
  await bed.pass(t, "the old name again", {
    writes: [
      "PUT users/anna append=1 comment=[entra:anna] enable=1 groups=ops",
      "PUT users/anna.b comment=[entra:anna left 2026-11-22] enable=0 groups=",
    ],
    codes: ["SYNC_RENAMED"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("whom an administrator disabled is not brought back by an old name", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", [anna, bed.person("bert"), bed.person("cora")]);
  await site.pass({ groups: mapping("ops", ops) });
  site.pve.world.disableUser(bed.userid("anna"));
  site.pve.world.removeFromGroup(bed.userid("anna"), "ops");
  site.entra.world.rename(anna, `anna.b@${DOMAIN}`);
  await bed.pass(t, "the new name", {
    writes: ["POST users comment=[entra:anna] enable=1 groups=ops userid=anna.b"],
  });
  t.strictSame(bed.user("anna")?.groups, []);
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("many renames at once are held, and nobody is locked out by it", async (t) => {
  const parts = () => ({ groups: mapping("ops", ops), sections: "[guard]\nmax_removals = 2" });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const names = ["anna", "bert", "cora"];
  const ops = site.group("Operators", [
    ...names.map((name) => bed.person(name, { mail: null })),
    bed.person("dora"),
  ]);
  await site.pass(parts());
  for (const name of names) site.entra.world.rename(`${name}@${DOMAIN}`, `${name}.x@${DOMAIN}`);
  const report = await bed.pass(t, "three where two are allowed", {
    writes: names.map(
      (name) => `POST users comment=[entra:${name}] enable=1 groups=ops userid=${name}.x`,
    ),
    codes: ["GUARD_HELD", ...names.map(() => "SYNC_RENAMED")],
    held: 6,
  });
  t.strictSame(report.plan.holds.map(({ change }) => change.kind).sort(), [
    "disable-user",
    "disable-user",
    "disable-user",
    "leave",
    "leave",
    "leave",
  ]);
  for (const name of names) t.match(bed.user(name), { enable: true, groups: ["ops"] });
  t.strictSame(site.entra.violations, []);
});
