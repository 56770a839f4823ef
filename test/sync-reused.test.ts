import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import type { Site } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const MANUAL = { users: ["group:backup-people:root@pam::"] };

/** What belongs to a person, and must not pass to whoever gets the name. */
function belongings(site: Site, userid: string): void {
  site.pve.world.addToGroup(userid, "backup-people");
  site.pve.world.addAcl({ path: "/vms/100", role: "PVEVMAdmin", users: [userid] });
  site.pve.world.createToken(`${userid}!cron`, "emulated-value");
}

t.test("a new person under an old UPN: disabled, deleted, made anew", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }), MANUAL);
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", [anna, bed.person("bert"), bed.person("cora")]);
  await site.pass({ groups: mapping("ops", ops) });
  belongings(site, bed.userid("anna"));

  const { id } = site.entra.world.newPersonUnderOldName(anna, { mail: null });
  bed.call("new", id);
  site.entra.world.join(ops, id);
  const report = await bed.pass(t, "the pass", {
    writes: [
      "PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=backup-people",
      "DELETE users/anna",
      "POST users comment=[entra:new] enable=1 groups=ops userid=anna",
    ],
    codes: ["SYNC_NAME_REUSED"],
  });
  t.strictSame(
    report.done.map(({ write }) => write.kind),
    ["update-user", "delete-user", "create-user"],
    "in this order",
  );
  t.match(bed.user("anna"), { enable: true, groups: ["ops"] });
  t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), []);
  t.notMatch(site.pve.userCfg(), /token:anna@/);
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("the successor is in no mapping: the old account is that of somebody deleted", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }), MANUAL);
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", [anna, bed.person("bert"), bed.person("cora")]);
  await site.pass({ groups: mapping("ops", ops) });
  belongings(site, bed.userid("anna"));
  const { id } = site.entra.world.newPersonUnderOldName(anna, { mail: null });
  bed.call("new", id);
  await bed.pass(t, "the pass", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=backup-people"],
  });
  await bed.settled(t);
  site.entra.world.join(ops, id);
  await bed.pass(t, "the successor comes in later", {
    writes: ["DELETE users/anna", "POST users comment=[entra:new] enable=1 groups=ops userid=anna"],
    codes: ["SYNC_NAME_REUSED"],
  });
  t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), []);
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("two people who swap their names get accounts made anew", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) + mapping("dev", dev) }));
  const { site } = bed;
  const { world } = site.entra;
  const anna = bed.person("anna", { mail: null });
  const bert = bed.person("bert", { mail: null });
  const more = ["cora", "dora"].map((name) => bed.person(name));
  const ops = site.group("Operators", [anna, ...more]);
  const dev = site.group("Developers", [bert, ...more]);
  await site.pass({ groups: mapping("ops", ops) + mapping("dev", dev) });
  world.rename(anna, `interim@${DOMAIN}`);
  world.rename(bert, `anna@${DOMAIN}`);
  world.rename(anna, `bert@${DOMAIN}`);
  await bed.pass(t, "the pass", {
    writes: [
      "PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=",
      "DELETE users/anna",
      "POST users comment=[entra:bert] enable=1 groups=dev userid=anna",
      "PUT users/bert comment=[entra:bert left 2026-11-22] enable=0 groups=",
      "DELETE users/bert",
      "POST users comment=[entra:anna] enable=1 groups=ops userid=bert",
    ],
    codes: ["SYNC_NAME_REUSED", "SYNC_NAME_REUSED"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("the guard holds the deletion alone, never the disabling", async (t) => {
  const parts = () => ({ groups: mapping("ops", ops), sections: "[guard]\nmax_removals = 1" });
  const bed = await startBed(t, parts, MANUAL);
  const { site } = bed;
  const names = ["anna", "bert"];
  const ids = names.map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", [...ids, bed.person("cora"), bed.person("dora")]);
  await site.pass(parts());
  belongings(site, bed.userid("anna"));
  for (const [at, old] of ids.entries()) {
    const { id } = site.entra.world.newPersonUnderOldName(old, { mail: null });
    bed.call(`new ${names[at]}`, id);
    site.entra.world.join(ops, id);
  }
  const codes = ["GUARD_HELD", "SYNC_NAME_REUSED", "SYNC_NAME_REUSED"];
  const report = await bed.pass(t, "two where one is allowed", {
    writes: [
      "PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=backup-people",
      "PUT users/bert comment=[entra:bert left 2026-11-22] enable=0 groups=",
    ],
    codes,
    held: 2,
  });
  t.strictSame(
    report.plan.holds.map(({ change }) => change.kind),
    ["delete-user", "delete-user"],
  );
  t.strictSame(
    report.plan.waiting.map(({ action }) => action.write.kind),
    ["create-user", "create-user"],
    "the new accounts wait for it",
  );
  const again = await bed.pass(t, "and waits", { writes: [], codes, held: 2 });
  t.equal(again.plan.approvalId, report.plan.approvalId);

  site.journal.approve(report.plan.approvalId ?? "", "root", site.clock.now());
  await bed.pass(t, "approved", {
    writes: names.flatMap((name) => [
      `DELETE users/${name}`,
      `POST users comment=[entra:new ${name}] enable=1 groups=ops userid=${name}`,
    ]),
    codes: ["SYNC_NAME_REUSED", "SYNC_NAME_REUSED"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
