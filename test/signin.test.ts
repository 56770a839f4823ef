import t, { type Test } from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { type EntraEmulator, type EntraOptions, startEntra } from "./emulators/entra/index.js";
import {
  buildDomainsCfg,
  buildUserCfg,
  type PveEmulator,
  type RealmOptions,
  startPve,
} from "./emulators/pve/index.js";
import { createSignIn, type SignedIn, signIn } from "./emulators/signin/index.js";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const SECOND = 1000;
const DAY = 86_400_000;

interface Scene {
  entra: EntraEmulator;
  pve: PveEmulator;
  app: { id: string; appId: string };
  login: (person: string) => Promise<SignedIn>;
}

async function scene(
  t: Test,
  realm: RealmOptions = {},
  options: EntraOptions = {},
): Promise<Scene> {
  const clock = fixedClock(NOW);
  const entra = await startEntra({ clock, lag: { min: 0, max: 0 }, ...options });
  const pve = await startPve({ clock });
  const { world } = entra;
  const [app, secret] = world.settled(() => {
    const made = world.addApp({
      displayName: "sso",
      redirectUris: [pve.url],
      idTokenClaims: [
        { name: "upn", additionalProperties: ["include_externally_authenticated_upn"] },
        "given_name",
        "family_name",
      ],
      groupMembershipClaims: "SecurityGroup",
    });
    return [made, world.addSecret(made.id)] as const;
  });
  pve.load({
    userCfg: buildUserCfg({ extra: ["group:admins:::", "acl:1:/vms:@admins:PVEVMUser:"] }),
    domainsCfg: buildDomainsCfg({
      issuerUrl: entra.issuer,
      clientId: app.appId,
      clientKey: secret.secretText,
      ...realm,
    }),
  });
  const session = createSignIn({ pve, entra });
  t.teardown(async () => {
    await session.close();
    await Promise.all([entra.close(), pve.close()]);
  });
  return { entra, pve, app, login: session.signIn };
}

function refusal(result: SignedIn): string {
  return result.in ? `in as ${result.userid}` : result.because;
}

function privileges(result: SignedIn, path: string): string[] {
  return result.in ? [...(result.privileges.get(path) ?? [])].sort() : [];
}

t.test("who is new is made by autocreate, and holds nothing yet", async (t) => {
  const { entra, pve, login } = await scene(t);
  entra.world.addUser({ upn: "anna@example.com", givenName: "Änna", surname: "Adler" });
  const first = await login("anna@example.com");
  t.match(first, { in: true, userid: "anna@example.com@entra" });
  t.same(privileges(first, "/vms"), []);
  t.match(pve.userCfg(), "user:anna@example.com@entra:1:0:%C3%84nna:Adler:anna@example.com:");
  pve.world.addToGroup("anna@example.com@entra", "admins");
  const second = await login("anna@example.com");
  t.ok(privileges(second, "/vms").includes("VM.Console"), "in, with these rights");
  t.same(privileges(first, "/vms"), [], "rights are those of the moment of the login");
  t.same(privileges(second, "/nodes"), []);
  t.match(await signIn({ pve, entra, person: "anna@example.com" }), { in: true });
});

t.test("refused by PVE: unknown without autocreate, disabled, expired", async (t) => {
  const { entra, pve, login } = await scene(t, { properties: { autocreate: 0 } });
  entra.world.addUser({ upn: "anna@example.com" });
  const userid = "anna@example.com@entra";
  t.equal(refusal(await login("anna@example.com")), `no such user ('${userid}')`);
  pve.world.createUser(userid, { enable: false });
  t.equal(refusal(await login("anna@example.com")), `user '${userid}' is disabled`);
  pve.world.enableUser(userid);
  t.equal(refusal(await login("anna@example.com")), `in as ${userid}`);
  pve.world.editUser(userid, { expire: NOW / 1000 - 1 });
  t.equal(refusal(await login("anna@example.com")), `user '${userid}' is expired`);
});

t.test("refused by Entra: the secret, the app, the person", async (t) => {
  const { entra, pve, app, login } = await scene(t);
  const { world } = entra;
  world.addUser({ upn: "anna@example.com" });
  const refused = async (code: number): Promise<void> => {
    t.match(refusal(await login("anna@example.com")), new RegExp(`^AADSTS${code}: `));
  };
  const [secret] = world.secretsOf(app.id);
  pve.world.setRealm("entra", { "client-key": "abc~emulated.of.another.app" });
  await refused(7000215);
  pve.world.setRealm("entra", { "client-key": null });
  await refused(7000218);
  pve.world.setRealm("entra", { "client-key": secret?.secretText ?? "" });
  t.match(await login("anna@example.com"), { in: true });
  world.disable("anna@example.com");
  await refused(50057);
  world.enable("anna@example.com");
  world.requireAssignment(app.id);
  await refused(50105);
  world.requireAssignment(app.id, false);
  world.disableApp(app.id);
  await refused(7000112);
  world.enableApp(app.id);
  world.conditionalAccess(app.id);
  await refused(53003);
  world.conditionalAccess(app.id, false);
  world.editApp(app.id, { redirectUris: ["https://elsewhere.example"] });
  await refused(50011);
  world.editApp(app.id, { redirectUris: [pve.url] });
  world.deleteUser("anna@example.com");
  await refused(50034);
  world.addUser({ upn: "berta@example.com" });
  entra.clock.advance(181 * DAY);
  t.match(refusal(await login("berta@example.com")), /^AADSTS7000222: /);
});

