import { constants, randomUUID, sign } from "node:crypto";
import type { Certificate } from "../config/certificate.js";

export interface AssertionRequest {
  readonly clientId: string;
  /** The token endpoint. */
  readonly audience: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Entra forgives a clock that is a few minutes off either way; we stay in the middle. */
const BEFORE_S = 60;
const AFTER_S = 540;

/**
 * A signed statement that we hold a certificate's key, as MSAL makes it (PS256 with the SHA-256
 * thumbprint), but dated by whoever calls: MSAL dates it by the machine's clock alone, and a clock
 * that is off by more than five minutes must not stop removals (DESIGN: only deletions wait).
 */
export function signAssertion(certificate: Certificate, request: AssertionRequest): string {
  const seconds = Math.floor(request.now / 1000);
  const header = {
    alg: "PS256",
    typ: "JWT",
    "x5t#S256": Buffer.from(certificate.thumbprintSha256, "hex").toString("base64url"),
  };
  const claims = {
    aud: request.audience,
    iss: request.clientId,
    sub: request.clientId,
    jti: randomUUID(),
    nbf: seconds - BEFORE_S,
    exp: seconds + AFTER_S,
  };
  const content = `${encode(header)}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(content), {
    key: certificate.privateKey.reveal(),
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
  return `${content}.${signature.toString("base64url")}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
