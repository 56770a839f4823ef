/** How this cluster is told from others that share an SSO app: part of its secrets' names. */
import { X509Certificate, createHash } from "node:crypto";
import { readCa } from "../config/secrets.js";
import type { Config } from "../config/types.js";
import { AgentError } from "../errors.js";

/** Where PVE keeps the root CA of the cluster; readable for root and www-data. */
const ROOT_CA = "/etc/pve/pve-root-ca.pem";
const DIGITS = 12;

/**
 * `[cluster] id`, or the first 12 hex digits of the SHA-256 of the cluster's root CA (its DER
 * form). Throws CONFIG_INVALID where neither is to be had.
 */
export function clusterId(config: Pick<Config, "cluster" | "pve">): string {
  if (config.cluster.id !== undefined) return config.cluster.id;
  for (const file of [config.pve.caFile, ROOT_CA]) {
    const pem = file === undefined ? undefined : firstOf(file);
    if (pem === undefined) continue;
    const { raw } = new X509Certificate(pem);
    return createHash("sha256").update(raw).digest("hex").slice(0, DIGITS);
  }
  throw new AgentError(
    "CONFIG_INVALID",
    `the cluster's root CA cannot be read (pve.ca_file, ${ROOT_CA}): set [cluster] id`,
  );
}

function firstOf(file: string): string | undefined {
  try {
    return readCa(file)[0];
  } catch {
    return undefined;
  }
}
