import { readFileSync } from "node:fs";
import { createSecureContext, rootCertificates } from "node:tls";
import type { SecureContext } from "node:tls";
import { readCa } from "../config/secrets.js";

/** Where Debian keeps the CAs that the administrator of the machine trusts. */
const SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";

/**
 * What we trust: the system's CAs (`SSL_CERT_FILE` or Debian's bundle, else those that Node ships)
 * and those of `ca_file`. Made once and shared by all connections, for parsing some 150
 * certificates costs about 40 ms.
 * Throws CREDENTIAL_INVALID where `caFile` has no certificate in it.
 */
export function trustedContext(
  caFile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): SecureContext {
  const own = caFile === undefined ? [] : readCa(caFile);
  return createSecureContext({ ca: [...systemCas(env.SSL_CERT_FILE ?? SYSTEM_BUNDLE), ...own] });
}

function systemCas(bundle: string): readonly string[] {
  try {
    return [readFileSync(bundle, "utf8")];
  } catch {
    return rootCertificates;
  }
}
