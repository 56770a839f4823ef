import { randomBytes } from "node:crypto";
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  jwtVerify,
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
  seal(payload: JWTPayload): Promise<string>;
  /** The payload of an access token that was sealed here. Dates are not looked at. Throws for any other. */
  open(token: string): Promise<JWTPayload>;
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
    seal: (payload) =>
      new SignJWT(payload).setProtectedHeader({ typ: "JWT", alg: "HS256" }).sign(seal),
    async open(token) {
      const { payload } = await jwtVerify(token, seal, {
        algorithms: ["HS256"],
        // Dates are judged by the emulator's clock, not by the machine's.
        currentDate: new Date(0),
        clockTolerance: Number.MAX_SAFE_INTEGER,
      });
      return payload;
    },
  };
}
