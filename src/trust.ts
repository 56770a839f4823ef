/** Which CAs count, on both sides: the system's, and what the configuration adds. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, rootCertificates } from "node:tls";
import type { SecureContext } from "node:tls";

/** Where Debian keeps the CAs that the administrator of the machine trusts. */
const SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";

/** By a digest of the certificates; one that nobody uses any more may go. */
const made = new Map<string, WeakRef<SecureContext>>();

/**
 * Trusts the system's CAs (`SSL_CERT_FILE` or Debian's bundle, else those that Node ships) and
 * `own`. There is one for the same certificates, whoever asks: parsing some 150 of them costs about
 * 40 ms, and each copy its memory.
 *
 * @param own certificates as PEM
 */
export function trustedContext(
  own: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): SecureContext {
  const ca = [...systemCas(env["SSL_CERT_FILE"] ?? SYSTEM_BUNDLE), ...own];
  const digest = createHash("sha256").update(ca.join("\n")).digest("hex");
  const known = made.get(digest)?.deref();
  if (known !== undefined) return known;
  for (const [key, context] of made) if (context.deref() === undefined) made.delete(key);
  const context = createSecureContext({ ca });
  made.set(digest, new WeakRef(context));
  return context;
}

function systemCas(bundle: string): readonly string[] {
  try {
    return [readFileSync(bundle, "utf8")];
  } catch {
    return rootCertificates;
  }
}
