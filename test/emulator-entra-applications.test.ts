import t, { type Test } from "tap";
import { appCertificate, signedBy } from "./emulators/entra/certificates.js";
import type { GraphClient, Reply } from "./emulators/entra/client.js";
import { entraScene, SCENE_NOW } from "./emulators/entra/scene.js";

const NOBODY = "00000000-0000-4000-8000-000000000000";
const DAY = 86_400_000;

interface SecretJson {
  keyId: string;
  hint: string;
  secretText: string | null;
  displayName: string | null;
  startDateTime: string;
  endDateTime: string;
}

function refused(t: Test, reply: Reply, status: number, code: string, message?: RegExp): void {
  t.equal(reply.status, status, code);
  t.match(reply.json, { error: { code, message: message ?? String } });
}

function add(graph: GraphClient, app: string, passwordCredential: object): Promise<Reply> {
  return graph.post(`/applications/${app}/addPassword`, { passwordCredential });
}

async function secretsOf(graph: GraphClient, app: string): Promise<SecretJson[]> {
  const reply = await graph.get(`/applications/${app}?$select=passwordCredentials`);
  return (reply.json as { passwordCredentials: SecretJson[] }).passwordCredentials;
}

t.test("a secret is given once, and known by its hint ever after", async (t) => {
  const { entra, graph, client, app } = await entraScene(t);
  const { world } = entra;
  const sso = world.addApp({ displayName: "sso", owners: [app.id] });
  const reply = await add(graph, sso.id, {
    displayName: "pve-entra-agent abc/entra, do not copy",
    startDateTime: "2026-11-21T10:00:00Z",
    endDateTime: "2027-05-20T10:00:00.5Z",
  });
  const made = reply.json as SecretJson;
  t.match(made, {
    displayName: "pve-entra-agent abc/entra, do not copy",
    startDateTime: "2026-11-21T10:00:00.0000000Z",
    endDateTime: "2027-05-20T10:00:00.5000000Z",
    secretText: /^.{40}$/,
  });
  t.equal(made.hint, made.secretText?.slice(0, 3));
  const signIn = { appId: sso.appId };
  await client.signIn(signIn, { secretText: made.secretText ?? "" });
  const [read] = await secretsOf(graph, sso.id);
  t.match(read, { keyId: made.keyId, hint: made.hint, secretText: null });
  const unsaid = (await add(graph, sso.id, {})).json as SecretJson;
  t.equal(unsaid.endDateTime, "2028-11-21T10:00:00.0000000Z", "two years, if nothing is said");
  const remove = (keyId: string): Promise<Reply> =>
    graph.post(`/applications(appId='${sso.appId}')/removePassword`, { keyId });
  t.equal((await remove(made.keyId)).status, 204);
  refused(t, await remove(made.keyId), 400, "Request_BadRequest", /^No password credential found/);
  refused(t, await remove("x"), 400, "Request_BadRequest");
  t.equal((await secretsOf(graph, sso.id)).length, 1);
  await t.rejects(client.signIn(signIn, { secretText: made.secretText ?? "" }), /AADSTS7000215/);
  t.ok(world.secretTexts().includes(made.secretText ?? ""));
  t.notMatch(JSON.stringify(entra.log.entries()), /~emulated/, "no secret in the log");
  t.same(entra.violations, []);
});

t.test("bad wishes are refused", async (t) => {
  const { graph, app } = await entraScene(t);
  const past = { endDateTime: "2026-11-21T09:59:59Z" };
  refused(t, await add(graph, app.id, past), 400, "Request_BadRequest", /end date/);
  refused(t, await add(graph, app.id, { endDateTime: "soon" }), 400, "Request_BadRequest", /soon/);
  refused(t, await add(graph, app.id, { noSuch: 1 }), 400, "Request_BadRequest", /noSuch/);
  refused(t, await add(graph, NOBODY, {}), 404, "Request_ResourceNotFound");
  refused(t, await add(graph, "no-id", {}), 400, "Request_BadRequest");
});

t.test("only an owner, or who may write all applications, makes secrets", async (t) => {
  const { entra, graph, app, as } = await entraScene(t);
  const sso = entra.world.addApp({ displayName: "sso" });
  refused(t, await add(graph, sso.id, {}), 403, "Authorization_RequestDenied");
  const all = await as("Application.ReadWrite.All");
  t.equal((await add(all, sso.id, {})).status, 200);
  entra.world.setOwner(sso.id, app.principalId);
  t.equal((await add(graph, sso.id, {})).status, 200);
  entra.world.removeOwner(sso.id, app.principalId);
  const { keyId } = (await secretsOf(graph, sso.id))[0] ?? { keyId: "" };
  const remove = await graph.post(`/applications/${sso.id}/removePassword`, { keyId });
  refused(t, remove, 403, "Authorization_RequestDenied");
  const reader = await as("Application.Read.All");
  refused(t, await add(reader, sso.id, {}), 403, "Authorization_RequestDenied");
  entra.world.revokeRole(app.id, "Application.ReadWrite.OwnedBy");
  t.equal((await add(graph, app.id, {})).status, 200, "a token keeps its roles until it ends");
});

t.test("policies cap or forbid new secrets, and never stop old ones", async (t) => {
  const { entra, graph, app, client } = await entraScene(t);
  const { world } = entra;
  const old = world.addSecret(app.id);
  const lasting = (days: number): Promise<Reply> =>
    add(graph, app.id, { endDateTime: new Date(SCENE_NOW + days * DAY).toISOString() });
  world.setPolicy({ name: "seven days", maxLifetimeDays: 7 });
  const capped = await lasting(30);
  refused(t, capped, 400, "CredentialInvalidLifetimeAsPerAppPolicy", /'seven days'/);
  t.equal((await lasting(7)).status, 200);
  world.setPolicy({ name: "thirty here", maxLifetimeDays: 30 }, app.id);
  t.equal((await lasting(30)).status, 200, "the app's own policy goes first");
  world.setPolicy(undefined, app.id);
  world.setPolicy({ name: "none", secretsForbidden: true });
  refused(t, await lasting(1), 400, "CredentialTypeNotAllowedAsPerAppPolicy", /'none'/);
  await client.signIn(app, old);
  world.setPolicy(undefined);
  t.equal((await lasting(180)).status, 200);
});

