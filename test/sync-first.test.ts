import t from "tap";
import { mapping, startSite } from "./support/site.js";

t.test("a first sync brings people, groups and entries, one write each", async (t) => {
  const site = await startSite(t);
  const people = ["anna", "bert", "cora"].map((name) => site.addUser(name));
  const group = site.group("Operators", people);
  const parts = {
    groups: mapping("ops", group, 'acl = [{ path = "/vms", role = "PVEVMUser" }]'),
  };
  site.pve.log.clear();
  const report = await site.pass(parts);
  t.strictSame(report.findings, []);
  t.equal(report.realms.get("entra")?.ok, true);
  t.strictSame(site.user("anna@contoso.example@entra")?.groups, ["ops"]);
  t.ok(site.rights("anna@contoso.example@entra", "/vms/100").includes("VM.PowerMgmt"));
  const writes = site.pve.log.entries().filter(({ method }) => method !== "GET");
  t.equal(writes.length, 3 + 1 + 1);

  site.pve.log.clear();
  site.entra.log.clear();
  const again = await site.pass(parts);
  t.strictSame(again.plan.actions, []);
  const reads = site.pve.log.entries().map(({ method, path }) => `${method} ${path}`);
  t.equal(reads.filter((line) => line.startsWith("GET")).length, 6 + 1, reads.join("\n"));
  t.strictSame(site.entra.violations, []);
});
