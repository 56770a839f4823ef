/** One set of certificates is parsed once, and never stands for another. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import t from "tap";
import { trustedContext } from "../src/trust.js";

t.test("who trusts the same shares it; a file that has changed is read anew", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "pve-entra-trust-"));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const [system = "", own = "", other = ""] = rootCertificates;
  const env = { SSL_CERT_FILE: join(dir, "bundle.pem") };
  writeFileSync(env.SSL_CERT_FILE, system);
  const first = trustedContext([own], env);
  t.equal(trustedContext([own], env), first);
  t.not(trustedContext([other], env), first, "another of its own");
  t.not(trustedContext([], env), first, "none of its own");
  t.equal(trustedContext([own], env), first, "and the first is still the one");
  writeFileSync(env.SSL_CERT_FILE, other);
  t.not(trustedContext([own], env), first, "another bundle at the same place");
  t.not(trustedContext([own], { SSL_CERT_FILE: join(dir, "none.pem") }), first, "Node's own");
});
