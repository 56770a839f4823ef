import t, { type Test } from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { appCertificate, signedBy } from "./emulators/entra/certificates.js";
import { connect, type GraphClient, type Reply } from "./emulators/entra/client.js";
import { type EntraEmulator, startEntra, validateGraphResponse } from "./emulators/entra/index.js";
import { APPLICATION_ROLES, GRAPH_APP_ID, type Role } from "./emulators/entra/roles.js";
import { entraScene } from "./emulators/entra/scene.js";
import { graphSchema } from "./emulators/entra/schema.js";
import { WITHOUT_FACTS } from "./support/facts.js";

/** The emulator itself runs without the description, and then holds itself to nothing. */
const DESCRIBED = { skip: WITHOUT_FACTS };
const NOW = Date.parse("2026-11-21T10:00:00Z");
const NOBODY = "00000000-0000-4000-8000-000000000000";
const ALL_ROLES = Object.keys(APPLICATION_ROLES) as Role[];

/** Everything that was asked, as "METHOD /template status". */
class Covered {
  readonly seen = new Set<string>();

  note(
    t: Test,
    method: string,
    path: string,
    reply: Pick<Reply, "status" | "json" | "text">,
  ): void {
    const below = path.replace(/^https:\/\/[^/]+\/v1\.0/, "").split("?")[0] ?? "";
    const body: unknown = reply.json ?? (reply.text === "" ? undefined : reply.text);
    const wrong = validateGraphResponse(method, below, reply.status, body);
    t.same(wrong, [], `${method} ${below} ${reply.status} is as described`);
    this.seen.add(`${method} ${graphSchema().template(below) ?? below} ${reply.status}`);
  }

  has(method: string, path: string, passes: (status: number) => boolean): boolean {
    return [...this.seen].some((line) => {
      const status = Number(line.slice(line.lastIndexOf(" ")));
      return line.startsWith(`${method} ${path} `) && passes(status);
    });
  }
}

/** A client that holds each answer against the description as it came over the wire. */
function held(t: Test, graph: GraphClient, covered: Covered): GraphClient {
  const note = async (method: string, path: string, asked: Promise<Reply>): Promise<Reply> => {
    const reply = await asked;
    covered.note(t, method, path, reply);
    return reply;
  };
  return {
    token: graph.token,
    get: (path, headers) => note("GET", path, graph.get(path, headers)),
    post: (path, body, headers) => note("POST", path, graph.post(path, body, headers)),
    patch: (path, body) => note("PATCH", path, graph.patch(path, body)),
    delete: (path) => note("DELETE", path, graph.delete(path)),
  };
}

interface World {
  entra: EntraEmulator;
  agent: { id: string; appId: string; principalId: string };
  graph: GraphClient;
  weak: GraphClient;
}

async function everything({ entra, agent, graph }: World): Promise<void> {
  const { world } = entra;
  const anna = world.addUser({ upn: "anna@example.com", givenName: "Anna", surname: "Adler" });
  const guest = world.addGuest({ mail: "otto@home.example" });
  const inner = world.addGroup({ displayName: "inner", members: [anna.id] });
  const device = world.addDevice("printer");
  const outer = world.addGroup({
    displayName: "outer",
    kind: "microsoft365",
    members: [inner.id, guest.id, device.id, agent.principalId],
  });
  const eventual = { ConsistencyLevel: "eventual" };

  for (const list of ["members", "transitiveMembers"]) {
    const base = `/groups/${outer.id}/${list}`;
    await graph.get(base);
    await graph.get(`${base}?$select=id,userPrincipalName,accountEnabled&$top=1`);
    for (const cast of ["graph.user", "microsoft.graph.user", "graph.group"]) {
      await graph.get(`${base}/${cast}?$count=true`, eventual);
    }
    await graph.get(`${base}/$count`, eventual);
  }
  await graph.get(`/groups/${outer.id}`);
  await graph.get("/groups?$filter=displayName eq 'outer'");
  await graph.get(`/users/${anna.id}`);
  await graph.get(`/users/${encodeURIComponent(guest.userPrincipalName)}?$select=id,userType`);
  await graph.get("/users?$filter=mail eq 'anna@example.com'&$select=id,mail");
  await graph.post(`/users/${anna.id}/checkMemberGroups`, { groupIds: [inner.id, outer.id] });
  await graph.post("/directoryObjects/getByIds", { ids: [anna.id, outer.id], types: ["user"] });
  for (const kind of ["groups", "users"]) {
    const first = await graph.get(`/${kind}/delta`);
    world.rename(anna.id, `anna.${kind}@example.com`);
    world.leave(outer.id, guest.id);
    await graph.get((first.json as { "@odata.deltaLink": string })["@odata.deltaLink"]);
    world.resetDelta();
    await graph.get((first.json as { "@odata.deltaLink": string })["@odata.deltaLink"]);
    entra.clock.advance(10);
  }
  world.deleteUser(guest.id);
  await graph.get(`/directory/deletedItems/${guest.id}`);
  await graph.get("/organization");
  world.setPolicy({ maxLifetimeDays: 7, secretsForbidden: true });
  await graph.get("/policies/defaultAppManagementPolicy");
  world.setPolicy({ maxLifetimeDays: 30 }, agent.id);
  await graph.get(`/applications/${agent.id}/appManagementPolicies`);
  world.setPolicy(undefined);
  world.setPolicy(undefined, agent.id);
}

