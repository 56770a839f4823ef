/** One realm of PVE: read whole, and its client key written. */
import type { Proxmox } from "proxmox-api";
import type { RealmFacts } from "../decide/facts.js";
import { AgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { RealmKey } from "../ports.js";
import { MASK } from "../redact.js";
import type { Secret } from "../secret.js";
import { parseRealm } from "./parse-realm.js";
import type { RealmRead } from "./parse-realm.js";
import { realmInPath } from "./safe-id.js";

/** PVE refuses a longer client key (`params.json`). */
const CLIENT_KEY_LIMIT = 256;

/** Throws REALM_MISSING where PVE has no such realm. */
export async function readRealm(api: Proxmox.Api, realm: string): Promise<RealmRead> {
  const data: unknown = await api.access.domains
    .$(realmInPath(realm))
    .$get()
    .catch((error: unknown) => {
      throw isMissing(error) ? new AgentError("REALM_MISSING", missing(realm)) : error;
    });
  return parseRealm(realm, data);
}

/** The same for an observation, where a missing realm is a finding of that realm alone. */
export async function findRealm(
  api: Proxmox.Api,
  realm: string,
): Promise<RealmRead | { readonly facts: Finding }> {
  try {
    return await readRealm(api, realm);
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== "REALM_MISSING") throw error;
    return { facts: { code: error.code, message: error.message, realm } };
  }
}

/** Throws REALM_MISSING, or REALM_NOT_OPENID where the realm is of a type without a client key. */
export async function readRealmKey(api: Proxmox.Api, realm: string): Promise<RealmKey> {
  const { facts, key } = await readRealm(api, realm);
  if (key === undefined) throw notOpenid(facts);
  return key;
}

/**
 * Writes the client key and nothing else (PVE's PUT is partial). `digest` is that of the read
 * before: PVE_STALE_DIGEST where anything in domains.cfg changed since. An empty digest would be
 * no guard at all for PVE, so it is refused here.
 */
export async function writeRealmKey(
  api: Proxmox.Api,
  realm: string,
  key: Secret,
  digest: string,
): Promise<void> {
  const value = key.reveal();
  const wrong = mangled(value) ?? (digest === "" ? "no digest to guard the write" : undefined);
  if (wrong !== undefined) {
    throw new AgentError("PVE_REFUSED", `the client key of realm ${realm} was not sent: ${wrong}`);
  }
  const put = { "client-key": value, digest };
  await api.access.domains
    .$(realmInPath(realm))
    .$put(put)
    .catch((error: unknown) => {
      throw withoutKey(error, value);
    });
}

/** PVE's messages may quote what they refuse, and this is the only place that knows the value. */
function withoutKey(error: unknown, value: string): unknown {
  if (!(error instanceof AgentError) || !error.message.includes(value)) return error;
  return new AgentError(error.code, error.message.replaceAll(value, MASK));
}

/** What PVE would refuse or store as something else: it trims, and a line feed ends the property. */
function mangled(value: string): string | undefined {
  if (value === "") return "it is empty";
  if (value.length > CLIENT_KEY_LIMIT) return `PVE holds ${CLIENT_KEY_LIMIT} characters`;
  return /^[!-~]+$/.test(value) ? undefined : "it has a character that PVE would change";
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof AgentError &&
    error.code === "PVE_REFUSED" &&
    /: domain '[^']*' does not exist/.test(error.message)
  );
}

function missing(realm: string): string {
  return `realm ${realm} does not exist in Proxmox VE`;
}

function notOpenid(facts: RealmFacts): AgentError {
  return new AgentError("REALM_NOT_OPENID", `realm ${facts.name} is of type ${facts.type}`);
}
