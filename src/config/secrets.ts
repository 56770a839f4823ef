import { readFileSync, statSync } from "node:fs";
import { AgentError } from "../errors.js";
import { Secret } from "../secret.js";
import { fileWeakness } from "./files.js";
import { isCertificate, parseCertificate } from "./certificate.js";
import type { Certificate } from "./certificate.js";
import { pemBlocks } from "./pem.js";
import type { Keep } from "./permission.js";

/**
 * Reads the files that the configuration names, at the moment of use, so that a renewed one counts
 * at once. Every function here throws an AgentError: CREDENTIAL_INVALID where a file does not hold
 * what it should, CONFIG_UNSAFE where others may read or write it by now. What is in a file is
 * never repeated.
 */

/** Chains of several CAs stay far below this. */
const MOST_BYTES = 256 * 1024;
const MOST_CHARACTERS = 4096;

/** The secret of PVE's API token, without its name. */
export function readPveToken(file: string): Secret {
  const secret = readLine(file);
  if (/^[^@\s]+@[^!\s]+![^=\s]+=/.test(secret)) {
    throw invalid(file, "holds the token's name too; keep only what stands behind the '='");
  }
  return new Secret(secret);
}

/** A client secret of the agent app. */
export function readClientSecret(file: string): Secret {
  const secret = readLine(file);
  // The portal shows the id beside the value, and the value only once.
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(secret)) {
    throw invalid(file, "holds the id of a client secret; the portal calls the secret its value");
  }
  return new Secret(secret);
}

/** The bearer token that health and metrics ask for. */
export function readHealthToken(file: string): Secret {
  return new Secret(readLine(file));
}

/** What the agent app signs in with: a certificate and its private key. */
export function readCertificate(file: string): Certificate {
  const found = parseCertificate(readFile(file, "secret"));
  if (typeof found === "string") throw invalid(file, found);
  return found;
}

/** CA certificates to trust, each as PEM. */
export function readCa(file: string): readonly string[] {
  const found = pemBlocks(readFile(file, "unwritten"), "CERTIFICATE");
  if (found.length === 0) throw invalid(file, "holds no certificate in PEM");
  if (!found.every(isCertificate)) throw invalid(file, "holds a certificate that cannot be read");
  return found;
}

/** A file of one line, without the white space around it. */
function readLine(file: string): string {
  const line = readFile(file, "secret").trim();
  if (line === "") throw invalid(file, "is empty");
  if (line.includes("-----BEGIN")) throw invalid(file, "holds PEM, not a secret of one line");
  if (/[^\x21-\x7e]/.test(line)) {
    throw invalid(file, "holds more than one word of plain characters; keep the secret alone");
  }
  // Neither Entra nor Proxmox VE makes a secret with one: it came along from a script or from TOML.
  if (/^(["']).*\1$/.test(line)) {
    throw invalid(file, "holds quotes around the secret; keep it alone");
  }
  if (line.length > MOST_CHARACTERS) throw invalid(file, "is too long for a secret");
  return line;
}

function readFile(file: string, keep: Keep): string {
  try {
    const weak = fileWeakness(file, keep);
    if (weak !== undefined) {
      throw new AgentError("CONFIG_UNSAFE", `${file} ${weak.what}; run ${weak.command}`);
    }
    const stats = statSync(file);
    if (!stats.isFile()) throw invalid(file, "is not a file");
    if (stats.size > MOST_BYTES) throw invalid(file, "is too large for a credential");
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "no code";
    throw invalid(file, `cannot be read (${code})`, error);
  }
}

function invalid(file: string, what: string, cause?: unknown): AgentError {
  return new AgentError(
    "CREDENTIAL_INVALID",
    `${file} ${what}`,
    cause === undefined ? {} : { cause },
  );
}
