import t from "tap";
import { mapping } from "./support/site.js";
import type { ErrorCode } from "../src/errors.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const MORE = 'acl = [{ path = "/vms", role = "PVEVMUser" }]\n';
const CASES: readonly [what: string, change: Record<string, string | number>, code: ErrorCode][] = [
  ["another issuer", { "issuer-url": "https://login.example/x/v2.0" }, "REALM_ISSUER"],
  ["another client id", { "client-id": "99999999-9999-4999-8999-999999999999" }, "REALM_CLIENT_ID"],
  [
    "a groups-claim that can write a group of ours",
    { "groups-claim": "groups" },
    "REALM_GROUPS_CLAIM",
  ],
  [
    "a groups-claim with groups-overwrite",
    { "groups-claim": "roles", "groups-overwrite": 1 },
    "REALM_GROUPS_CLAIM",
  ],
  ["groups-overwrite alone", { "groups-overwrite": 1 }, "REALM_GROUPS_CLAIM"],
];

for (const [what, change, code] of CASES) {
  t.test(`${what}: additions stop, removals go on`, async (t) => {
    const group = what.startsWith("a groups-claim that") ? "ops-entra" : "ops";
    const parts = () => ({ groups: mapping(group, ops, MORE) + mapping("dev", dev) });
    const bed = await startBed(t, parts);
    const { site } = bed;
    const names = ["anna", "bert", "cora", "dora"];
    const ids = names.map((name) => bed.person(name, { mail: null }));
    const [anna = "", bert = "", cora = "", dora = ""] = ids;
    const more = ["x", "y", "z"].map((name) => bed.person(name, { mail: null }));
    const ops = site.group("Operators", [...ids, ...more]);
    const dev = site.group("Developers", more);
    await site.pass(parts());
    site.entra.world.leave(ops, dora);
    await site.pass(parts());
    t.equal(bed.user("dora")?.enable, false);

    site.pve.world.setRealm("entra", change);
    site.pve.world.removeAcl({ path: "/vms", role: "PVEVMUser", groups: [group] });
    site.entra.world.join(ops, bed.person("new", { mail: null }), dora);
    site.entra.world.editUser(more[0] ?? "", { givenName: "Xenia" });
    site.entra.world.leave(ops, anna);
    site.entra.world.disable(bert);
    site.entra.world.join(dev, cora);
    const report = await bed.pass(t, what, {
      writes: ["anna", "bert"].map(
        (name) => `PUT users/${name} comment=[entra:${name} left 2026-11-22] enable=0 groups=`,
      ),
      codes: [code],
    });
    t.equal(report.realms.get("entra")?.ok, false);
    t.equal(report.findings[0]?.realm, "entra");
    await bed.settled(t, [code]);

    site.pve.world.setRealm("entra", {
      "issuer-url": site.entra.issuer,
      "client-id": site.sso.appId,
      "groups-claim": null,
      "groups-overwrite": null,
    });
    await bed.pass(t, "put right", {
      writes: [
        `PUT acl groups=${group} path=/vms propagate=1 roles=PVEVMUser`,
        `POST users comment=[entra:new] enable=1 groups=${group} userid=new`,
        `PUT users/dora append=1 comment=[entra:dora] enable=1 groups=${group}`,
        "PUT users/cora append=1 groups=dev",
        "PUT users/x firstname=Xenia",
      ],
    });
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  });
}

t.test("a groups-claim that reaches no group of ours is left alone", async (t) => {
  const parts = () => ({ groups: mapping("ops", ops) });
  const bed = await startBed(t, parts, { realmProperties: { "groups-claim": "groups" } });
  const ops = bed.site.group("Operators", [bed.person("anna", { mail: null })]);
  await bed.pass(t, "the pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "POST users comment=[entra:anna] enable=1 groups=ops userid=anna",
    ],
  });
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});
