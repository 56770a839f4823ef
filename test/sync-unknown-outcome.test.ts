import t from "tap";
import { mapping, startSite } from "./support/site.js";

t.test(
  "a write without an answer is looked for, and not sent again where it happened",
  async (t) => {
    const site = await startSite(t);
    const group = site.group(
      "Operators",
      ["anna", "bert", "cora"].map((name) => site.addUser(name)),
    );
    const parts = { groups: mapping("ops", group) };
    site.pve.faults.add({
      method: "POST",
      path: "/access/users",
      skip: 1,
      do: { kind: "cut", when: "after" },
    });
    const report = await site.pass(parts);
    t.equal(report.realms.get("entra")?.ok, true, "the second look saw that it had happened");
    t.equal(site.pve.log.count({ method: "POST", path: "/access/users" }), 3);
    for (const name of ["anna", "bert", "cora"]) {
      t.strictSame(site.user(`${name}@contoso.example@entra`)?.groups, ["ops"]);
    }
  },
);

t.test(
  "where the second look fails, what was done is told, and the outcome stays unknown",
  async (t) => {
    const site = await startSite(t);
    const group = site.group(
      "Operators",
      ["anna", "bert", "cora"].map((name) => site.addUser(name)),
    );
    const parts = { groups: mapping("ops", group) };
    site.pve.faults.add({
      method: "POST",
      path: "/access/users",
      skip: 1,
      do: { kind: "cut", when: "before" },
    });
    site.pve.faults.add({
      method: "GET",
      path: "/access/users",
      skip: 1,
      times: 4,
      do: { kind: "status", status: 595 },
    });
    const report = await site.pass(parts);
    t.strictSame(
      report.findings.map(({ code }) => code),
      ["PVE_OUTCOME_UNKNOWN", "PVE_UNREACHABLE"],
    );
    t.equal(report.done.length, 2, "the group and one person");
    site.pve.faults.clear();
    const next = await site.pass(parts);
    t.equal(next.realms.get("entra")?.ok, true);
    t.equal(next.done.length, 2, "the other two");
  },
);