async function applications({ entra, agent, graph }: World): Promise<void> {
  const made = await graph.post("/applications", {
    displayName: "sso",
    signInAudience: "AzureADMyOrg",
    web: { redirectUris: ["https://pve.example.com:8006"] },
    optionalClaims: { idToken: [{ name: "upn", essential: false, additionalProperties: [] }] },
  });
  const app = made.json as { id: string; appId: string };
  await graph.get("/applications?$filter=displayName eq 'sso'");
  const principal = await graph.post("/servicePrincipals", { appId: app.appId });
  const principalId = (principal.json as { id: string }).id;
  await graph.get("/servicePrincipals?$select=id,appId");
  const certificate = await appCertificate();
  const next = await appCertificate("next");
  for (const base of [`/applications/${app.id}`, `/applications(appId='${app.appId}')`]) {
    await graph.get(base);
    await graph.get(`${base}?$select=id,keyCredentials,passwordCredentials`);
    await graph.patch(base, { notes: base });
    await graph.get(`${base}/owners`);
    const owner = base.includes("appId") ? principalId : agent.principalId;
    const reference = { "@odata.id": `${entra.graphUrl}/v1.0/directoryObjects/${owner}` };
    await graph.post(`${base}/owners/$ref`, reference);
    const secret = await graph.post(`${base}/addPassword`, {
      passwordCredential: { displayName: base, endDateTime: "2027-01-01T00:00:00Z" },
    });
    await graph.post(`${base}/removePassword`, {
      keyId: (secret.json as { keyId: string }).keyId,
    });
    const held = entra.world.addCertificate(app.id, certificate.certificatePem);
    const seconds = NOW / 1000;
    const proof = await signedBy(certificate, {
      iss: app.id,
      aud: "00000002-0000-0000-c000-000000000000",
      nbf: seconds,
      exp: seconds + 600,
    });
    const key = next.certificatePem.replaceAll(/-----[^-]+-----|\s/g, "");
    const added = await graph.post(`${base}/addKey`, {
      keyCredential: { type: "AsymmetricX509Cert", usage: "Verify", key },
      passwordCredential: null,
      proof,
    });
    await graph.post(`${base}/removeKey`, {
      keyId: (added.json as { keyId: string }).keyId,
      proof,
    });
    entra.world.removeCertificate(app.id, held.keyId);
    await graph.get(`${base}/federatedIdentityCredentials`);
    await graph.post(`${base}/federatedIdentityCredentials`, {
      name: "ci",
      issuer: "https://issuer.example",
      subject: "pve",
      audiences: ["api://AzureADTokenExchange"],
    });
  }
  const graphPrincipal = entra.world.principal(GRAPH_APP_ID).id;
  const roles: Role[] = ["User.Read.All", "GroupMember.Read.All"];
  for (const base of [
    `/servicePrincipals/${principalId}`,
    `/servicePrincipals(appId='${app.appId}')`,
  ]) {
    await graph.get(base);
    await graph.patch(base, { tags: ["HideApp"] });
    await graph.post(`${base}/appRoleAssignments`, {
      principalId,
      resourceId: graphPrincipal,
      appRoleId: APPLICATION_ROLES[roles.pop() ?? "User.Read.All"],
    });
    await graph.get(`${base}/appRoleAssignments`);
  }
  await graph.get(`/servicePrincipals(appId='${GRAPH_APP_ID}')`);
  const grant = await graph.post("/oauth2PermissionGrants", {
    clientId: principalId,
    consentType: "AllPrincipals",
    principalId: null,
    resourceId: graphPrincipal,
    scope: "openid profile email",
  });
  const grantPath = `/oauth2PermissionGrants/${(grant.json as { id: string }).id}`;
  await graph.get("/oauth2PermissionGrants");
  await graph.get(grantPath);
  await graph.patch(grantPath, { scope: "openid" });
  await graph.delete(grantPath);
  const spare = entra.world.addApp({ displayName: "spare" });
  await graph.delete(`/servicePrincipals/${principalId}`);
  await graph.delete(`/servicePrincipals(appId='${spare.appId}')`);
  await graph.delete(`/applications/${app.id}`);
  await graph.delete(`/applications(appId='${spare.appId}')`);
  await graph.get(`/directory/deletedItems/${app.id}`);
}