t.test("writes collide: on order, or within a window", async (t) => {
  const { entra, graph, app } = await entraScene(t);
  entra.world.conflictNext(1);
  entra.world.conflictNext(1, 400);
  refused(t, await add(graph, app.id, {}), 409, "Directory_ConcurrencyViolation");
  refused(t, await add(graph, app.id, {}), 400, "Directory_ConcurrencyViolation");
  t.equal((await add(graph, app.id, {})).status, 200);
  entra.world.setConflictWindow(1000);
  refused(t, await add(graph, app.id, {}), 409, "Directory_ConcurrencyViolation");
  entra.clock.advance(1000);
  t.equal((await add(graph, app.id, {})).status, 200);
});

t.test("an app rolls its own certificate without a permission", async (t) => {
  const { entra, client } = await entraScene(t);
  const [first, second] = [await appCertificate("first"), await appCertificate("second")];
  const app = entra.world.addApp({ displayName: "agent", certificate: first.certificatePem });
  const graph = await client.signIn(app, entra.world.addSecret(app.id));
  const nbf = SCENE_NOW / 1000;
  const good = { iss: app.id, aud: "00000002-0000-0000-c000-000000000000", nbf, exp: nbf + 600 };
  const key = second.certificatePem.replaceAll(/-----[^-]+-----|\s/g, "");
  const addKey = (proof: string, credential = {}): Promise<Reply> =>
    graph.post(`/applications/${app.id}/addKey`, {
      keyCredential: { type: "AsymmetricX509Cert", usage: "Verify", key, ...credential },
      passwordCredential: null,
      proof,
    });
  const bad = "Authentication_MissingOrMalformed";
  refused(t, await addKey(await signedBy(second, good)), 401, bad);
  refused(t, await addKey(await signedBy(first, { ...good, iss: app.appId })), 401, bad);
  refused(t, await addKey(await signedBy(first, { ...good, exp: nbf + 601 })), 401, bad);
  refused(t, await addKey("x=.y.z"), 401, bad);
  const proof = await signedBy(first, good);
  refused(t, await addKey(proof, { usage: "Sign" }), 400, "Request_BadRequest");
  const added = await addKey(proof);
  t.match(added.json, { type: "AsymmetricX509Cert", usage: "Verify", key: null });
  const { keyId } = added.json as { keyId: string };
  const held = entra.world.app(app.id);
  const old = [...entra.world.directory.truth.held("certificate", held.id).keys()].find(
    (id) => id !== keyId,
  );
  const remove = (id: string, by: string): Promise<Reply> =>
    graph.post(`/applications/${app.id}/removeKey`, { keyId: id, proof: by });
  t.equal((await remove(old ?? "", await signedBy(second, good))).status, 204);
  refused(t, await remove(keyId, proof), 401, bad);
  t.same(entra.violations, []);
});

t.test("an app registration is made from nothing", async (t) => {
  const { entra, as, graph: agent } = await entraScene(t);
  const admin = await as("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All");
  const body = {
    displayName: "Proxmox VE",
    signInAudience: "AzureADMyOrg",
    web: { redirectUris: ["https://pve1.example.com:8006", "http://localhost:8006"] },
    optionalClaims: { idToken: [{ name: "upn" }] },
  };
  const made = await admin.post("/applications", body);
  t.equal(made.status, 201);
  t.match(made.json, {
    signInAudience: "AzureADMyOrg",
    web: { redirectUris: body.web.redirectUris },
  });
  const { id, appId } = made.json as { id: string; appId: string };
  for (const uri of ["http://pve1.example.com", "https://a/!", "https://a/(b)", "no uri"]) {
    const reply = await admin.patch(`/applications/${id}`, { web: { redirectUris: [uri] } });
    refused(t, reply, 400, "Request_BadRequest", /redirectUris/);
  }
  t.equal((await admin.patch(`/applications/${id}`, { web: { redirectUris: [] } })).status, 204);
  t.same(
    (await admin.get(`/applications/${id}`)).json.web.redirectUris,
    [],
    "the array is replaced",
  );
  const principal = await admin.post("/servicePrincipals", { appId });
  t.equal(principal.status, 201);
  refused(
    t,
    await admin.post("/servicePrincipals", { appId }),
    400,
    "Request_BadRequest",
    /already/,
  );
  const owner = {
    "@odata.id": `${entra.graphUrl}/v1.0/servicePrincipals/${(principal.json as { id: string }).id}`,
  };
  const path = `/applications/${id}/owners/$ref`;
  refused(t, await agent.post(path, owner), 403, "Authorization_RequestDenied");
  t.equal((await admin.post(path, owner)).status, 204);
  refused(t, await admin.post(path, owner), 400, "Request_BadRequest", /already exist/);
  t.equal((await admin.get(`/applications/${id}/owners`)).json.value.length, 1);
  refused(t, await admin.post("/applications", { displayName: "" }), 400, "Request_BadRequest");
  t.equal((await agent.post("/applications", { displayName: "mine" })).status, 201);
  const mine = entra.world.app("mine");
  t.equal((await add(agent, mine.id, {})).status, 200, "whoever makes an app with OwnedBy owns it");
  t.same(entra.violations, []);
});
