import { createHash, randomBytes } from "node:crypto";
import { ConfidentialClientApplication, type INetworkModule } from "@azure/msal-node";
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import t, { type Test } from "tap";
import { Agent, fetch as undiciFetch, request } from "undici";
import { createClock, fixedClock } from "./emulators/common/clock.js";
import { appCertificate, signedBy } from "./emulators/entra/certificates.js";
import { type BareClient, connect, type Reply } from "./emulators/entra/client.js";
import { type EntraEmulator, type EntraOptions, startEntra } from "./emulators/entra/index.js";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const DAY = 86_400_000;
const REDIRECT = "https://pve.example.com:8006";

async function start(
  t: Test,
  options: EntraOptions = {},
): Promise<{ entra: EntraEmulator; client: BareClient }> {
  const entra = await startEntra({ clock: fixedClock(NOW), lag: { min: 0, max: 0 }, ...options });
  const client = connect(entra);
  t.teardown(async () => {
    await client.close();
    await entra.close();
  });
  return { entra, client };
}

function credentials(entra: EntraEmulator, appId: string, secret: string): Record<string, string> {
  return {
    grant_type: "client_credentials",
    client_id: appId,
    client_secret: secret,
    scope: `${entra.graphUrl}/.default`,
  };
}

function refusedWith(t: Test, reply: Reply, status: number, error: string, code: number): void {
  const body = reply.json as Record<string, unknown>;
  t.equal(reply.status, status, `${code}: status ${status}`);
  t.match(body, {
    error,
    error_codes: [code],
    error_description: new RegExp(
      `^AADSTS${code}: .* Trace ID: [-0-9a-f]{36} Correlation ID: [-0-9a-f]{36} Timestamp: `,
    ),
    timestamp: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
    trace_id: /^[-0-9a-f]{36}$/,
    correlation_id: /^[-0-9a-f]{36}$/,
    error_uri: new RegExp(`/error\\?code=${code}$`),
  });
}

t.test("an app signs in by secret, in the form or in the header", async (t) => {
  const { entra, client } = await start(t);
  const app = entra.world.addApp({ displayName: "agent", roles: ["User.Read.All"] });
  const secret = entra.world.addSecret(app.id);
  const form = credentials(entra, app.appId, secret.secretText);
  const reply = await client.tokenRequest(form);
  t.equal(reply.status, 200);
  t.equal(reply.headers.date, new Date(NOW).toUTCString(), "the Date is the emulator's");
  t.match(reply.json, { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 });
  const claims = decodeJwt((reply.json as { access_token: string }).access_token);
  t.match(claims, { appid: app.appId, oid: app.principalId, roles: ["User.Read.All"] });
  t.equal(claims.aud, entra.graphUrl);
  const basic = Buffer.from(`${app.appId}:${encodeURIComponent(secret.secretText)}`);
  const rest = { grant_type: "client_credentials", scope: form.scope ?? "" };
  const header = { authorization: `Basic ${basic.toString("base64")}` };
  t.equal((await client.tokenRequest(rest, header)).status, 200);
  for (const scope of [`${app.appId}/.default`, `api://${app.appId}/.default`]) {
    t.equal((await client.tokenRequest({ ...form, scope })).status, 200, scope);
  }
});

t.test("several secrets hold at once, each until it ends or is removed", async (t) => {
  const { entra, client } = await start(t);
  const app = entra.world.addApp({ displayName: "sso" });
  const secrets = [30, 60, 90].map((days) => entra.world.addSecret(app.id, { days }));
  const statuses = async (): Promise<number[]> => {
    const found: number[] = [];
    for (const { secretText } of secrets) {
      found.push((await client.tokenRequest(credentials(entra, app.appId, secretText))).status);
    }
    return found;
  };
  t.same(await statuses(), [200, 200, 200]);
  entra.clock.advance(31 * DAY);
  t.same(await statuses(), [401, 200, 200]);
  entra.world.removeSecretByHand(app.id, secrets[1]?.keyId ?? "");
  t.same(await statuses(), [401, 401, 200]);
  t.equal(new Set(secrets.map((secret) => secret.secretText)).size, 3);
  t.match(secrets[0]?.secretText, /^[A-Za-z0-9]{3}~emulated\.[-A-Za-z0-9_.~]{27}$/);
});

