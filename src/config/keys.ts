import { credentialFile, stateFolder, trustFile } from "./files.js";
import { boolean, integer, oneOf, share } from "./kind.js";
import { duration, size } from "./measures.js";
import {
  aclPath,
  clusterId,
  cron,
  fingerprint,
  groupName,
  guid,
  listen,
  mailbox,
  mailServer,
  nodeName,
  origin,
  proxy,
  realmName,
  roleName,
  serverName,
  tokenId,
} from "./names.js";
import { entraGroups } from "./entra-groups.js";
import { defaulting, entries, optional, required, section, sections } from "./table.js";
import type { Keys } from "./table.js";

/**
 * Every key there is: the one table that the file is read by, that `docs/config.md` and
 * `config.example.toml` are held to, and where a new key is added.
 */

export const pveKeys = {
  url: defaulting(
    origin("https://127.0.0.1:8006"),
    '"https://127.0.0.1:8006"',
    "Where the API of Proxmox VE is. The default is this node's own.",
  ),
  server_name: optional(
    serverName,
    "The name to expect in the API's certificate where it is not the host of url: the node's DNS name if the GUI has an ACME certificate.",
  ),
  ca_file: optional(
    trustFile,
    "A CA to trust beside the system's: a copy of /etc/pve/pve-root-ca.pem for PVE's own certificate. Not together with fingerprint.",
  ),
  fingerprint: optional(
    fingerprint,
    "The SHA-256 fingerprint of the one certificate to trust, whoever issued it. Not together with ca_file.",
  ),
  token_id: required(tokenId, "The agent's API token, without its secret."),
  token_file: required(
    credentialFile('"pve-token"'),
    "The file that holds the token's secret alone.",
  ),
} as const satisfies Keys;

export const entraKeys = {
  tenant_id: required(guid, "The tenant's id. A domain does not do: PVE's realm names the id."),
  client_id: required(
    guid,
    "The client id of the agent app, not of the app that people sign in to.",
  ),
  certificate_file: optional(
    credentialFile('"agent.pem"'),
    "What the agent app proves itself with: certificate and private key, both PEM, in one file. One of certificate_file, client_secret_file and managed_identity has to be there.",
  ),
  client_secret_file: optional(
    credentialFile('"agent-secret"'),
    "A file with a client secret of the agent app, instead of a certificate.",
  ),
  managed_identity: optional(
    oneOf("azure-arc"),
    "The identity that Azure Arc gives this machine, instead of a certificate. The service needs the group himds.",
  ),
  cloud: defaulting(
    oneOf("public", "usgov", "usgov-dod", "china"),
    '"public"',
    "Which of Microsoft's clouds the tenant is in.",
  ),
  authority: optional(
    origin("https://login.microsoftonline.com"),
    "The sign-in address, instead of cloud. Only together with graph.",
  ),
  graph: optional(
    origin("https://graph.microsoft.com"),
    "The address of Microsoft Graph, instead of cloud. Only together with authority.",
  ),
  ca_file: optional(
    trustFile,
    "A CA to trust beside the system's for both addresses, such as that of a proxy that opens TLS.",
  ),
  proxy: optional(
    proxy,
    "The proxy on the way to Microsoft. Where absent, HTTPS_PROXY and NO_PROXY count. Never used for loopback.",
  ),
} as const satisfies Keys;

export const scheduleKeys = {
  cron: defaulting(cron, '"*/5 * * * *"', "When a pass begins, in UTC."),
  jitter: defaulting(
    duration("0s", "1h", "30s"),
    '"30s"',
    "A pass begins at random within this time, so that many nodes do not ask at once.",
  ),
} as const satisfies Keys;

