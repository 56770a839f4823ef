import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import t from "tap";
import type { EntraConfig } from "../src/config/types.js";
import { never, talk } from "./entra-bed.js";
import { guid, startStub } from "./entra-stub.js";

const APP = guid(5);
const GOOD = { body: { id: guid(6), appId: APP, passwordCredentials: [] } };

/**
 * MSAL looks for the Azure Arc agent once in the life of a process, so all tests here share one. It
 * answers as `himds` does where no key file is asked for; the challenge with the file cannot be
 * met here, since MSAL believes one folder of the system alone.
 */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: IncomingMessage[] = [];
const arc = createServer((request, response) => {
  asked.push(request);
  answer(request, response);
});
await new Promise<void>((resolve) => arc.listen(0, "127.0.0.1", resolve));
t.teardown(() => arc.close());
const arcUrl = `http://127.0.0.1:${(arc.address() as AddressInfo).port}`;
const env = {
  IDENTITY_ENDPOINT: `${arcUrl}/metadata/identity/oauth2/token`,
  IMDS_ENDPOINT: arcUrl,
};
const before = { ...process.env };
Object.assign(process.env, env);
t.teardown(() => (process.env = before));

const managed = (config: EntraConfig): EntraConfig => ({
  ...config,
  credential: { kind: "managed-identity" },
});

function json(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function token(response: ServerResponse): void {
  const expires_on = Math.floor(Date.now() / 1000) + 3600;
  const past = new Date(0).toUTCString();
  json(
    response,
    200,
    { access_token: `arc-${asked.length}`, expires_on, token_type: "Bearer" },
    {
      date: past,
    },
  );
}

t.beforeEach(() => {
  asked.length = 0;
  answer = (_, response) => token(response);
});

t.test("the machine's identity signs in, through loopback alone", async (t) => {
  const stub = await startStub(t, () => GOOD);
  const { entra } = talk(t, managed(stub.config), {
    env: { ...env, HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "localhost" },
  });
  await entra.ssoApp(APP).read(never);
  await entra.ssoApp(APP).read(never);
  t.equal(asked.length, 1, "the token is kept");
  t.equal(asked[0]?.headers.metadata, "true");
  const resource = new URL(asked[0]?.url ?? "", arcUrl).searchParams.get("resource");
  t.equal(resource, stub.config.graph);
  t.equal(stub.asked[0]?.headers.authorization, "Bearer arc-1");
  t.equal(stub.signIns.length, 0);
  t.not(entra.serverTime()?.now, 0, "its clock is not Entra's");
  t.equal(await entra.credentialEnd(never), undefined);
});

t.test("after the configuration was loaded again it goes on", async (t) => {
  const stub = await startStub(t, () => GOOD);
  const first = talk(t, managed(stub.config), { env });
  await first.entra.ssoApp(APP).read(never);
  await first.entra.close();
  const second = talk(t, managed(stub.config), { env });
  await second.entra.ssoApp(APP).read(never);
  t.equal(asked.length, 2, "and asks for a token of its own");
});

t.test("Graph's 401 takes a fresh token", async (t) => {
  const stub = await startStub(t, (_, nth) => (nth === 1 ? { status: 401 } : GOOD));
  const { entra } = talk(t, managed(stub.config), { env });
  await entra.ssoApp(APP).read(never);
  t.equal(asked.length, 2);
});

t.test("a challenge that cannot be met is a refused sign-in that says which", async (t) => {
  answer = (_, response) => {
    json(response, 401, {}, { "www-authenticate": "Basic realm=/tmp/elsewhere.key" });
  };
  const stub = await startStub(t, () => GOOD);
  const { entra } = talk(t, managed(stub.config), { env });
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_SIGN_IN_REFUSED",
    message: /challenge cannot be met: invalid_file_path/,
  });
});

t.test("a key file that cannot be read: join the group himds", async (t) => {
  answer = (_, response) => {
    const realm = "Basic realm=/var/opt/azcmagent/tokens/not-there.key";
    json(response, 401, {}, { "www-authenticate": realm });
  };
  const stub = await startStub(t, () => GOOD);
  const { entra } = talk(t, managed(stub.config), { env });
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_SIGN_IN_REFUSED",
    message: /group himds/,
  });
});

t.test("an Arc agent that refuses is a refused sign-in with its words", async (t) => {
  answer = (_, response) => {
    json(response, 404, { error: "not_found", error_description: "no identity for this machine" });
  };
  const stub = await startStub(t, () => GOOD);
  const { entra } = talk(t, managed(stub.config), { env });
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_SIGN_IN_REFUSED",
    message: /no identity for this machine/,
  });
});

t.test("an Arc agent that does not answer is tried again, then ENTRA_UNREACHABLE", async (t) => {
  answer = (request) => request.destroy();
  const stub = await startStub(t, () => GOOD);
  const { entra } = talk(t, managed(stub.config), { env });
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_UNREACHABLE",
    message: /^127\.0\.0\.1:/,
  });
  t.equal(asked.length, 3);
});

t.test("an endpoint that is not on this machine is never asked", async (t) => {
  const stub = await startStub(t, () => GOOD);
  const elsewhere = {
    IDENTITY_ENDPOINT: "http://192.0.2.1/token",
    IMDS_ENDPOINT: "http://192.0.2.1",
  };
  const { entra } = talk(t, managed(stub.config), { env: elsewhere });
  await t.rejects(entra.ssoApp(APP).read(never), { code: "ENTRA_FOREIGN_HOST" });
  t.equal(asked.length, 0);
});