t.test("refusals are Entra's", async (t) => {
  const { entra, client } = await start(t);
  const { world } = entra;
  const app = world.addApp({ displayName: "sso" });
  const secret = world.addSecret(app.id, { days: 30 });
  const good = credentials(entra, app.appId, secret.secretText);
  const ask = (change: Record<string, string>): Promise<Reply> =>
    client.tokenRequest({ ...good, ...change });
  refusedWith(t, await ask({ client_secret: "abc" }), 401, "invalid_client", 7000215);
  refusedWith(t, await ask({ client_secret: "" }), 401, "invalid_client", 7000218);
  const stranger = "99999999-0000-4000-8000-000000000000";
  refusedWith(t, await ask({ client_id: stranger }), 400, "unauthorized_client", 700016);
  refusedWith(t, await ask({ grant_type: "password" }), 400, "unsupported_grant_type", 70003);
  refusedWith(t, await ask({ scope: "User.Read" }), 400, "invalid_scope", 1002012);
  const elsewhere = { scope: "https://elsewhere.example/.default" };
  refusedWith(t, await ask(elsewhere), 400, "invalid_resource", 500011);
  const tenant = await client.ask("/no-such-tenant/oauth2/v2.0/token", {
    method: "POST",
    body: "",
  });
  refusedWith(t, tenant, 400, "invalid_request", 90002);
  const discovery = await client.ask("/no-such-tenant/v2.0/.well-known/openid-configuration");
  refusedWith(t, discovery, 400, "invalid_request", 90002);
  world.conditionalAccess(app.id);
  refusedWith(t, await ask({}), 400, "access_denied", 53003);
  world.conditionalAccess(app.id, false);
  world.disableApp(app.id);
  refusedWith(t, await ask({}), 400, "unauthorized_client", 7000112);
  world.enableApp(app.id);
  entra.clock.advance(31 * DAY);
  refusedWith(t, await ask({}), 401, "invalid_client", 7000222);
  const given = "11111111-2222-4333-8444-555555555555";
  const reply = await client.tokenRequest(good, { "client-request-id": given });
  t.equal((reply.json as { correlation_id: string }).correlation_id, given);
});

t.test("an app signs in by certificate", async (t) => {
  const { entra, client } = await start(t);
  const certificate = await appCertificate();
  const app = entra.world.addApp({
    displayName: "agent",
    certificate: certificate.certificatePem,
  });
  const now = NOW / 1000;
  const endpoint = `${entra.loginUrl}/${entra.tenantId}/oauth2/v2.0/token`;
  const good = { iss: app.appId, sub: app.appId, aud: endpoint, nbf: now, exp: now + 600 };
  const ask = (assertion: string): Promise<Reply> =>
    client.tokenRequest({
      grant_type: "client_credentials",
      client_id: app.appId,
      scope: `${entra.graphUrl}/.default`,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    });
  for (const alg of ["PS256", "RS256"] as const) {
    t.equal((await ask(await signedBy(certificate, good, alg))).status, 200, alg);
  }
  const slow = { ...good, nbf: now + 299, exp: now + 899 };
  t.equal((await ask(await signedBy(certificate, slow))).status, 200, "five minutes are forgiven");
  const table: [string, object, number][] = [
    ["another audience", { aud: "https://elsewhere.example" }, 700023],
    ["expired", { nbf: now - 2000, exp: now - 301 }, 700024],
    ["not yet", { nbf: now + 301, exp: now + 900 }, 700024],
    ["another app", { iss: "x", sub: "x" }, 700027],
  ];
  for (const [name, change, code] of table) {
    t.comment(name);
    const reply = await ask(await signedBy(certificate, { ...good, ...change }));
    refusedWith(t, reply, 401, "invalid_client", code);
  }
  const foreign = await signedBy(await appCertificate("foreign"), good);
  refusedWith(t, await ask(foreign), 401, "invalid_client", 700027);
  refusedWith(t, await ask("no.jwt"), 401, "invalid_client", 700027);
  const [header = "", payload = ""] = (await signedBy(certificate, good)).split(".");
  const forged = `${header}.${payload}.${randomBytes(256).toString("base64url")}`;
  refusedWith(t, await ask(forged), 401, "invalid_client", 700027);
});

/** MSAL's network on undici, so that it trusts the emulator's authority. */
function network(dispatcher: Agent): INetworkModule {
  const send = async (
    method: "GET" | "POST",
    url: string,
    options?: { headers?: Record<string, string>; body?: string },
  ): Promise<{ headers: Record<string, string>; body: never; status: number }> => {
    const reply = await request(url, {
      dispatcher,
      method,
      headers: options?.headers ?? {},
      ...(options?.body === undefined ? {} : { body: options.body }),
    });
    const headers = Object.fromEntries(
      Object.entries(reply.headers).map(([name, value]) => [name, String(value)]),
    );
    return { headers, body: (await reply.body.json()) as never, status: reply.statusCode };
  };
  return {
    sendGetRequestAsync: (url, options) => send("GET", url, options),
    sendPostRequestAsync: (url, options) => send("POST", url, options),
  };
}

