import { createServer as createTcp } from "node:net";
import type { AddressInfo } from "node:net";
import t from "tap";
import type { EntraConfig } from "../src/config/types.js";
import { Secret } from "../src/secret.js";
import { createAuthority } from "./emulators/common/tls.js";
import { never, ownFile, talk } from "./entra-bed.js";
import { guid, startStub } from "./entra-stub.js";

const APP = guid(5);
type Tap = Parameters<typeof startStub>[0];

/** Both ways of signing in fail, and both say the same of it. */
async function failure(t: Tap, config: EntraConfig) {
  const { entra } = talk(t, config, { timeoutMs: 2_000 });
  const thrown: unknown = await entra
    .ssoApp(APP)
    .read(never)
    .catch((error: unknown) => error);
  const proof = await entra.probe.prove(APP, new Secret("made-up"), never);
  return { thrown: thrown as Error & { cause: unknown }, proof };
}

t.test("nobody listens: ECONNREFUSED, not endpoints_resolution_error", async (t) => {
  const stub = await startStub(t, () => ({}));
  const listener = createTcp();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  const authority = `https://127.0.0.1:${port}`;
  const { thrown, proof } = await failure(t, { ...stub.config, authority });
  t.match(thrown, {
    code: "ENTRA_UNREACHABLE",
    message: new RegExp(`^127.0.0.1:${port}: .*ECONNREFUSED`),
    cause: { code: "ECONNREFUSED" },
  });
  t.match(proof, { kind: "unclear", message: /ECONNREFUSED/ });
});

t.test("a CA that we do not trust is named as such", async (t) => {
  const stub = await startStub(t, () => ({}));
  const other = await createAuthority("Other CA");
  const caFile = ownFile(t, "other.pem", other.caPem);
  const { thrown, proof } = await failure(t, { ...stub.config, caFile });
  t.match(thrown, { code: "ENTRA_UNREACHABLE", cause: { code: /CERT|ISSUER|SIGNATURE/ } });
  t.match(thrown.message, (thrown.cause as { code: string }).code);
  t.match(proof, { kind: "unclear", message: /ENTRA_UNREACHABLE.*(CERT|ISSUER|SIGNATURE)/ });
  t.equal(stub.signIns.length, 0, "no secret was sent");
});

t.test("a certificate for another name is named as such", async (t) => {
  const stub = await startStub(t, () => ({}));
  const authority = stub.url.replace("localhost", "127.0.0.2");
  const { thrown } = await failure(t, { ...stub.config, authority });
  t.equal((thrown as unknown as { code: string }).code, "ENTRA_UNREACHABLE");
  t.equal(stub.signIns.length, 0);
});

t.test("a name that nobody knows: ENOTFOUND or EAI_AGAIN", async (t) => {
  const stub = await startStub(t, () => ({}));
  const { thrown } = await failure(t, { ...stub.config, authority: "https://login.invalid" });
  t.match(thrown, {
    code: "ENTRA_UNREACHABLE",
    message: /^login\.invalid: .*(ENOTFOUND|EAI_AGAIN)/,
  });
});

t.test("a silence is ended, for MSAL has no timeout", async (t) => {
  const stub = await startStub(t, () => ({}), { token: () => ({ silent: true }) });
  const { entra } = talk(t, stub.config, { timeoutMs: 200 });
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_UNREACHABLE",
    message: /no whole answer within 0.2 s/,
  });
});

t.test("an answer that never ends is not read to its end", async (t) => {
  const stub = await startStub(t, () => ({}), {
    token: () => ({ body: "x".repeat(17 * 1024 * 1024) }),
  });
  const { entra } = talk(t, stub.config);
  await t.rejects(entra.ssoApp(APP).read(never), {
    code: "ENTRA_BAD_ANSWER",
    message: /more than 16 MiB/,
  });
  t.equal(stub.signIns.length, 1);
});

t.test("a ca_file without a certificate is said to be that", async (t) => {
  const stub = await startStub(t, () => ({}));
  const caFile = ownFile(t, "ca.pem", "no certificate");
  const { entra } = talk(t, { ...stub.config, caFile });
  await t.rejects(entra.ssoApp(APP).read(never), { code: "CREDENTIAL_INVALID" });
});
