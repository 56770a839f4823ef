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
