/** P1 where several realms share one SSO app: no order for one of them may forget the others. */
import t from "tap";
import { readRealm } from "./emulators/signin/realm.js";
import { buildDomainsCfg } from "./emulators/pve/index.js";
import { startSite } from "./support/site.js";
import type { Site } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(120_000);

const DAY = 86_400_000;
const HOLDERS = "entra-agent@pve,entra-agent@pve!agent";

/** A site whose PVE has two realms on the one app. */
async function twoRealms(t: Parameters<typeof startSite>[0]): Promise<Site> {
  const site = await startSite(t, {
    users: [`acl:0:/access/realm/second:${HOLDERS}:EntraUser:`],
  });
  site.journal.close();
  const [secret] = site.entra.world.secretsOf(site.sso.id);
  const common = {
    issuerUrl: site.entra.issuer,
    clientId: site.sso.appId,
    clientKey: secret?.secretText ?? "",
  };
  const domainsCfg = buildDomainsCfg({ ...common }, { ...common, name: "second" });
  site.pve.world.load({ domainsCfg });
  return site;
}

/** Whether the key that the realm holds is one that Entra has. */
function accepted(site: Site, realm: string): boolean {
  const key = readRealm(site.pve.domainsCfg(), realm).clientKey;
  return site.entra.world.secretsOf(site.sso.id).some(({ secretText }) => secretText === key);
}

const second = (site: Site): string =>
  `[[realm]]\nname = "second"\nclient_id = "${site.sso.appId}"\n`;

t.test(
  "P1: `rotate --realm` rotates all realms of the app, and removes no key in use",
  async (t) => {
    const site = await twoRealms(t);
    site.configure({ groups: second(site) });
    const run = terminalOf(site);
    t.equal((await run(["rotate"])).exit, 0, "both realms hold a secret of ours");
    for (const days of [1, 2]) {
      site.clock.advance(days * DAY + 60_000);
      const ran = await run(["rotate", "--realm", "entra"]);
      t.equal(ran.exit, 0, ran.out + ran.err);
      t.match(ran.out, /the client secret of entra, second is new/);
      t.ok(accepted(site, "entra"));
      t.ok(accepted(site, "second"), "nobody is locked out of the other realm");
    }
    const keys = ["entra", "second"].map(
      (name) => readRealm(site.pve.domainsCfg(), name).clientKey,
    );
    t.equal(keys[0], keys[1]);
  },
);

t.test("P1: a secret that went to a realm since dropped from the configuration", async (t) => {
  const site = await twoRealms(t);
  site.configure({ groups: second(site) });
  const run = terminalOf(site);
  t.equal((await run(["rotate"])).exit, 0);
  site.configure({});
  for (const days of [1, 2]) {
    site.clock.advance(days * DAY + 60_000);
    t.equal((await run(["rotate"])).exit, 0);
    t.ok(accepted(site, "entra"));
    t.ok(accepted(site, "second"), "it is still in use there");
  }
  site.pve.world.load({
    domainsCfg: site.pve.domainsCfg().replace(/openid: second\n(\t.*\n)*\n?/, ""),
  });
  const count = site.entra.world.secretsOf(site.sso.id).length;
  site.clock.advance(2 * DAY);
  const last = await run(["sync"]);
  t.equal(last.exit, 0, last.out + last.err);
  t.ok(site.entra.world.secretsOf(site.sso.id).length < count, "gone with the realm");
});