const BODIES: Record<string, object> = {
  "/$batch": { requests: [] },
  "/directoryObjects/getByIds": { ids: ["no id"] },
  "/oauth2PermissionGrants": { clientId: NOBODY, resourceId: NOBODY },
};

/** A path of the description with ids that nobody has. */
function nowhere(template: string): string {
  return template.replaceAll(/\{[^}]+\}/g, NOBODY);
}

async function ask(graph: GraphClient, method: string, path: string): Promise<Reply> {
  const body = BODIES[path] ?? {};
  if (method === "GET") return graph.get(path);
  if (method === "DELETE") return graph.delete(path);
  return method === "PATCH" ? graph.patch(path, body) : graph.post(path, body);
}

t.test("every endpoint answers as Microsoft's metadata describes it", DESCRIBED, async (t) => {
  const entra = await startEntra({ clock: fixedClock(NOW), lag: { min: 0, max: 0 } });
  const client = connect(entra);
  t.teardown(async () => {
    await client.close();
    await entra.close();
  });
  const covered = new Covered();
  const signIn = async (name: string, roles: Role[]): Promise<[World["agent"], GraphClient]> => {
    const app = entra.world.addApp({ displayName: name, roles });
    const graph = await client.signIn(app, entra.world.addSecret(app.id));
    return [app, held(t, graph, covered)];
  };
  const [agent, graph] = await signIn("agent", ALL_ROLES);
  const [, weak] = await signIn("weak", []);
  const world: World = { entra, agent, graph, weak };
  const operations = graphSchema().operations();

  await t.test("what works", async () => {
    await everything(world);
    await applications(world);
  });

  await t.test(
    "what is refused: nobody's ids, no permission, no token, an error of the server",
    async (t) => {
      for (const { method, path } of operations) {
        const url = nowhere(path);
        await ask(graph, method, url);
        await ask(weak, method, url);
        const blank = await client.ask(`/v1.0${url}`, { method, headers: {} });
        t.equal(blank.status, 401);
        covered.note(t, method, url, blank);
        entra.faults.add({ do: { kind: "status", status: 503 } });
        t.equal((await ask(graph, method, url)).status, 503);
      }
    },
  );

  await t.test("parts of a batch", async (t) => {
    const anna = entra.world.addUser({ upn: "berta@example.com" });
    const group = entra.world.addGroup({ displayName: "batch", members: [anna.id] });
    const json = { "Content-Type": "application/json" };
    const parts = [
      { method: "GET", url: `/groups/${group.id}?$select=visibility` },
      { method: "GET", url: `/groups/${NOBODY}` },
      { method: "GET", url: `/groups/${group.id}/transitiveMembers?$select=id` },
      { method: "GET", url: `/nothing/of/the/kind` },
      {
        method: "POST",
        url: `/users/${anna.id}/checkMemberGroups`,
        headers: json,
        body: { groupIds: [group.id] },
      },
      {
        method: "POST",
        url: `/users/${anna.id}/checkMemberGroups`,
        headers: json,
        body: { groupIds: ["x"] },
      },
    ].map((part, n) => ({ id: String(n), ...part }));
    entra.world.throttleNext(1, 7);
    const reply = await graph.post("/$batch", { requests: parts });
    const { responses } = reply.json as {
      responses: { id: string; status: number; headers: Record<string, string>; body: unknown }[];
    };
    t.same(Object.fromEntries(responses.map((part) => [part.id, part.status])), {
      0: 429,
      1: 404,
      2: 200,
      3: 400,
      4: 200,
      5: 400,
    });
    for (const part of responses) {
      const { method, url } = parts[Number(part.id)] ?? { method: "", url: "" };
      const path = url.split("?")[0] ?? "";
      t.same(validateGraphResponse(method, path, part.status, part.body), [], `part ${url}`);
    }
    t.equal(responses.find((part) => part.id === "0")?.headers["Retry-After"], "7");
  });

  await t.test("nothing is left out", (t) => {
    for (const { method, path } of operations) {
      t.ok(
        covered.has(method, path, (status) => status < 300),
        `${method} ${path} worked`,
      );
      t.ok(
        covered.has(method, path, (status) => status >= 400 && status < 500 && status !== 401),
        `${method} ${path} was refused`,
      );
    }
    t.comment(`${operations.length} operations, ${covered.seen.size} kinds of answer`);
    t.end();
  });
  t.ok(entra.validating);
  t.same(entra.violations, [], "no honest answer broke the description, batch parts included");
});

