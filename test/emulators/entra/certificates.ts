import { X509Certificate } from "node:crypto";
import { importPKCS8, SignJWT } from "jose";
import { generate } from "selfsigned";

/** A certificate that an app signs in with, made for a test. */
export interface AppCertificate {
  certificatePem: string;
  privateKeyPem: string;
  /** SHA-256 over the certificate, hex: what MSAL calls `thumbprintSha256`. */
  thumbprintSha256: string;
}

/** Makes a self-signed RSA certificate for signing in as an app. */
export async function appCertificate(
  name = "pve-entra-agent",
  dates: { start?: number; end?: number } = {},
): Promise<AppCertificate> {
  const made = await generate([{ name: "commonName", value: name }], {
    keySize: 2048,
    algorithm: "sha256",
    notBeforeDate: new Date(dates.start ?? Date.UTC(2020, 0, 1)),
    notAfterDate: new Date(dates.end ?? Date.UTC(2040, 0, 1)),
  });
  const parsed = new X509Certificate(made.cert);
  return {
    certificatePem: made.cert,
    privateKeyPem: made.private,
    thumbprintSha256: parsed.fingerprint256.replaceAll(":", ""),
  };
}

/** A JWT signed by a certificate: a client assertion, or a proof of possession for `addKey`. */
export async function signedBy(
  certificate: AppCertificate,
  claims: { iss: string; sub?: string; aud: string; nbf: number; exp: number },
  alg: "RS256" | "PS256" = "PS256",
): Promise<string> {
  const key = await importPKCS8(certificate.privateKeyPem, alg);
  const thumbprint = Buffer.from(certificate.thumbprintSha256, "hex").toString("base64url");
  return new SignJWT({ ...claims, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg, typ: "JWT", "x5t#S256": thumbprint })
    .sign(key);
}
