import { createPublicKey, X509Certificate } from "node:crypto";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { generate } from "selfsigned";
import t from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { startEntra } from "./emulators/entra/index.js";
import { configFor, never, NOW, ownFile, sleepyClock, talk } from "./entra-bed.js";
import { guid, startStub, TENANT, tokenReply } from "./entra-stub.js";

const DAY_MS = 86_400_000;

/** A certificate with its key; made once, for RSA keys take their time. */
const made = await generate([{ name: "commonName", value: "pve-entra-agent" }], {
  keyType: "rsa",
  keySize: 2048,
  algorithm: "sha256",
  notBeforeDate: new Date(NOW - DAY_MS),
  notAfterDate: new Date(NOW + 365 * DAY_MS),
});
const PEM = `${made.cert}\n${made.private}`;
const APP = guid(5);
const GOOD = { body: { id: guid(6), appId: APP, passwordCredentials: [] } };

for (const [what, offset] of [
  ["a right clock", 0],
  ["a clock that is two days slow", -2 * DAY_MS],
  ["a clock that is an hour fast", 3_600_000],
] as const) {
  t.test(`signs in by certificate with ${what}`, async (t) => {
    const emulator = await startEntra({
      clock: fixedClock(Date.now() - offset),
      lag: { min: 0, max: 0 },
    });
    t.teardown(() => emulator.close());
    const agent = emulator.world.addApp({
      displayName: "agent",
      roles: ["Application.ReadWrite.OwnedBy"],
      owners: ["self"],
      certificate: made.cert,
    });
    const file = ownFile(t, "agent.pem", PEM);
    const caFile = ownFile(t, "ca.pem", emulator.caPem);
    const credential = { kind: "certificate", file } as const;
    const config = configFor(emulator, agent.appId, credential, caFile);
    const { entra, log } = talk(t, config, { clock: sleepyClock(Date.now()) });
    t.match(await entra.ssoApp(agent.appId).read(never), { objectId: agent.id });
    const tries = emulator.log.count({ path: "/oauth2/v2.0/token" });
    t.equal(tries, offset === 0 ? 1 : 2, "a refusal for its time is dated anew by Entra's clock");
    t.notMatch(log.lines.join(), /PRIVATE KEY|eyJ/);
    t.same(emulator.violations, []);
  });
}

t.test("the assertion is what Entra asks for, whoever dates it", async (t) => {
  const key = createPublicKey(
    new X509Certificate(made.cert).publicKey.export({
      type: "spki",
      format: "pem",
    }),
  );
  const file = ownFile(t, "agent.pem", PEM);
  const stub = await startStub(t, () => GOOD, {
    token: (_, nth) =>
      nth === 1
        ? {
            status: 401,
            headers: { date: new Date(NOW).toUTCString() },
            body: { error: "invalid_client", error_codes: [700024], error_description: "time" },
          }
        : tokenReply(),
  });
  const { entra } = talk(t, { ...stub.config, credential: { kind: "certificate", file } });
  await entra.ssoApp(APP).read(never);

  t.equal(stub.signIns.length, 2);
  for (const [nth, { body }] of stub.signIns.entries()) {
    const form = new URLSearchParams(body);
    t.equal(form.get("client_secret"), null);
    const assertion = form.get("client_assertion") ?? "";
    const thumbprint = new X509Certificate(made.cert).fingerprint256.replaceAll(":", "");
    t.match(decodeProtectedHeader(assertion), {
      alg: "PS256",
      "x5t#S256": Buffer.from(thumbprint, "hex").toString("base64url"),
    });
    const { payload } = await jwtVerify(assertion, key, {
      audience: `${stub.url}/${TENANT}/oauth2/v2.0/token`,
      issuer: stub.config.clientId,
      subject: stub.config.clientId,
      currentDate: new Date(nth === 0 ? Date.now() : NOW),
      clockTolerance: 2,
    });
    t.ok((payload.exp ?? 0) - (payload.nbf ?? 0) <= 600);
  }
});

t.test("a certificate that Entra does not know is refused with its number", async (t) => {
  const file = ownFile(t, "agent.pem", PEM);
  const stub = await startStub(t, () => GOOD, {
    token: () => ({
      status: 401,
      body: {
        error: "invalid_client",
        error_codes: [700027],
        error_description: "AADSTS700027: The certificate is not registered on application.",
      },
    }),
  });
  const { entra } = talk(t, { ...stub.config, credential: { kind: "certificate", file } });
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_SIGN_IN_REFUSED",
    message: /^AADSTS700027: The certificate/,
  });
  t.equal(stub.signIns.length, 1);
});

t.test("the end of a certificate stands in it, and nobody is asked", async (t) => {
  const file = ownFile(t, "agent.pem", PEM);
  const stub = await startStub(t, () => GOOD);
  const { entra } = talk(t, { ...stub.config, credential: { kind: "certificate", file } });
  t.equal(await entra.credentialEnd(never), NOW + 365 * DAY_MS);
  t.equal(stub.signIns.length + stub.asked.length, 0);
});

t.test("a certificate file without its key is said to be bad, without its content", async (t) => {
  const file = ownFile(t, "agent.pem", made.cert);
  const stub = await startStub(t, () => GOOD);
  const { entra } = talk(t, { ...stub.config, credential: { kind: "certificate", file } });
  await t.rejects(entra.ssoApp(APP).read(never), { code: "CREDENTIAL_INVALID" });
  t.equal(stub.signIns.length, 0);
});
