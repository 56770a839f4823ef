import t from "tap";
import { never, NOW, startBed } from "./entra-bed.js";
import { guid, refusal, startStub } from "./entra-stub.js";
import type { Reply } from "./entra-stub.js";

const APP = guid(5);
const KEY = guid(8);
const ADD = { displayName: "ours", start: NOW, end: NOW + 86_400_000 };
type Tap = Parameters<typeof startStub>[0];

t.test("an app that is not there, and one that may not be read or written", async (t) => {
  const { entra, world } = await startBed(t, { roles: ["User.Read.All"] });
  const foreign = world.addApp({ displayName: "foreign" });
  const app = entra.ssoApp(foreign.appId);
  await t.rejects(app.read(never), { code: "ENTRA_FORBIDDEN", message: /request-id/ });
  await t.rejects(app.addPassword(ADD, never), { code: "ENTRA_NOT_OWNER" });
  const { entra: able } = await startBed(t);
  await t.rejects(able.ssoApp(guid(77)).read(never), { code: "ENTRA_APP_NOT_FOUND" });
  await t.rejects(able.ssoApp(guid(77)).addPassword(ADD, never), { code: "ENTRA_APP_NOT_FOUND" });
});

t.test("who is not an owner is told so, for adding and for removing", async (t) => {
  const { entra, world } = await startBed(t);
  const foreign = world.addApp({ displayName: "foreign" });
  const { keyId } = world.addSecret(foreign.id);
  const app = entra.ssoApp(foreign.appId);
  await t.rejects(app.addPassword(ADD, never), {
    code: "ENTRA_NOT_OWNER",
    message: /403 Authorization_RequestDenied/,
  });
  await t.rejects(app.removePassword(keyId, never), { code: "ENTRA_NOT_OWNER" });
  t.equal(world.secretsOf(foreign.id).length, 1);
});

for (const [policy, code] of [
  [{ name: "short-lived only", maxLifetimeDays: 7 }, "ROTATION_LIFETIME_CAPPED"],
  [{ name: "no secrets", secretsForbidden: true }, "ROTATION_POLICY_FORBIDS"],
] as const) {
  t.test(`a tenant's policy (${policy.name}) is named: ${code}`, async (t) => {
    const { entra, world, agent } = await startBed(t);
    const sso = world.addApp({ displayName: "sso", owners: [agent.principalId] });
    world.setPolicy(policy);
    const adding = entra
      .ssoApp(sso.appId)
      .addPassword({ ...ADD, end: NOW + 90 * 86_400_000 }, never);
    await t.rejects(adding, { code, message: new RegExp(policy.name) });
    t.equal(world.secretsOf(sso.id).length, 0);
  });
}

t.test("start and end go out explicitly, and come back to the millisecond", async (t) => {
  const { entra, asked } = await startStub(t, (asked) => {
    const { passwordCredential } = JSON.parse(asked.body) as { passwordCredential: object };
    return { body: { ...passwordCredential, keyId: KEY, secretText: "abcdef-made-up" } };
  });
  const made = await entra.ssoApp(APP).addPassword({ ...ADD, end: NOW + 1 }, never);
  t.same(JSON.parse(asked[0]?.body ?? ""), {
    passwordCredential: {
      displayName: "ours",
      startDateTime: "2026-11-21T10:00:00.000Z",
      endDateTime: "2026-11-21T10:00:00.001Z",
    },
  });
  t.match(made, { keyId: KEY, hint: "abc", start: NOW, end: NOW + 1 });
  t.notMatch(JSON.stringify(made), /abcdef/);
});

t.test("odd secrets of others are listed, not stumbled over", async (t) => {
  const passwordCredentials = [
    {
      keyId: KEY.toUpperCase(),
      hint: null,
      displayName: null,
      startDateTime: null,
      endDateTime: null,
    },
    { keyId: guid(9), startDateTime: "2026-01-01T00:00:00Z", endDateTime: "2299-12-31T00:00:00Z" },
  ];
  const { entra } = await startStub(t, () => ({
    body: { id: guid(6), appId: APP.toUpperCase(), displayName: null, passwordCredentials },
  }));
  const { displayName, passwords } = await entra.ssoApp(APP).read(never);
  t.equal(displayName, APP);
  t.same(passwords, [
    { keyId: KEY, hint: null, displayName: null, start: 0, end: 8.64e15 },
    {
      keyId: guid(9),
      hint: null,
      displayName: null,
      start: Date.parse("2026-01-01"),
      end: Date.parse("2299-12-31"),
    },
  ]);
});