t.test("MSAL for Node signs in, by secret and by certificate", async (t) => {
  const { entra } = await start(t, { clock: createClock() });
  const dispatcher = new Agent({ connect: { ca: entra.caPem } });
  t.teardown(() => dispatcher.close());
  const certificate = await appCertificate();
  const { world } = entra;
  const app = world.addApp({ displayName: "agent", certificate: certificate.certificatePem });
  const secret = world.addSecret(app.id);
  const login = (credential: object): ConfidentialClientApplication =>
    new ConfidentialClientApplication({
      auth: {
        clientId: app.appId,
        authority: `${entra.authorityUrl}/${entra.tenantId}`,
        knownAuthorities: [new URL(entra.authorityUrl).host],
        ...credential,
      },
      system: { networkClient: network(dispatcher) },
    });
  const scopes = { scopes: [`${entra.graphUrl}/.default`], skipCache: true };
  const { thumbprintSha256, privateKeyPem: privateKey } = certificate;
  for (const credential of [
    { clientSecret: secret.secretText },
    { clientCertificate: { thumbprintSha256, privateKey } },
  ]) {
    const result = await login(credential).acquireTokenByClientCredential(scopes);
    t.equal(decodeJwt(result?.accessToken ?? "").appid, app.appId, Object.keys(credential).join());
  }
  const wrong = login({ clientSecret: "wrong" }).acquireTokenByClientCredential(scopes);
  const error: unknown = await wrong.catch((thrown: unknown) => thrown);
  t.match(error, { errorCode: "invalid_client", errorNo: "7000215", status: 401 });
});

interface Authorized {
  reply: Reply;
  code: string;
  verifier: string;
}

async function authorize(
  entra: EntraEmulator,
  client: BareClient,
  change: Record<string, string>,
): Promise<Authorized> {
  const verifier = randomBytes(32).toString("base64url");
  const parameters = new URLSearchParams({
    response_type: "code",
    redirect_uri: REDIRECT,
    scope: "openid profile email",
    state: "st ate",
    nonce: "n-1",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...change,
  });
  const reply = await client.ask(
    `/${entra.tenantId}/oauth2/v2.0/authorize?${parameters.toString()}`,
  );
  const location = reply.headers.location;
  const code = typeof location === "string" ? new URL(location).searchParams.get("code") : null;
  return { reply, code: code ?? "", verifier };
}

t.test("a person signs in with code and PKCE", async (t) => {
  const { entra, client } = await start(t);
  const { world } = entra;
  const app = world.addApp({
    displayName: "sso",
    redirectUris: [REDIRECT],
    idTokenClaims: ["upn"],
    groupMembershipClaims: "SecurityGroup",
  });
  const secret = world.addSecret(app.id);
  const anna = world.addUser({ upn: "anna@example.com", givenName: "Anna", surname: "Adler" });
  const inner = world.addGroup({ displayName: "inner", members: [anna.id] });
  const outer = world.addGroup({ displayName: "outer", members: [inner.id] });
  const who = { client_id: app.appId, login_hint: "Anna@Example.com" };
  const redeem = (code: string, verifier: string, change = {}): Promise<Reply> =>
    client.tokenRequest({
      grant_type: "authorization_code",
      client_id: app.appId,
      client_secret: secret.secretText,
      redirect_uri: REDIRECT,
      code,
      code_verifier: verifier,
      ...change,
    });

  const { reply, code, verifier } = await authorize(entra, client, who);
  t.equal(reply.status, 302);
  const back = new URL(String(reply.headers.location));
  t.equal(back.origin, REDIRECT);
  t.equal(back.searchParams.get("state"), "st ate");
  const tokens = await redeem(code, verifier);
  t.equal(tokens.status, 200);
  const { id_token: idToken, access_token: accessToken } = tokens.json as Record<string, string>;
  const keys = (await client.ask(`/${entra.tenantId}/discovery/v2.0/keys`)).json as JSONWebKeySet;
  const { payload } = await jwtVerify(idToken ?? "", createLocalJWKSet(keys), {
    issuer: entra.issuer,
    audience: app.appId,
    currentDate: new Date(NOW),
  });
  t.match(payload, {
    oid: anna.id,
    nonce: "n-1",
    preferred_username: "anna@example.com",
    upn: "anna@example.com",
    email: "anna@example.com",
    name: "anna",
    tid: entra.tenantId,
    ver: "2.0",
  });
  t.same(new Set(payload.groups as string[]), new Set([inner.id, outer.id]));
  t.not(payload.sub, anna.id, "the subject is pairwise");
  const info = await client.ask("/oidc/userinfo", {
    headers: { authorization: `Bearer ${accessToken ?? ""}` },
  });
  t.match(info.json, { sub: payload.sub, given_name: "Anna", family_name: "Adler" });
  t.notOk("upn" in (info.json as object), "UserInfo cannot be customised");
  t.equal((await client.ask("/oidc/userinfo")).status, 401);

  t.comment("codes work once, for their app, their address and their verifier, for ten minutes");
  refusedWith(t, await redeem(code, verifier), 400, "invalid_grant", 54005);
  const next = (): Promise<Authorized> => authorize(entra, client, who);
  let fresh = await next();
  refusedWith(t, await redeem(fresh.code, "x".repeat(43)), 400, "invalid_grant", 501481);
  const other = { redirect_uri: "https://elsewhere.example" };
  refusedWith(t, await redeem(fresh.code, fresh.verifier, other), 400, "invalid_grant", 500112);
  const wrong = { client_secret: "wrong" };
  refusedWith(t, await redeem(fresh.code, fresh.verifier, wrong), 401, "invalid_client", 7000215);
  t.equal((await redeem(fresh.code, fresh.verifier)).status, 200);
  fresh = await next();
  entra.clock.advance(600_001);
  refusedWith(t, await redeem(fresh.code, fresh.verifier), 400, "invalid_grant", 70008);
  refusedWith(t, await redeem("1.never", fresh.verifier), 400, "invalid_grant", 9002313);
});

