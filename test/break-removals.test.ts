/** What could keep rights for somebody whom Entra took them from: none of it does (P2). */
import t from "tap";
import { mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const MANAGER = "role:Manager:Permissions.Modify,VM.Audit:";
const PRIVILEGED = 'acl = [{ path = "/vms", role = "Manager" }]\nmax_members = 9\n';

t.test("a deleted Entra group in another mapping's union shields nobody", async (t) => {
  const parts = () => ({
    groups: mapping("ops", ops) + mapping("admins", [lead, lost], PRIVILEGED),
  });
  const bed = await startBed(t, parts, { users: [MANAGER] });
  const { site } = bed;
  const { world } = site.entra;
  const names = ["anna", "bert", "cora", "x", "y", "z"];
  const [anna = "", bert = "", cora = "", ...rest] = names.map((name) =>
    bed.person(name, { mail: null }),
  );
  const ops = site.group("Operators", [anna, bert, cora, ...rest]);
  const lead = site.group("Leads", []);
  const lost = site.group("Lost", []);
  await site.pass(parts());
  world.deleteGroup(lost);
  // Listed by the half of the union that can be read, and not yet members of `admins`.
  world.join(lead, anna, bert, cora);
  world.leave(ops, anna);
  world.disable(bert);
  await bed.pass(t, "the first pass in which Entra says so", {
    writes: [
      "PUT users/anna groups=admins",
      "PUT users/bert comment=[entra:bert left 2026-11-22] enable=0 groups=",
      "PUT users/cora append=1 groups=admins",
    ],
    codes: ["ENTRA_GROUP_MISSING"],
  });
  t.strictSame(site.entra.violations, []);
});

t.test("a group that waits for its adoption shields nobody disabled in Entra", async (t) => {
  const parts = () => ({
    groups: mapping("ops", ops) + mapping("manual", other, "adopt = true"),
  });
  const bed = await startBed(t, parts, { users: ["group:manual:::"] });
  const { site } = bed;
  const { world } = site.entra;
  const [anna = "", ...rest] = ["anna", "x", "y", "z"].map((name) =>
    bed.person(name, { mail: null }),
  );
  const ops = site.group("Operators", [anna, ...rest]);
  const other = site.group("Other", rest);
  await site.pass({ groups: mapping("ops", ops) });
  site.pve.world.addToGroup(bed.userid("anna"), "manual");
  site.pve.world.createToken(`${bed.userid("anna")}!cron`, "emulated-value");
  world.disable(anna);
  await bed.pass(t, "disabled", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=manual"],
    codes: ["GUARD_HELD", "GUARD_HELD"],
    held: 2,
  });
  t.strictSame(site.entra.violations, []);
});

t.test("a group that lost its mark and the journal shields nobody disabled in Entra", async (t) => {
  const parts = () => ({ groups: mapping("ops", ops) + mapping("dev", dev) });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const { world } = site.entra;
  const [anna = "", ...rest] = ["anna", "x", "y", "z"].map((name) =>
    bed.person(name, { mail: null }),
  );
  const ops = site.group("Operators", [anna, ...rest]);
  const dev = site.group("Developers", [anna, ...rest]);
  await site.pass(parts());
  site.pve.world.editGroup("dev", "");
  site.loseJournal();
  world.disable(anna);
  await bed.pass(t, "disabled", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=dev"],
    codes: ["GUARD_HELD", "SYNC_GROUP_UNMARKED"],
    held: 1,
  });
  t.strictSame(site.entra.violations, []);
});

t.test("whoever left a privileged mapping a pass earlier keeps no account either", async (t) => {
  const parts = () => ({
    groups: mapping("admins", admins, PRIVILEGED) + mapping("ops", ops),
  });
  const bed = await startBed(t, parts, { users: [MANAGER, "group:manual:::"] });
  const { site } = bed;
  const { world } = site.entra;
  const [anna = "", ...rest] = ["anna", "x", "y", "z"].map((name) =>
    bed.person(name, { mail: null }),
  );
  const admins = site.group("Administrators", [anna, ...rest]);
  const ops = site.group("Operators", rest);
  await site.pass(parts());
  site.pve.world.addToGroup(bed.userid("anna"), "manual");
  // Whether anna is in `ops` cannot be known for now.
  site.entra.faults.add({
    path: `/groups/${ops}/transitiveMembers`,
    times: 1,
    do: { kind: "status", status: 403 },
  });
  world.leave(admins, anna);
  await bed.pass(t, "one mapping unreadable", {
    writes: ["PUT users/anna groups=manual"],
    codes: ["ENTRA_FORBIDDEN", "SYNC_OPEN_SESSIONS"],
  });
  await bed.pass(t, "all of them readable", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0"],
  });
  t.strictSame(site.entra.violations, []);
});