const BAD_APPS: readonly [string, unknown][] = [
  ["another app", { id: guid(6), appId: guid(7), passwordCredentials: [] }],
  ["no list of secrets", { id: guid(6), appId: APP }],
  ["secrets that are null", { id: guid(6), appId: APP, passwordCredentials: null }],
  ["a secret without key id", { id: guid(6), appId: APP, passwordCredentials: [{}] }],
  [
    "a date that is none",
    { id: guid(6), appId: APP, passwordCredentials: [{ keyId: KEY, endDateTime: "soon" }] },
  ],
  ["nothing", undefined],
  ["a list", []],
];

for (const [what, body] of BAD_APPS) {
  t.test(`an app answered with ${what} is not believed`, async (t) => {
    const { entra } = await startStub(t, () => ({ body }));
    await t.rejects(entra.ssoApp(APP).read(never), { code: "ENTRA_BAD_ANSWER" });
  });
}

const UNKNOWN_KEY = refusal(
  400,
  "Request_BadRequest",
  `No password credential found with keyId ${KEY}`,
);

/** Removes a secret that removePassword does not know the first times, while the app lists it. */
async function remove(t: Tap, unknown: number, listed: number) {
  let removals = 0;
  let reads = 0;
  const stub = await startStub(t, (asked): Reply => {
    if (asked.method === "POST") return ++removals <= unknown ? UNKNOWN_KEY : { status: 204 };
    const passwordCredentials = ++reads <= listed ? [{ keyId: KEY }] : [];
    return { body: { id: guid(6), appId: APP, displayName: "sso", passwordCredentials } };
  });
  return {
    ...stub,
    removing: stub.entra.ssoApp(APP).removePassword(KEY, never),
    reads: () => reads,
  };
}

t.test("removing one that is gone already is success", async (t) => {
  const { removing, asked, clock } = await remove(t, 1, 0);
  await removing;
  t.same(
    asked.map(({ method }) => method),
    ["POST", "GET"],
  );
  t.same(clock.slept, []);
});

t.test("removing one that is still listed is tried again: not replicated yet", async (t) => {
  const { removing, asked, clock } = await remove(t, 2, 9);
  await removing;
  t.equal(asked.length, 5);
  t.same(clock.slept, [2_000, 5_000]);
});

t.test("removing one that stays listed and stays unknown is an error in the end", async (t) => {
  const { removing, asked } = await remove(t, 99, 99);
  await t.rejects(removing, { code: "ENTRA_REFUSED", message: /No password credential found/ });
  t.equal(asked.length, 8);
});

t.test("other refusals of a removal are not mistaken for 'gone already'", async (t) => {
  const { entra, asked } = await startStub(t, () => refusal(400, "Request_BadRequest", "no such"));
  await t.rejects(entra.ssoApp(APP).removePassword(KEY, never), { code: "ENTRA_REFUSED" });
  t.equal(asked.length, 1);
});

t.test("replicas that lag: what one does not know yet is removed in the end", async (t) => {
  const { entra, world, agent, emulator } = await startBed(t, {
    emulator: { lag: { min: 4, max: 90 } },
  });
  const sso = world.addApp({ displayName: "sso", owners: [agent.principalId] });
  emulator.clock.advance(600_000);
  const app = entra.ssoApp(sso.appId);
  const { keyId } = await app.addPassword({ ...ADD, end: NOW + 180 * 86_400_000 }, never);
  await app.removePassword(keyId, never).catch(() => undefined);
  emulator.clock.advance(600_000);
  await app.removePassword(keyId, never);
  emulator.clock.advance(600_000);
  t.same((await app.read(never)).passwords, []);
});