t.test("refused on the way: no discovery, another issuer, no such realm", async (t) => {
  const { entra, pve, login } = await scene(t);
  entra.world.addUser({ upn: "anna@example.com" });
  pve.world.setRealm("entra", { "issuer-url": entra.issuer.replace("/v2.0", "") });
  t.match(await login("anna@example.com"), { in: false });
  pve.world.setRealm("entra", { "issuer-url": "https://localhost:1/x/v2.0" });
  t.match(await login("anna@example.com"), { in: false });
  pve.world.setRealm("entra", { "issuer-url": entra.issuer });
  t.match(await login("anna@example.com"), { in: true });
  entra.faults.add({ path: "/token", do: { kind: "cut", when: "after" } });
  t.match(await login("anna@example.com"), { in: false });
  const other = createSignIn({ pve, entra, realm: "pam" });
  t.teardown(() => other.close());
  t.equal(refusal(await other.signIn("x")), "wrong realm type (pam != openid)");
  const none = createSignIn({ pve, entra, realm: "none" });
  t.teardown(() => none.close());
  t.equal(refusal(await none.signIn("x")), "authentication domain 'none' does not exist");
});

t.test("the userid is the realm's claim", async (t) => {
  const person = { upn: "anna@example.com", mail: "a.adler@example.com" };
  const table: [claim: string | null, userid: RegExp][] = [
    ["upn", /^anna@example\.com@entra$/],
    ["username", /^anna@example\.com@entra$/],
    ["preferred_username", /^anna@example\.com@entra$/],
    ["email", /^a\.adler@example\.com@entra$/],
    ["oid", /^[0-9a-f-]{36}@entra$/],
    ["sub", /^[\w-]{43}@entra$/],
    ["subject", /^[\w-]{43}@entra$/],
    [null, /^[\w-]{43}@entra$/],
  ];
  for (const [claim, userid] of table) {
    const { entra, login } = await scene(t, { properties: { "username-claim": claim } });
    entra.world.addUser(person);
    const result = await login("anna@example.com");
    t.match(result.in ? result.userid : result.because, userid, `username-claim ${claim}`);
  }
  const { entra, login } = await scene(t, { properties: { "username-claim": "no_such" } });
  entra.world.addUser(person);
  t.equal(refusal(await login("anna@example.com")), "missing configured claim 'no_such'");
});

t.test("guests come in by their #EXT# name; impossible names do not", async (t) => {
  const { entra, login } = await scene(t);
  const { world } = entra;
  const guest = world.addGuest({ mail: "otto@home.example" });
  t.equal(
    refusal(await login(guest.id)),
    "in as otto_home.example#EXT#@contoso-emulated.onmicrosoft.com@entra",
  );
  const long = world.addUser({ upn: `${"x".repeat(60)}@example.com` });
  t.match(refusal(await login(long.id)), /does not look like a valid user name/);
  const spaced = world.addUser({ upn: "an na@example.com" });
  t.match(refusal(await login(spaced.id)), /does not look like a valid user name/);
});

t.test("PVE's own groups-claim appends, makes, or overwrites", async (t) => {
  const { entra, pve, login } = await scene(t, { properties: { "groups-claim": "groups" } });
  const { world } = entra;
  const anna = world.addUser({ upn: "anna@example.com" });
  const group = world.addGroup({ displayName: "g", members: [anna.id] });
  const userid = "anna@example.com@entra";
  pve.world.createUser(userid, { groups: ["admins"] });
  const groups = (): string[] =>
    [...pve.userCfg().matchAll(/^group:([^:]+):([^:]*):/gm)]
      .filter(([, , members]) => members?.includes(userid))
      .map(([, name]) => name ?? "");
  await login("anna@example.com");
  t.same(groups(), ["admins"], "no such group, nothing to join");
  pve.world.setRealm("entra", { "groups-autocreate": 1 });
  await login("anna@example.com");
  t.same(groups().sort(), [`${group.id}-entra`, "admins"].sort());
  pve.world.setRealm("entra", { "groups-overwrite": 1 });
  await login("anna@example.com");
  t.same(groups(), [`${group.id}-entra`]);
});

t.test("a thousand sign-ins over five rotations, each replica asked afresh", async (t) => {
  const { entra, pve, app, login } = await scene(t, {}, { seed: 5, lag: { min: 4, max: 90 } });
  const { world } = entra;
  world.settled(() => world.addUser({ upn: "anna@example.com" }));
  const refusals: string[] = [];
  const attempt = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) {
      const result = await login("anna@example.com");
      if (!result.in) refusals.push(result.because);
      entra.clock.advance(SECOND / 2);
    }
  };
  for (let rotation = 0; rotation < 5; rotation += 1) {
    const old = world.secretsOf(app.id)[0];
    const next = world.addSecret(app.id);
    await attempt(100);
    world.settle();
    pve.world.setRealm("entra", { "client-key": next.secretText });
    await attempt(100);
    world.removeSecretByHand(app.id, old?.keyId ?? "");
  }
  t.same(refusals, []);
  const hasty = world.addSecret(app.id);
  pve.world.setRealm("entra", { "client-key": hasty.secretText });
  await attempt(20);
  t.ok(
    refusals.length > 0,
    "a realm that gets a secret before the replicas know it refuses people",
  );
  for (const text of refusals) t.match(text, /^AADSTS7000215/);
});
