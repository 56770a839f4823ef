import { request } from "node:https";
import t from "tap";
import { signIn } from "./emulators/signin/index.js";
import { mapping } from "./support/site.js";
import type { Site } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const ACL = 'acl = [{ path = "/vms", role = "PVEVMUser" }]\n';
const REDIRECT = "https://pve1.contoso.example:8006";
const TOKEN_VALUE = "emulated-value";

/** What PVE answers to an API token that asks for nothing but its own rights. */
async function tokenStatus(site: Site, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `PVEAPIToken=${token}=${TOKEN_VALUE}` };
    const url = `${site.pve.url}/api2/json/access/permissions`;
    request(url, { ca: site.pve.caPem, headers, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    })
      .on("error", reject)
      .end();
  });
}

t.test("P2: what Entra took away is gone after one pass, without a login", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops, ACL) }));
  const { site } = bed;
  const { world } = site.entra;
  const leavers = ["removed", "disabled", "deleted"].map((name) => bed.person(name));
  const stayers = ["x", "y", "z"].map((name) => bed.person(name));
  const ops = site.group("Operators", [...leavers, ...stayers]);
  await site.pass({ groups: mapping("ops", ops, ACL) });
  for (const name of ["removed", "disabled", "deleted", "x"]) {
    site.pve.world.createToken(`${bed.userid(name)}!cron`, TOKEN_VALUE, false);
    t.ok(site.rights(bed.userid(name), "/vms/100").includes("VM.PowerMgmt"), `${name} has rights`);
    t.equal(await tokenStatus(site, `${bed.userid(name)}!cron`), 200, `${name}'s token works`);
  }
  world.leave(ops, "removed@contoso.example");
  world.disable("disabled@contoso.example");
  world.deleteUser("deleted@contoso.example");
  await bed.pass(t, "the first pass in which Entra says so", {
    writes: ["removed", "disabled", "deleted"].map(
      (name) => `PUT users/${name} comment=[entra:${name} left 2026-11-22] enable=0 groups=`,
    ),
  });
  for (const name of ["removed", "disabled", "deleted"]) {
    t.strictSame(site.rights(bed.userid(name), "/vms/100"), [], `${name} has none`);
    t.equal(await tokenStatus(site, `${bed.userid(name)}!cron`), 401, `${name}'s token is refused`);
    const login = await signIn({
      pve: site.pve,
      entra: site.entra,
      redirectUrl: REDIRECT,
      person: `${name}@contoso.example`,
    });
    t.equal(login.in, false, `${name} cannot sign in`);
  }
  t.equal(await tokenStatus(site, `${bed.userid("x")}!cron`), 200, "who stays keeps the token");
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("P2: what Entra took away goes, too, while the SSO app itself is refused", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops, ACL) }));
  const { site } = bed;
  const [leaver, ...stayers] = ["leaver", "x", "y", "z"].map((name) => bed.person(name));
  const ops = site.group("Operators", [leaver ?? "", ...stayers]);
  await site.pass({ groups: mapping("ops", ops, ACL) });
  site.entra.world.settled(() => site.entra.world.disableApp(site.sso.id));
  site.entra.world.leave(ops, "leaver@contoso.example");
  const report = await bed.pass(t, "nobody can sign in, and a leaver is one", {
    writes: ["PUT users/leaver comment=[entra:leaver left 2026-11-22] enable=0 groups="],
    codes: ["SSO_APP_REFUSED"],
  });
  t.equal(report.realms.get("entra")?.ok, false, "the pass fails all the same");
  t.strictSame(site.rights(bed.userid("leaver"), "/vms/100"), []);
});

t.test(
  "P2: who is in none of a mapping's groups by both sides is out, though they disagree about the account",
  async (t) => {
    const parts = () => ({ groups: mapping("ops", ops, ACL) + mapping("dev", dev) });
    const bed = await startBed(t, parts);
    const { site } = bed;
    const { world, faults } = site.entra;
    const anna = bed.person("anna", { mail: null });
    const stayers = ["x", "y", "z"].map((name) => bed.person(name));
    const ops = site.group("Operators", [anna, ...stayers]);
    const dev = site.group("Developers", [anna, ...stayers]);
    await site.pass(parts());
    site.pve.world.createToken(`${bed.userid("anna")}!cron`, TOKEN_VALUE, false);
    t.ok(site.rights(bed.userid("anna"), "/vms/100").includes("VM.PowerMgmt"));

    // The developers' list says disabled. Her own object comes from a replica that has not heard of
    // it; of the group that she left, it has.
    world.leave(ops, anna);
    const own = { ...world.user(anna) };
    world.disable(anna);
    faults.add({
      path: `^/v1.0/users/${anna}\\?`,
      times: Infinity,
      do: { kind: "json", body: own },
    });
    await bed.pass(t, "one side is late", {
      writes: ["PUT users/anna groups=dev"],
      codes: ["SYNC_DISAGREES"],
    });
    t.match(bed.user("anna"), { enable: true, comment: bed.mark("anna") }, "her account stays");
    t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), [], "the right is gone");
    t.equal(await tokenStatus(site, `${bed.userid("anna")}!cron`), 200);
    await bed.settled(t, ["SYNC_DISAGREES"]);

    faults.clear();
    await bed.pass(t, "both sides know", {
      writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
    });
    t.equal(await tokenStatus(site, `${bed.userid("anna")}!cron`), 401);
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  },
);
