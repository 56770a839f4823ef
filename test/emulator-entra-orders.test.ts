import t, { type Test } from "tap";
import { request } from "undici";
import type { Fault, FaultEffect } from "./emulators/common/faults.js";
import { type BareClient, connect, type Reply } from "./emulators/entra/client.js";
import type { EntraEmulator } from "./emulators/entra/index.js";
import { ordersOf } from "./emulators/entra/orders.js";
import { entraScene, SCENE_NOW } from "./emulators/entra/scene.js";

async function control(
  entra: EntraEmulator,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<{ status: number; json: unknown }> {
  const reply = await request(`${entra.control.url}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: reply.statusCode, json: await reply.body.json() };
}

async function order(
  t: Test,
  entra: EntraEmulator,
  body: object,
): Promise<Record<string, unknown>> {
  const { status, json } = await control(entra, "POST", "/world", body);
  t.equal(status, 200, JSON.stringify({ body, json }));
  return json as Record<string, unknown>;
}

t.test("the world takes orders over the control port", async (t) => {
  const { entra, graph } = await entraScene(t);
  const { world } = entra;
  const told = (body: object): Promise<Record<string, unknown>> => order(t, entra, body);
  const anna = await told({ do: "addUser", upn: "anna@example.com", givenName: "Anna" });
  const guest = await told({ do: "addGuest", mail: "otto@home.example" });
  await told({ do: "addGroup", displayName: "inner", members: ["anna@example.com"] });
  await told({ do: "addGroup", displayName: "outer" });
  await told({ do: "nest", outer: "outer", inner: "inner" });
  await told({ do: "join", group: "outer", members: [guest.id, "anna@example.com"] });
  t.equal(world.members("outer").length, 3);
  await told({ do: "leave", group: "outer", member: "anna@example.com" });
  await told({ do: "unnest", outer: "outer", inner: "inner" });
  t.same(world.members("outer"), [guest.id]);
  await told({ do: "rename", user: "anna@example.com", upn: "anna.neu@example.com" });
  await told({ do: "disable", user: "anna.neu@example.com" });
  t.match(world.user(String(anna.id)), {
    accountEnabled: false,
    userPrincipalName: "anna.neu@example.com",
  });
  await told({ do: "enable", user: String(anna.id) });
  await told({ do: "editUser", user: String(anna.id), mail: null, surname: "Neu" });
  t.match(world.user(String(anna.id)), {
    accountEnabled: true,
    mail: null,
    surname: "Neu",
    givenName: "Anna",
  });
  const other = await told({ do: "newPersonUnderOldName", user: "anna.neu@example.com" });
  t.not(other.id, anna.id);
  t.equal(world.user("anna.neu@example.com").id, other.id);
  await told({ do: "purgeUser", user: String(anna.id) });
  await told({ do: "deleteUser", user: "anna.neu@example.com" });
  await told({ do: "restoreUser", user: String(other.id) });
  await told({ do: "hideGroup", group: "outer" });
  t.equal(world.group("outer").visibility, "HiddenMembership");
  await told({ do: "showGroup", group: "outer" });
  await told({ do: "deleteGroup", group: "inner" });
  await told({ do: "addDevice", displayName: "printer" });

  const sso = await told({ do: "addApp", displayName: "sso", redirectUris: ["https://pve:8006"] });
  const secret = await told({ do: "addSecret", app: "sso", days: 5, displayName: "old" });
  t.equal(Number(secret.end) - Number(secret.start), 5 * 86_400_000);
  await told({ do: "removeSecretByHand", app: "sso", keyId: secret.keyId });
  t.same(world.secretsOf("sso"), []);
  await told({ do: "grantRole", app: "sso", role: "User.Read.All" });
  await told({ do: "revokeRole", app: "sso", role: "User.Read.All" });
  await told({ do: "setOwner", app: "sso", owner: sso.principalId });
  await told({ do: "removeOwner", app: "sso", owner: "sso" });
  await told({ do: "requireAssignment", app: "sso" });
  await told({ do: "disableApp", app: "sso" });
  t.equal(world.principal("sso").accountEnabled, false);
  await told({ do: "enableApp", app: "sso" });
  await told({ do: "conditionalAccess", app: "sso" });
  await told({ do: "conditionalAccess", app: "sso", block: false });
  await told({ do: "setPolicy", policy: { maxLifetimeDays: 7 } });
  await told({ do: "setPolicy", policy: { secretsForbidden: true }, app: "sso" });
  await told({ do: "setPolicy" });
  await told({ do: "slowNext", min: 120, max: 300 });
  await told({ do: "setLag", min: 1, max: 2 });
  const kept = await told({ do: "addSecret", app: "sso" });
  await told({ do: "settle" });
  await told({ do: "flickerSecret", app: "sso", keyId: kept.keyId, seconds: 5 });
  await told({ do: "pin", replica: 2 });
  await told({ do: "pin", replica: null });
  await told({ do: "conflictNext", times: 2, status: 400 });
  await told({ do: "setConflictWindow", ms: 0 });
  await told({ do: "expirePages" });
  await told({ do: "expireDelta" });
  await told({ do: "resetDelta" });
  await told({ do: "throttleNext", retryAfter: 3 });
  t.equal((await graph.get("/groups")).headers["retry-after"], "3");
  await told({ do: "setNow", now: SCENE_NOW + 1000 });
  t.equal(entra.clock.now(), SCENE_NOW + 1000);

  const dump = JSON.stringify((await control(entra, "GET", "/world")).json);
  t.match(dump, /anna\.neu@example\.com/);
  t.notMatch(dump, /~emulated/, "the dump tells no secret");
  const asked = entra.log.count();
  t.equal(asked, ((await control(entra, "GET", "/requests")).json as unknown[]).length);
});

t.test("every order was tried above, and nonsense is refused", async (t) => {
  const { entra } = await entraScene(t);
  const source = await import("node:fs/promises");
  const text = await source.readFile(new URL(import.meta.url), "utf8");
  for (const name of Object.keys(ordersOf(entra.world))) t.match(text, `do: "${name}"`);
  for (const body of [
    { do: "noSuchOrder" },
    { do: "join", group: "none", member: "x" },
    { do: "join", group: "none" },
    { do: "rename", user: "nobody", upn: "x" },
    { do: "rename", user: "nobody" },
    { do: "grantRole", app: "sso", role: "No.Such.Role" },
    { do: "setNow", now: "tomorrow" },
    { do: "pin", replica: 99 },
    {},
  ]) {
    t.equal((await control(entra, "POST", "/world", body)).status, 400, JSON.stringify(body));
  }
  entra.world.addUser({ upn: "anna@example.com" });
  t.throws(() => entra.world.addUser({ upn: "ANNA@example.com" }), /taken/);
  entra.world.addUser({ upn: "berta@example.com" });
  t.throws(() => entra.world.rename("berta@example.com", "anna@example.com"), /taken/);
  entra.world.addGroup({ displayName: "twice" });
  entra.world.addGroup({ displayName: "twice" });
  t.throws(() => entra.world.group("twice"), /say the id/);
});

interface Faulty {
  entra: EntraEmulator;
  get: () => Promise<Reply>;
  add: () => Promise<Reply>;
  secrets: () => number;
  fault: (effect: FaultEffect, more?: Partial<Fault>) => void;
  other: BareClient;
}

async function faulty(t: Test): Promise<Faulty> {
  const { entra, graph, app } = await entraScene(t);
  const anna = entra.world.addUser({ upn: "anna@example.com" });
  const group = entra.world.addGroup({ displayName: "g", members: [anna.id] });
  const other = connect(entra);
  t.teardown(() => other.close());
  return {
    entra,
    other,
    get: () => graph.get(`/groups/${group.id}/members?$select=id,userPrincipalName&$top=1`),
    add: () => graph.post(`/applications/${app.id}/addPassword`, { passwordCredential: {} }),
    secrets: () => entra.world.secretsOf(app.id).length,
    fault: (effect, more = {}) => entra.faults.add({ path: "/v1.0/", ...more, do: effect }),
  };
}

t.test("faults before the effect, after it, and instead of it", async (t) => {
  const { entra, get, add, secrets, fault } = await faulty(t);
  fault({ kind: "status", status: 503, headers: { "Retry-After": "9" } });
  const refused = await add();
  t.equal(refused.status, 503);
  t.equal(refused.headers["retry-after"], "9");
  t.match(refused.json, { error: { code: "serviceNotAvailable", innerError: { date: String } } });
  t.equal(secrets(), 1, "no effect");
  fault({ kind: "status", status: 504, withEffect: true });
  t.equal((await add()).status, 504);
  t.equal(secrets(), 2, "an effect, and no answer that says so");
  fault({ kind: "cut", when: "before" });
  await t.rejects(add());
  t.equal(secrets(), 2);
  fault({ kind: "cut", when: "after" });
  await t.rejects(add());
  t.equal(secrets(), 3);
  fault({ kind: "delay", ms: 1 });
  t.equal((await add()).status, 200);
  fault({ kind: "garbage" });
  t.equal((await get()).json, undefined);
  fault({ kind: "truncate" });
  const half = await get();
  t.equal(half.json, undefined);
  t.match(half.text, /^\{"@odata/);
  fault({ kind: "json", body: { value: [] } });
  t.same((await get()).json, { value: [] });
  t.same(entra.violations, [], "what a fault altered is exempt");
  t.same(
    entra.log.entries({ path: "/v1.0" }).map((entry) => `${entry.fault ?? ""} ${entry.status}`),
    [
      "status 503",
      "status 504",
      "cut 0",
      "cut 0",
      "delay 200",
      "garbage 200",
      "truncate 200",
      "json 200",
    ],
  );
});

t.test("plausible and wrong bodies", async (t) => {
  const { entra, get, fault } = await faulty(t);
  entra.world.join("g", entra.world.addUser({ upn: "berta@example.com" }).id);
  type Body = Record<string, unknown> & { value: Record<string, unknown>[] };
  const body = async (
    replace: "empty-list" | "nulls" | "page-repeats" | "page-lost",
  ): Promise<Body> => {
    fault({ kind: "body", replace });
    return (await get()).json as Body;
  };
  t.match(await body("empty-list"), { value: [] });
  const [row] = (await body("nulls")).value;
  t.match(row, { id: String, "@odata.type": "#microsoft.graph.user", userPrincipalName: null });
  const honest = (await get()).json as Body;
  const link = "@odata.nextLink";
  t.match(honest[link], /skiptoken/);
  const repeats = await body("page-repeats");
  t.match(repeats[link], /^https:.*\/members\?\$select=[^&]*&\$top=1$/);
  const lost = await body("page-lost");
  t.notOk(link in lost);
  t.same(lost.value, honest.value);
});

t.test("a stalled request never ends, and the server closes all the same", async (t) => {
  const { other, entra } = await faulty(t);
  entra.faults.add({ path: "/keys", do: { kind: "stall" } });
  const asked = other.ask(`/${entra.tenantId}/discovery/v2.0/keys`);
  const outcome = asked.then(
    () => "answered",
    () => "broken",
  );
  await other.ask(`/${entra.tenantId}/v2.0/.well-known/openid-configuration`);
  await entra.close();
  t.equal(await outcome, "broken");
});

t.test("faults at the token endpoint, at request N, over the control port", async (t) => {
  const { entra, client, app } = await entraScene(t);
  const token = (): Promise<Reply> =>
    client.tokenRequest({
      grant_type: "client_credentials",
      client_id: app.appId,
      client_secret: "x",
    });
  const fault = {
    path: "/oauth2/v2.0/token$",
    method: "POST",
    skip: 1,
    times: 2,
    do: { kind: "status", status: 503 },
  };
  t.equal((await control(entra, "POST", "/faults", [fault])).status, 200);
  const statuses: number[] = [];
  for (let n = 0; n < 4; n += 1) statuses.push((await token()).status);
  t.same(statuses, [401, 503, 503, 401]);
  entra.faults.add({ body: "client_id=another", do: { kind: "status", status: 500 } });
  t.equal((await token()).status, 401, "a fault for another body");
  entra.faults.clear();
  entra.faults.add({ body: `client_id=${app.appId}`, do: { kind: "status", status: 500 } });
  t.match((await token()).json, { error: "temporarily_unavailable", error_codes: [90033] });
  const entry = entra.log.entries({ path: "/token" }).at(-1);
  t.match(entry?.body, /client_secret=\*\*\*/, "secrets are blanked in the log");
});
