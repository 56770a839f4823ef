/** P7: without a way in that does not depend on Entra nothing is added, and the last one stays. */
import t from "tap";
import { mapping } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const NAMES = ["anna", "bert", "cora", "dora"];
const upn = (name: string): string => `${name}@contoso.example`;
const left = (name: string): string =>
  `PUT users/${name} comment=[entra:${name} left 2026-11-23] enable=0 groups=`;
const ADMINS = 'acl = [{ path = "/", role = "Administrator" }]\nmax_members = 9';

t.test("root@pam disabled, nobody else: removals go on, additions wait", async (t) => {
  const parts = (): ConfigParts => ({
    groups: mapping("admins", admins, ADMINS) + mapping("ops", ops),
    sections: "[guard]\nmax_removal_share = 1.0",
  });
  const bed = await startBed(t, parts, { aclPaths: ["/"] });
  const { site } = bed;
  const { world } = site.entra;
  const [anna = "", ...others] = NAMES.map((name) => bed.person(name, { mail: null }));
  const admins = site.group("Admins", [anna]);
  const ops = site.group("Operators", others);
  const first = await site.pass(parts());
  t.strictSame(first.findings, []);
  site.clock.advance(DAY + 1);
  site.pve.world.disableUser("root@pam");

  await bed.settled(t, ["SYNC_NO_FALLBACK"]);
  world.leave(ops, upn("bert"));
  world.join(ops, bed.person("new", { mail: null }));
  const report = await bed.pass(t, "one out, one in", {
    writes: [left("bert")],
    codes: ["SYNC_NO_FALLBACK"],
  });
  t.match(report.plan.waiting, [{ waitsFor: /SYNC_NO_FALLBACK/ }]);
  t.equal(report.realms.get("entra")?.ok, false);

  // The last effective administrator, though of our realm, is not removed.
  world.leave(admins, upn("anna"));
  await bed.pass(t, "the last one leaves", {
    writes: [],
    codes: [...Array.from({ length: 3 }, () => "SYNC_NO_FALLBACK"), "SYNC_OPEN_SESSIONS"],
  });
  t.match(bed.user("anna"), { enable: true, groups: ["admins"] });

  site.pve.world.enableUser("root@pam");
  await bed.pass(t, "there is a way in again", {
    writes: [left("anna"), "POST users comment=[entra:new] enable=1 groups=ops userid=new"],
    codes: ["SYNC_OPEN_SESSIONS"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test(
  "an administrator of pve is a way in; of our realm, or the agent itself, is none",
  async (t) => {
    const parts = (): ConfigParts => ({ groups: mapping("ops", ops) });
    const bed = await startBed(t, parts, {
      users: [
        "user:olga@pve:1:0::::::",
        "user:hand@contoso.example@entra:1:0::::::",
        "acl:1:/:hand@contoso.example@entra,entra-agent@pve:Administrator:",
      ],
    });
    const { site } = bed;
    site.addUser("hand");
    const ops = site.group("Operators", [bed.person("anna", { mail: null })]);
    site.pve.world.disableUser("root@pam");
    await bed.pass(t, "none", { writes: [], codes: ["SYNC_NO_FALLBACK"] });
    site.pve.world.addAcl({ path: "/", role: "Administrator", users: ["olga@pve"] });
    await bed.pass(t, "one", {
      writes: [
        "POST groups comment=[entra:entra] groupid=ops",
        "POST users comment=[entra:anna] enable=1 groups=ops userid=anna",
      ],
    });
    t.strictSame(site.entra.violations, []);
  },
);
