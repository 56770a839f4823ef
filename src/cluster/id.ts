/** How this cluster is told from others that share an SSO app: part of its secrets' names. */
import { X509Certificate, createHash } from "node:crypto";
import { foldersOf, lacksEtcPve, locate, ROOT_CA } from "../config/folders.js";
import { readCa } from "../config/secrets.js";
import type { Config } from "../config/types.js";
import { AgentError } from "../errors.js";

const ROOT_CA_FILE = `${ROOT_CA.folder}/${ROOT_CA.name}`;
const DIGITS = 12;

/**
 * `[cluster] id`, or the first 12 hex digits of the SHA-256 of the cluster's root CA (its DER
 * form). Throws CONFIG_INVALID where neither is to be had, ETC_PVE_ABSENT where the CA may yet come.
 */
export function clusterId(
  config: Pick<Config, "cluster" | "pve" | "file">,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (config.cluster.id !== undefined) return config.cluster.id;
  // The unit hands PVE's own file over as a credential: only root and www-data may read it.
  const folders = foldersOf(config.file, env);
  const handed = locate(ROOT_CA.name, folders);
  for (const file of [handed, config.pve.caFile, ROOT_CA_FILE]) {
    const pem = file === undefined ? undefined : firstOf(file);
    if (pem === undefined) continue;
    const { raw } = new X509Certificate(pem);
    return createHash("sha256").update(raw).digest("hex").slice(0, DIGITS);
  }
  const message = `the cluster's root CA cannot be read (pve.ca_file, ${ROOT_CA_FILE})`;
  if (!lacksEtcPve(folders)) throw new AgentError("CONFIG_INVALID", `${message}: set [cluster] id`);
  throw new AgentError("ETC_PVE_ABSENT", `${message}; where this is no node, set [cluster] id`);
}

function firstOf(file: string): string | undefined {
  try {
    return readCa(file)[0];
  } catch {
    return undefined;
  }
}