export const rotationKeys = {
  lifetime: defaulting(
    duration("1d", "730d", "180d"),
    '"180d"',
    "How long a new client secret is valid.",
  ),
  renew_before: defaulting(
    duration("1h", "729d", "60d"),
    '"60d"',
    "How long before its end a secret is replaced; at most a third of its real lifetime counts. Less than lifetime.",
  ),
  overlap: defaulting(
    duration("10m", "30d", "24h"),
    '"24h"',
    "How long the old secret is kept beside the new one. Less than half of lifetime.",
  ),
  proof: defaulting(
    duration("10s", "10m", "60s"),
    '"60s"',
    "How long a new secret has to be accepted without a refusal before PVE gets it.",
  ),
} as const satisfies Keys;

export const guardKeys = {
  max_removals: defaulting(
    integer(0, 100_000, 10),
    "10",
    "More people than this losing one group, its entries or their account within 24 h are held for approval.",
  ),
  max_removal_share: defaulting(
    share,
    "0.2",
    "So is a larger part of a group's people than this, from the fourth person on.",
  ),
  max_disabled: defaulting(
    integer(0, 100_000, 50),
    "50",
    "More people than this whom Entra itself disabled or deleted, per realm and 24 h, are held.",
  ),
  user_db_reserve: defaulting(
    size("0B", "512KiB", "64KiB"),
    '"64KiB"',
    "Room in PVE's user database (1 MiB in all) that is counted as used.",
  ),
} as const satisfies Keys;

export const clusterKeys = {
  writer: optional(
    nodeName,
    "The name of the one node that writes. Needed where the cluster has more than one.",
  ),
  id: optional(
    clusterId,
    "What tells this cluster's secrets from those of others on the same app. Where absent: the first 12 hex digits of the SHA-256 of the cluster's root CA.",
  ),
} as const satisfies Keys;

export const healthKeys = {
  listen: defaulting(
    listen,
    '"127.0.0.1:9646"',
    "Where /health, /ready and /metrics are served. Any address but loopback needs token_file.",
  ),
  token_file: optional(
    credentialFile('"health-token"'),
    "A file with the bearer token that a request has to carry.",
  ),
} as const satisfies Keys;

export const stateKeys = {
  dir: defaulting(stateFolder, '"/var/lib/pve-entra-agent"', "Where the journal is kept."),
} as const satisfies Keys;

export const notifyKeys = {
  mail_to: defaulting(
    mailbox,
    '"root"',
    "Who gets the mails. Mail to root is what PVE hands to its own notification system.",
  ),
  mail_from: defaulting(
    mailbox,
    '"root"',
    "Their sender. A name without a domain is one of this machine.",
  ),
  smtp: defaulting(
    mailServer,
    '"127.0.0.1:25"',
    "This node's own mail server; no other machine's. It passes the mails on.",
  ),
} as const satisfies Keys;

export const aclKeys = {
  path: required(aclPath, "The path that the role is given on."),
  role: required(roleName, "The role."),
  propagate: defaulting(boolean, "true", "Whether it counts for everything below the path too."),
} as const satisfies Keys;

export const groupKeys = {
  entra: required(
    entraGroups,
    "The object id of the Entra group, or a list of several: their union. Nested groups count.",
  ),
  name: required(groupName, "The group in PVE. No other mapping, in no realm, may have it."),
  acl: optional(
    entries(
      'a list of entries such as { path = "/", role = "PVEAuditor" }',
      '[ { path = "/", role = "PVEAuditor" } ]',
      aclKeys,
    ),
    "The group's ACL entries: these and no others. Where absent, the agent leaves the group's entries alone.",
  ),
  max_members: optional(
    integer(1, 100_000, 20),
    "Nobody is added above this. Has to be there where the group holds a privileged role, else nobody is added at all.",
  ),
  adopt: defaulting(
    boolean,
    "false",
    "Take over a group of this name that is there already. Needs an approval, which lists what would be lost.",
  ),
  acl_extra: defaulting(
    oneOf("remove", "keep"),
    '"remove"',
    "What becomes of entries of this group that are not in acl. Only together with acl.",
  ),
  just_in_time: defaulting(
    boolean,
    "false",
    "For groups whose members come and go all day (Entra PIM): who leaves loses the membership only.",
  ),
  guests: defaulting(
    oneOf("skip", "allow"),
    '"skip"',
    "Whether guests get in although the group is privileged. Only where the realm allows guests too.",
  ),
} as const satisfies Keys;

