/**
 * Attacks by whoever may edit the realm: pointed elsewhere, made anew, told to name people otherwise.
 * They get no secret, no proof of one, no new rights, and nobody locked out by us.
 */
import t from "tap";
import { readRealm } from "./emulators/signin/realm.js";
import { buildDomainsCfg } from "./emulators/pve/index.js";
import { DOMAIN, mapping, never } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";
import type { ErrorCode } from "../src/errors.js";

t.setTimeout(300_000);

const upn = (name: string): string => `${name}@${DOMAIN}`;
const STRANGER = "99999999-9999-4999-8999-999999999999";

interface Scene {
  readonly bed: Bed;
  readonly site: Site;
  readonly ops: string;
  readonly parts: ConfigParts;
}

async function scene(t: Parameters<typeof startBed>[0]): Promise<Scene> {
  const bed = await startBed(t, () => parts);
  const { site } = bed;
  const people = ["anna", "bert", "cora", "dora"].map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", people);
  const parts = { groups: mapping("ops", ops) };
  await site.pass(parts);
  return { bed, site, ops, parts };
}

const key = (site: Site): string | undefined => readRealm(site.pve.domainsCfg(), "entra").clientKey;
const secrets = (site: Site): number => site.entra.world.secretsOf(site.sso.id).length;

t.test("lookalikes of issuer and client id are other ones", async (t) => {
  const { bed, site, ops, parts } = await scene(t);
  const real = site.entra.issuer;
  const { host } = new URL(real);
  const lookalikes: readonly [what: string, realm: Record<string, string>, code: ErrorCode][] = [
    ["a slash at the end", { "issuer-url": `${real}/` }, "REALM_ISSUER"],
    ["upper case", { "issuer-url": real.toUpperCase() }, "REALM_ISSUER"],
    ["the tenant in upper case", { "issuer-url": real.replace(/[a-f]/g, "F") }, "REALM_ISSUER"],
    ["user-info", { "issuer-url": real.replace(host, `${host}@evil.example`) }, "REALM_ISSUER"],
    [
      "a host that ends the same",
      { "issuer-url": real.replace(host, `${host}.evil.example`) },
      "REALM_ISSUER",
    ],
    ["http", { "issuer-url": real.replace("https:", "http:") }, "REALM_ISSUER"],
    ["version 1", { "issuer-url": real.replace("/v2.0", "") }, "REALM_ISSUER"],
    ["any tenant", { "issuer-url": real.replace(site.entra.tenantId, "common") }, "REALM_ISSUER"],
    [
      "another tenant",
      { "issuer-url": real.replace(site.entra.tenantId, STRANGER) },
      "REALM_ISSUER",
    ],
    ["a query", { "issuer-url": `${real}?x=1` }, "REALM_ISSUER"],
    ["a fragment", { "issuer-url": `${real}#x` }, "REALM_ISSUER"],
    ["another app", { "client-id": STRANGER }, "REALM_CLIENT_ID"],
    ["the agent's own app", { "client-id": site.agentApp.appId }, "REALM_CLIENT_ID"],
  ];
  const proofs = (): number =>
    site.entra.log
      .entries()
      .filter(({ path, body }) => path.includes("/token") && body?.includes(site.sso.appId)).length;
  site.entra.log.clear();
  await site.pass(parts);
  t.ok(proofs() > 0, "a realm that is as it should be has its key proved");
  site.entra.world.join(ops, bed.person("new", { mail: null }));
  const before = { key: key(site), count: secrets(site) };
  for (const [what, change, code] of lookalikes) {
    site.pve.world.setRealm("entra", {
      "issuer-url": real,
      "client-id": site.sso.appId,
      ...change,
    });
    site.entra.log.clear();
    const report = await site.pass(parts);
    t.strictSame([report.findings.map((one) => one.code), report.done], [[code], []], what);
    t.equal(report.realms.get("entra")?.ok, false, "an error");
    const rotated = await site.rotate(parts);
    t.ok(
      rotated.findings.some((one) => one.code === code),
      `${what}: no rotation by order`,
    );
    t.equal(proofs(), 0, `${what}: no proof`);
    t.strictSame({ key: key(site), count: secrets(site) }, before, `${what}: no secret`);
  }
  t.notOk(bed.user("new"));
});

t.test(
  "pointed elsewhere and named otherwise: nobody loses an account for a stranger's names",
  async (t) => {
    for (const claim of ["oid", "email", "sub"]) {
      await t.test(`username-claim ${claim}`, async (t) => {
        const { bed, site, parts } = await scene(t);
        // Hand-made, and never ours.
        const hand = site.addUser("hand");
        site.pve.world.createUser(`${upn("hand")}@entra`);
        const disable = { ...parts, realm: 'unmarked = "disable"' };
        await site.pass(disable);
        site.pve.world.setRealm("entra", {
          "issuer-url": "https://evil.example/v2.0",
          "username-claim": claim,
        });
        for (let pass = 0; pass < 3; pass += 1) {
          const report = await site.pass(disable);
          t.strictSame(report.done, []);
          t.ok(report.findings.some(({ code }) => code === "REALM_ISSUER"));
        }
        for (const name of ["anna", "bert", "cora", "dora"]) {
          t.match(bed.user(name), { enable: true, groups: ["ops"] });
        }
        t.match(bed.user("hand"), { enable: true });
        // What Entra itself takes away goes on all the while.
        site.entra.world.disable(upn("anna"));
        site.entra.world.disable(hand);
        await site.pass(disable);
        t.match(bed.user("anna"), { enable: false, groups: [] });
        t.strictSame(site.entra.violations, []);
      });
    }
  },
);