t.test("no request makes it stumble", DESCRIBED, async (t) => {
  const { entra, client, graph, as, app } = await entraScene(t);
  const admin = await as(...ALL_ROLES);
  const group = entra.world.addGroup({ displayName: "g" });
  const anna = entra.world.addUser({ upn: "anna@example.com" });
  const real: Record<string, string> = {
    "application-id": app.id,
    "servicePrincipal-id": app.principalId,
    appId: app.appId,
    "group-id": group.id,
    "user-id": anna.id,
  };
  const names = ["displayName", "web", "optionalClaims", "tags", "ids", "groupIds", "requests"];
  names.push("passwordCredential", "keyCredential", "proof", "keyId", "appId", "@odata.id");
  names.push("principalId", "resourceId", "consentType", "scope", "name", "identifierUris");
  const odd: unknown[] = [null, 7, "x", [], [null], {}, { redirectUris: 7 }, { idToken: [7] }];
  const bodies = [
    ...odd.map((value) => JSON.stringify(value)),
    ...names.flatMap((name) => odd.map((value) => JSON.stringify({ [name]: value }))),
    "{",
  ];
  for (const { method, path } of graphSchema().operations()) {
    if (method === "DELETE") continue;
    const url = path.replaceAll(/\{([^}]+)\}/g, (_all, name: string) => real[name] ?? "%zz");
    for (const body of method === "GET" ? [""] : bodies) {
      const headers = { authorization: `Bearer ${admin.token}` };
      const reply = await client.ask(`/v1.0${url}`, { method, headers, ...(body && { body }) });
      if (reply.status >= 500) t.fail(`${method} ${url} ${body}`, { text: reply.text });
    }
    for (const query of ["$filter=(((", "$filter=", "$top=x", "$select=", "$skiptoken=!!", "%ff"]) {
      if (method !== "GET") continue;
      const reply = await admin.get(`${url}?${query}`);
      if (reply.status >= 500) t.fail(`${method} ${url}?${query}`, { text: reply.text });
    }
  }
  t.equal((await graph.get("/%zz/%ff")).status, 400);
  const endpoint = `/${entra.tenantId}/oauth2/v2.0`;
  const basic = Buffer.from("%zz:%ff").toString("base64");
  const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  for (const form of [
    { grant_type: "client_credentials", client_assertion_type: type, client_assertion: "x" },
    { grant_type: "authorization_code", client_id: app.appId, client_secret: "x", code: "x" },
    {},
  ]) {
    for (const authorization of [`Basic ${basic}`, "Bearer x", "Basic"]) {
      const reply = await client.tokenRequest(form, { authorization });
      t.ok(reply.status < 500, reply.text);
    }
    t.ok((await client.tokenRequest(form)).status < 500);
  }
  const url = `${endpoint}/authorize?client_id=${app.appId}&redirect_uri=x&response_type=code`;
  t.equal((await client.ask(url)).status, 400);
  t.same(
    entra.violations.filter((violation) => violation.status >= 500 || violation.status < 300),
    [],
  );
});

t.test("a broken answer is noticed", DESCRIBED, (t) => {
  const id = NOBODY;
  t.not(validateGraphResponse("GET", `/users/${id}`, 200, { id, accountEnabled: "yes" }).length, 0);
  t.not(validateGraphResponse("GET", `/users/${id}`, 200, { id, noSuch: 1 }).length, 0);
  t.not(validateGraphResponse("GET", `/users/${id}`, 404, { message: "no" }).length, 0);
  t.not(validateGraphResponse("POST", `/applications/${id}/removePassword`, 204, {}).length, 0);
  t.not(validateGraphResponse("GET", "/nothing", 200, {}).length, 0);
  t.same(validateGraphResponse("GET", `/users/${id}`, 200, { id, accountEnabled: true }), []);
  t.end();
});