t.test("who may not sign in sees Entra's page, and is never sent back", async (t) => {
  const { entra, client } = await start(t);
  const { world } = entra;
  const app = world.addApp({ displayName: "sso", redirectUris: [REDIRECT] });
  world.addUser({ upn: "off@example.com", enabled: false });
  world.addUser({ upn: "on@example.com" });
  const on = { client_id: app.appId, login_hint: "on@example.com" };
  const page = async (change: Record<string, string>, code: number): Promise<void> => {
    const { reply } = await authorize(entra, client, { ...on, ...change });
    t.equal(reply.status, 400);
    t.match(reply.text, new RegExp(`AADSTS${code}: `));
    t.match(reply.headers["content-type"], /^text\/html/);
  };
  await page({ login_hint: "off@example.com" }, 50057);
  await page({ login_hint: "nobody@example.com" }, 50034);
  await page({ login_hint: "" }, 50058);
  await page({ redirect_uri: `${REDIRECT}/` }, 50011);
  await page({ client_id: "99999999-0000-4000-8000-000000000000" }, 700016);
  await page({ response_type: "token" }, 700054);
  await page({ code_challenge_method: "plain" }, 9002345);
  world.requireAssignment(app.id);
  await page({}, 50105);
  world.disableApp(app.id);
  await page({}, 7000112);
});

t.test("claims of guests and of people in very many groups", async (t) => {
  const { entra, client } = await start(t);
  const { world } = entra;
  const upn = { name: "upn", additionalProperties: ["include_externally_authenticated_upn"] };
  const plain = world.addApp({
    displayName: "a",
    redirectUris: [REDIRECT],
    idTokenClaims: ["upn"],
  });
  const external = world.addApp({
    displayName: "b",
    redirectUris: [REDIRECT],
    idTokenClaims: [upn],
    groupMembershipClaims: "All",
  });
  const guest = world.addGuest({ mail: "otto@home.example" });
  const claims = async (app: typeof plain): Promise<Record<string, unknown>> => {
    const who = { client_id: app.appId, login_hint: guest.id };
    const { code, verifier } = await authorize(entra, client, who);
    const reply = await client.tokenRequest({
      grant_type: "authorization_code",
      client_id: app.appId,
      client_secret: world.addSecret(app.id).secretText,
      redirect_uri: REDIRECT,
      code,
      code_verifier: verifier,
    });
    return decodeJwt((reply.json as { id_token: string }).id_token);
  };
  const without = await claims(plain);
  t.notOk("upn" in without, "no upn for guests unless it is asked for");
  t.equal(without.preferred_username, "otto@home.example");
  const withUpn = await claims(external);
  t.equal(withUpn.upn, "otto_home.example#EXT#@contoso-emulated.onmicrosoft.com");
  t.not(withUpn.sub, without.sub, "another app, another subject");
  for (let n = 0; n < 201; n += 1) {
    world.addGroup({ displayName: `g${n}`, members: [guest.id] });
  }
  const many = await claims(external);
  t.notOk("groups" in many);
  t.match(many, { _claim_names: { groups: "src1" } });
});

t.test("oauth4webapi discovers it", async (t) => {
  const { entra } = await start(t);
  const dispatcher = new Agent({ connect: { ca: entra.caPem } });
  t.teardown(() => dispatcher.close());
  const issuer = new URL(entra.issuer);
  const response = await oauth.discoveryRequest(issuer, {
    [oauth.customFetch]: (url, options) => undiciFetch(url, { ...(options as object), dispatcher }),
  });
  const server = await oauth.processDiscoveryResponse(issuer, response);
  t.equal(server.issuer, entra.issuer);
  t.same(server.id_token_signing_alg_values_supported, ["RS256"]);
});