t.test("the realm deleted, and made anew by a stranger", async (t) => {
  const { bed, site, ops, parts } = await scene(t);
  site.pve.world.load({ domainsCfg: buildDomainsCfg().replace(/openid: entra[^]*$/, "") });
  site.entra.world.leave(ops, upn("anna"));
  const gone = await site.pass(parts);
  t.strictSame(
    gone.findings.map(({ code }) => code),
    ["REALM_MISSING"],
  );
  t.match(bed.user("anna"), { enable: false, groups: [] }, "removals go on");
  const before = secrets(site);
  site.pve.world.load({
    domainsCfg: buildDomainsCfg({ issuerUrl: "https://evil.example/v2.0", clientId: STRANGER }),
  });
  const made = await site.pass(parts);
  t.strictSame(made.findings.map(({ code }) => code).sort(), ["REALM_CLIENT_ID", "REALM_ISSUER"]);
  t.strictSame(made.done, []);
  t.equal(secrets(site), before);
  t.equal(key(site), "abc~emulated.client.key", "theirs stays theirs");
});

t.test("of another type: additions stop, removals go on", async (t) => {
  const { bed, site, ops, parts } = await scene(t);
  const ldap = "ldap: entra\n\tbase_dn dc=evil\n\tserver1 evil.example\n\tuser_attr uid\n\n";
  site.pve.world.load({ domainsCfg: buildDomainsCfg().replace(/openid: entra[^]*$/, ldap) });
  site.entra.world.leave(ops, upn("anna"));
  site.entra.world.join(ops, bed.person("new", { mail: null }));
  const report = await site.pass(parts);
  t.strictSame(
    report.findings.map(({ code }) => code),
    ["REALM_NOT_OPENID"],
  );
  t.match(bed.user("anna"), { enable: false, groups: [] });
  t.notOk(bed.user("new"));
});

t.test(
  "pointed elsewhere in the middle of a rotation: the new secret is not written",
  async (t) => {
    for (const change of [
      { "issuer-url": "https://evil.example/v2.0" },
      { "client-id": STRANGER },
    ]) {
      await t.test(Object.keys(change).join(), async (t) => {
        const { site, parts } = await scene(t);
        site.clock.advance(60_000);
        const old = key(site);
        const agent = site.agent(parts);
        const order = {
          trigger: "rotate",
          realms: agent.config.realms,
          rotate: new Set(["entra"]),
        };
        const report = await agent.pass({ ...order, dry: false, secretsOnly: true }, {}, never);
        t.equal(report.rotations.length, 1, "under way");
        // The proof has begun; nothing is written yet.
        await site.clock.sleep(5000);
        site.pve.world.setRealm("entra", change);
        const [outcome] = await Promise.all(report.rotations);
        await agent.close({ abort: true });
        t.equal(outcome?.ok, false);
        t.match(
          outcome?.findings.map(({ code }) => code),
          [change["client-id"] === undefined ? "REALM_ISSUER" : "REALM_CLIENT_ID"],
        );
        t.equal(key(site), old, "a stranger's realm never sees the new secret");
      });
    }
  },
);

t.test("pointed elsewhere in the middle of a pass: the next one stops adding", async (t) => {
  const { bed, site, ops, parts } = await scene(t);
  for (const name of ["n0", "n1"]) site.entra.world.join(ops, bed.person(name, { mail: null }));
  const end = site.pve.onWrite(() => {
    end();
    site.pve.world.setRealm("entra", { "issuer-url": "https://evil.example/v2.0" });
  });
  await site.pass(parts);
  t.strictSame(bed.user("n1")?.groups, ["ops"], "what Entra itself said of its people is done");
  site.entra.world.join(ops, bed.person("n2", { mail: null }));
  const report = await site.pass(parts);
  t.strictSame(
    report.findings.map(({ code }) => code),
    ["REALM_ISSUER"],
  );
  t.notOk(bed.user("n2"));
});

t.test(
  "made anew with another username-claim in the right tenant: a rename within the guard",
  async (t) => {
    const scened = await scene(t);
    const { bed, site } = scened;
    const parts = { ...scened.parts, sections: "[guard]\nmax_removals = 3" };
    site.pve.world.setRealm("entra", { "username-claim": "oid" });
    const report = await site.pass(parts);
    t.ok(report.findings.some(({ code }) => code === "GUARD_HELD"));
    for (const name of ["anna", "bert", "cora", "dora"]) {
      t.match(bed.user(name), { enable: true, groups: ["ops"] }, "the old name waits");
      const id = bed.mark(name).slice(7, -1);
      t.match(site.user(`${id}@entra`), { enable: true, groups: ["ops"] }, "the new one is there");
    }
    site.pve.world.setRealm("entra", { "username-claim": "upn" });
    const back = await site.pass(parts);
    t.ok(back.findings.some(({ code }) => code === "GUARD_HELD"));
    for (const name of ["anna", "bert", "cora", "dora"]) t.equal(bed.user(name)?.enable, true);
  },
);
