import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
  type CryptoKey,
} from "jose";

/** The key with which the tenant signs its tokens; RS256, as Entra's. */
export interface SigningKey {
  /** The public half as the key endpoint shows it. */
  jwk: JWK;
  sign(payload: JWTPayload): Promise<string>;
  /** The payload of a token that this key signed. Dates are not looked at. Throws for any other. */
  verify(token: string): Promise<JWTPayload>;
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
  return {
    jwk,
    sign: (payload) =>
      new SignJWT(payload).setProtectedHeader({ typ: "JWT", alg: "RS256", kid }).sign(privateKey),
    async verify(token) {
      // Dates are judged by the emulator's clock, not by the machine's.
      const epoch = new Date(0);
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: ["RS256"],
        currentDate: epoch,
        clockTolerance: Number.MAX_SAFE_INTEGER,
      });
      return payload;
    },
  };
}
