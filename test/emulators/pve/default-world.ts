/*
 * A small PVE for tests: root, the agent's user with the token and the least privileges that were
 * verified against the real PVE, and one OpenID realm as Entra's tutorials make it.
 */

/** The agent's user, and the token that it signs in with. */
export const AGENT_USER = "entra-agent@pve";
export const AGENT_TOKEN = "entra-agent@pve!agent";

export interface UserCfgOptions {
  /** Realms whose users the agent may create and delete; `entra` by default. */
  realms?: string[];
  /** Paths whose ACL the agent may change, with what lies below them; none by default. */
  aclPaths?: string[];
  /** Lines to add, in the form of user.cfg: users before the groups that they are in. */
  extra?: string[];
}

/** user.cfg with root and the agent; more comes in `extra`, or by the emulator's orders. */
export function buildUserCfg({
  realms = ["entra"],
  aclPaths = [],
  extra = [],
}: UserCfgOptions = {}): string {
  const holders = `${AGENT_USER},${AGENT_TOKEN}`;
  const lines = [
    "user:root@pam:1:0::::::",
    `user:${AGENT_USER}:1:0::::Entra sync agent::`,
    `token:${AGENT_TOKEN}:0:1::`,
    "role:EntraAcl:Permissions.Modify:",
    "role:EntraAudit:Sys.Audit:",
    "role:EntraMember:Group.Allocate,User.Modify:",
    "role:EntraRealm:Realm.Allocate:",
    "role:EntraUser:Realm.AllocateUser:",
    ...extra,
    `acl:0:/access:${holders}:EntraAudit:`,
    `acl:1:/access/groups:${holders}:EntraMember:`,
    `acl:0:/access/realm:${holders}:EntraRealm:`,
    ...realms.map((realm) => `acl:0:/access/realm/${realm}:${holders}:EntraUser:`),
    ...aclPaths.map((path) => `acl:1:${path}:${holders}:EntraAcl:`),
  ];
  return `${lines.join("\n")}\n`;
}

export interface RealmOptions {
  name?: string;
  issuerUrl?: string;
  clientId?: string;
  clientKey?: string;
  usernameClaim?: string;
  /** More properties, or others in place of these; null leaves one out. */
  properties?: Record<string, string | number | null>;
}

function realmSection(options: RealmOptions): string {
  const {
    name = "entra",
    issuerUrl = "https://login.example/11111111-2222-3333-4444-555555555555/v2.0",
    clientId = "66666666-7777-8888-9999-aaaaaaaaaaaa",
    clientKey = "abc~emulated.client.key",
    usernameClaim = "upn",
    properties = {},
  } = options;
  const all: Record<string, string | number | null> = {
    comment: "Microsoft Entra ID",
    "client-id": clientId,
    "issuer-url": issuerUrl,
    autocreate: 1,
    "client-key": clientKey,
    scopes: "email profile",
    "username-claim": usernameClaim,
    ...properties,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== null);
  return `openid: ${name}\n${lines.map(([key, value]) => `\t${key} ${value}\n`).join("")}\n`;
}

/** domains.cfg with the two local realms and the given OpenID realms; one named `entra` by default. */
export function buildDomainsCfg(...realms: RealmOptions[]): string {
  const local =
    "pve: pve\n\tcomment Proxmox VE authentication server\n\n" +
    "pam: pam\n\tcomment Linux PAM standard authentication\n\n";
  return local + (realms.length > 0 ? realms : [{}]).map(realmSection).join("");
}

export const DEFAULT_USER_CFG = buildUserCfg();
export const DEFAULT_DOMAINS_CFG = buildDomainsCfg();