export const realmKeys = {
  name: required(realmName, "The realm in PVE."),
  client_id: required(
    guid,
    "The client id of the SSO app, the one that people sign in to. It has to be the realm's, and not the agent app's.",
  ),
  rotate: defaulting(boolean, "true", "Whether the agent renews the realm's client secret."),
  names: defaulting(boolean, "true", "Whether first name, last name and email are written."),
  guests: defaulting(
    oneOf("skip", "allow"),
    '"skip"',
    "Whether guests of the tenant get in. Only with the username-claim oid or upn.",
  ),
  email_claim: defaulting(
    boolean,
    "false",
    "Whether the realm may have the username-claim email or preferred_username, which people can change.",
  ),
  on_leave: defaulting(
    oneOf("disable", "delete", "keep"),
    '"disable"',
    "What becomes of the account of somebody who left every mapping.",
  ),
  delete_after: optional(
    duration("1d", "3650d", "30d"),
    "How long after that a disabled account is deleted. Where absent: never.",
  ),
  unmarked: defaulting(
    oneOf("report", "disable"),
    '"report"',
    "What becomes of users of the realm outside all mappings whom Entra does not know or has disabled.",
  ),
  group: optional(
    sections("realm.group", groupKeys),
    "The mappings, each with its own [[realm.group]].",
  ),
} as const satisfies Keys;

export const topKeys = {
  pve: required(section("pve", pveKeys), "How to reach Proxmox VE, and as whom."),
  entra: required(section("entra", entraKeys), "Which tenant, and as which app."),
  schedule: defaulting(section("schedule", scheduleKeys), "{}", "When a pass begins."),
  rotation: defaulting(section("rotation", rotationKeys), "{}", "The life of a client secret."),
  guard: defaulting(
    section("guard", guardKeys),
    "{}",
    "From where on changes wait for an approval.",
  ),
  cluster: defaulting(section("cluster", clusterKeys), "{}", "Who may write."),
  health: defaulting(section("health", healthKeys), "{}", "Health and metrics."),
  state: defaulting(section("state", stateKeys), "{}", "What the agent remembers."),
  notify: optional(
    section("notify", notifyKeys),
    "Mails to the administrators. Without this section there are none; an empty one will do.",
  ),
  realm: required(
    sections("realm", realmKeys),
    "One realm of PVE that people sign in to with Entra.",
  ),
} as const satisfies Keys;

/** The sections in the order of the documentation, each as it is written, with its keys. */
export const REFERENCE: readonly {
  readonly name: string;
  readonly meaning: string;
  readonly keys: Keys;
}[] = [
  { name: "[pve]", meaning: topKeys.pve.meaning, keys: pveKeys },
  { name: "[entra]", meaning: topKeys.entra.meaning, keys: entraKeys },
  { name: "[schedule]", meaning: topKeys.schedule.meaning, keys: scheduleKeys },
  { name: "[rotation]", meaning: topKeys.rotation.meaning, keys: rotationKeys },
  { name: "[guard]", meaning: topKeys.guard.meaning, keys: guardKeys },
  { name: "[cluster]", meaning: topKeys.cluster.meaning, keys: clusterKeys },
  { name: "[health]", meaning: topKeys.health.meaning, keys: healthKeys },
  { name: "[state]", meaning: topKeys.state.meaning, keys: stateKeys },
  { name: "[notify]", meaning: topKeys.notify.meaning, keys: notifyKeys },
  { name: "[[realm]]", meaning: topKeys.realm.meaning, keys: realmKeys },
  {
    name: "[[realm.group]]",
    meaning: "One or more Entra groups to one group of PVE and its ACL entries.",
    keys: groupKeys,
  },
  { name: "acl", meaning: "One entry of a mapping's acl.", keys: aclKeys },
];
