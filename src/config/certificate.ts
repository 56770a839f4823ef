import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { Secret } from "../secret.js";
import { pemBlocks } from "./pem.js";

/** A certificate that signs the agent app in. */
export interface Certificate {
  /** The certificate alone, PEM. */
  readonly certificatePem: string;
  /** PKCS #8 PEM. */
  readonly privateKey: Secret;
  readonly notAfter: Date;
  /** SHA-256 of the certificate, 64 upper-case hex digits: what MSAL calls thumbprintSha256. */
  readonly thumbprintSha256: string;
}

const KEY_LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/** Shorter RSA keys are no longer held safe, and Microsoft's own guidance starts here too. */
const LEAST_BITS = 2048;

/**
 * Reads a certificate and its key from PEM in any order, other certificates of the chain beside
 * them. Returns what is wrong where they are not there: never anything of the text itself.
 */
export function parseCertificate(text: string): Certificate | string {
  const key = parseKey(text);
  if (typeof key === "string") return key;
  const certificates = pemBlocks(text, "CERTIFICATE").map(parseOne);
  if (certificates.length === 0) return "holds no certificate; put it beside its private key";
  if (certificates.includes(undefined)) return "holds a certificate that cannot be read";
  const ours = certificates.find((one) => one?.checkPrivateKey(key));
  if (ours === undefined)
    return "holds a certificate and a private key that do not belong together";
  return {
    certificatePem: ours.toString(),
    privateKey: new Secret(key.export({ type: "pkcs8", format: "pem" }).toString()),
    notAfter: new Date(ours.validTo),
    thumbprintSha256: ours.fingerprint256.replaceAll(":", ""),
  };
}

/** MSAL signs with PS256, which is RSA. */
function parseKey(text: string): KeyObject | string {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return "holds a private key with a passphrase; write it without, and keep the file at mode 0600";
  }
  const [pem, ...others] = KEY_LABELS.flatMap((label) => pemBlocks(text, label));
  if (pem === undefined) return "holds no private key in PEM";
  if (others.length > 0) return "holds more than one private key";
  const key = readKey(pem);
  if (key === undefined) return "holds a private key that cannot be read";
  if (key.asymmetricKeyType !== "rsa") return "holds a key that is not RSA; Entra takes no other";
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits < LEAST_BITS ? `holds a key of less than ${LEAST_BITS} bits` : key;
}

/** Whether one PEM block is a certificate that can be read. */
export function isCertificate(pem: string): boolean {
  return parseOne(pem) !== undefined;
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function parseOne(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
