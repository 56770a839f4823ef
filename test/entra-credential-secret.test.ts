import { writeFileSync } from "node:fs";
import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { never, startBed } from "./entra-bed.js";
import { groupsBy, guid, refusal, startStub, tokenReply } from "./entra-stub.js";
import type { Reply } from "./entra-stub.js";

const APP = guid(5);
const GOOD: Reply = { body: { id: guid(6), appId: APP, passwordCredentials: [] } };

t.test("one sign-in serves all requests until shortly before the token's end", async (t) => {
  const { entra, clock, signIns } = await startStub(t, () => GOOD);
  const app = entra.ssoApp(APP);
  for (let n = 0; n < 3; n += 1) await app.read(never);
  t.equal(signIns.length, 1);
  clock.advance(3_200_000);
  await app.read(never);
  t.equal(signIns.length, 1, "with ten minutes left it still serves");
  clock.advance(120_000);
  await app.read(never);
  t.equal(signIns.length, 2, "with less than five it does not");
});

t.test("however many ask at once, one sign-in is under way", async (t) => {
  const { entra, signIns } = await startStub(
    t,
    groupsBy(() => ({ body: { value: [] } })),
    { token: () => ({ ...tokenReply(), delay: 20 }) },
  );
  const groups = Array.from({ length: 30 }, (_, n) => guid(900 + n) as ObjectId);
  await Promise.all([
    entra.directory.readGroups(groups, never),
    entra.directory.readGroups(groups, never),
  ]);
  t.equal(signIns.length, 1);
});

t.test("who gives up waiting for a sign-in does not take it from the others", async (t) => {
  const stop = new AbortController();
  const { entra, signIns } = await startStub(t, () => GOOD, {
    token: () => {
      stop.abort(new Error("impatient"));
      return { ...tokenReply(), delay: 20 };
    },
  });
  const impatient = entra.ssoApp(APP).read(stop.signal);
  const patient = entra.ssoApp(APP).read(never);
  await t.rejects(impatient, { message: "impatient" });
  t.match(await patient, { passwords: [] });
  t.equal(signIns.length, 1);
});

t.test("a renewed file counts at the next sign-in, without a restart", async (t) => {
  const { entra, clock, signIns, config } = await startStub(t, () => GOOD);
  await entra.ssoApp(APP).read(never);
  if (config.credential.kind !== "secret") throw new Error("no file");
  writeFileSync(config.credential.file, "another-made-up-secret\n", { mode: 0o600 });
  clock.advance(3_600_000);
  await entra.ssoApp(APP).read(never);
  const sent = signIns.map(({ body }) => new URLSearchParams(body).get("client_secret"));
  t.same(sent, ["a-made-up-secret", "another-made-up-secret"]);
});

t.test("a 401 of Graph takes one fresh token, for reads and for writes", async (t) => {
  const { entra, asked, signIns } = await startStub(
    t,
    (asked, nth) => {
      if (nth % 2 === 1) return refusal(401, "InvalidAuthenticationToken", "expired");
      return asked.method === "GET" ? GOOD : { status: 204 };
    },
    { token: (_, nth) => ({ body: { access_token: `token-${nth}`, expires_in: 3600 } }) },
  );
  await entra.ssoApp(APP).read(never);
  await entra.ssoApp(APP).removePassword(guid(8), never);
  t.equal(signIns.length, 3);
  t.same(
    asked.map(({ headers }) => headers.authorization),
    ["Bearer token-1", "Bearer token-2", "Bearer token-2", "Bearer token-3"],
  );
});

t.test("a second 401 in a row is a refused sign-in", async (t) => {
  const { entra, asked, signIns } = await startStub(t, () =>
    refusal(401, "InvalidAuthenticationToken", "no audience"),
  );
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_SIGN_IN_REFUSED",
    message: /401 InvalidAuthenticationToken: no audience \(request-id r-1\)/,
  });
  t.equal(asked.length, 2);
  t.equal(signIns.length, 2);
});

const REFUSED = {
  error: "invalid_client",
  error_description:
    "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: t-9\r\nCorrelation ID: c-9",
  error_codes: [7000215],
  trace_id: "t-9",
  correlation_id: "c-9",
};

t.test("a refused sign-in names the AADSTS number and the ids that support asks for", async (t) => {
  const { entra, log, signIns } = await startStub(t, () => GOOD, {
    token: () => ({ status: 401, body: REFUSED }),
  });
  const thrown: unknown = await entra
    .ssoApp(APP)
    .read(never)
    .catch((error: unknown) => error);
  t.match(thrown, {
    code: "ENTRA_SIGN_IN_REFUSED",
    message: "AADSTS7000215: Invalid client secret provided. (trace id t-9, correlation id c-9)",
  });
  t.equal(signIns.length, 1, "asking again would not help");
  t.notMatch(log.lines.join(), "a-made-up-secret");
});

t.test("a refused sign-in concerns all groups and is thrown", async (t) => {
  const { entra } = await startStub(t, () => GOOD, {
    token: () => ({ status: 401, body: REFUSED }),
  });
  const code = "ENTRA_SIGN_IN_REFUSED";
  await t.rejects(entra.directory.readGroups([guid(900) as ObjectId], never), { code });
  const who = { by: "id", id: guid(1) as ObjectId } as const;
  await t.rejects(entra.directory.ask([{ who, groups: [] }], never), { code });
});

const OUTAGES: readonly [string, Reply, string][] = [
  ["503", { status: 503, body: { error: "temporarily_unavailable" } }, "ENTRA_UNREACHABLE"],
  ["429", { status: 429, body: { error: "throttled" } }, "ENTRA_THROTTLED"],
  ["502 from a gateway", { status: 502, body: "<html>" }, "ENTRA_UNREACHABLE"],
  ["a cut connection", { cut: true }, "ENTRA_UNREACHABLE"],
];

for (const [what, reply, code] of OUTAGES) {
  t.test(`${what} at the token endpoint is waited out, within bounds`, async (t) => {
    const passing = await startStub(t, () => GOOD, {
      token: (_, nth) => (nth <= 2 ? reply : tokenReply()),
    });
    t.match(await passing.entra.ssoApp(APP).read(never), { passwords: [] });
    const lasting = await startStub(t, () => GOOD, { token: () => reply });
    await t.rejects(lasting.entra.ssoApp(APP).read(never), { code });
    t.ok(lasting.signIns.length >= 3 && lasting.signIns.length <= 12);
    t.equal(lasting.asked.length, 0);
  });
}

t.test("a credential file that is bad is said to be bad, and nobody is asked", async (t) => {
  const { entra, config, signIns } = await startStub(t, () => GOOD);
  if (config.credential.kind !== "secret") throw new Error("no file");
  writeFileSync(config.credential.file, "two words");
  await t.rejects(entra.ssoApp(APP).read(never), { code: "CREDENTIAL_INVALID" });
  t.equal(signIns.length, 0);
});

t.test("the end of a client secret is read from the agent's own registration", async (t) => {
  const { entra, world, agent } = await startBed(t);
  const [held] = world.secretsOf(agent.id);
  t.equal(await entra.credentialEnd(never), held?.end);
});

t.test("the end of a client secret is unknown where that may not be read", async (t) => {
  const { entra } = await startBed(t, { roles: [] });
  t.equal(await entra.credentialEnd(never), undefined);
});
