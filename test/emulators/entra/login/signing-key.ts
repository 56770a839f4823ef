import { createHmac, randomBytes } from "node:crypto";
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
  type CryptoKey,
} from "jose";

/** How the tenant signs: ID tokens with RS256, as Entra's; access tokens for Graph with a key of its own. */
export interface SigningKey {
  /** The public half of the RSA key as the key endpoint shows it. */
  jwk: JWK;
  /** Signs an ID token. */
  sign(payload: JWTPayload): Promise<string>;
  /**
   * Signs an access token for Graph, which nobody else can check in reality either. A symmetric key,
   * since an RSA signature for every proof and every login would cost more than all the rest.
   */
  seal(payload: JWTPayload): string;
  /** The payload of an access token that was sealed here, whatever its dates; of any other, nothing. */
  open(token: string): JWTPayload | undefined;
}

let shared: Promise<{ publicKey: CryptoKey; privateKey: CryptoKey }> | undefined;

/**
 * A signing key under an id. Emulators of one process share one pair of RSA keys, since making one
 * takes up to a second; nobody trusts them beyond a test.
 */
export async function createSigningKey(kid: string): Promise<SigningKey> {
  shared ??= generateKeyPair("RS256", { extractable: true });
  const { publicKey, privateKey } = await shared;
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, use: "sig", x5t: kid };
  const seal = randomBytes(32);
  return {
    jwk,
    sign: (payload) =>
      new SignJWT(payload).setProtectedHeader({ typ: "JWT", alg: "RS256", kid }).sign(privateKey),
    seal: (payload) => {
      const signed = `${SEALED}.${encoded(payload)}`;
      return `${signed}.${sealOf(signed, seal)}`;
    },
    open(token) {
      const [header = "", payload = "", signature] = token.split(".");
      if (signature !== sealOf(`${header}.${payload}`, seal)) return undefined;
      return JSON.parse(Buffer.from(payload, "base64url").toString()) as JWTPayload;
    },
  };
}

const SEALED = encoded({ typ: "JWT", alg: "HS256" });

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** HMAC with SHA-256 (RFC 7515, A.1). A library's goes to another thread and back, at each proof. */
function sealOf(signed: string, key: Buffer): string {
  return createHmac("sha256", key).update(signed).digest("base64url");
}
