/**
 * The configuration as the rest of the program sees it: plain, normalised, read-only.
 *
 * Durations are seconds, sizes are bytes, files are absolute paths, defaults are filled in, and a
 * cloud's name has become its addresses. No secret is in here, only the files that hold one; the
 * files are read when they are used (secrets.ts), so that a renewed one counts without a restart.
 */

/** Everything in `/etc/pve-entra-agent/config.toml`. */
export interface Config {
  /** The absolute path that this was read from. */
  readonly file: string;
  readonly pve: PveConfig;
  readonly entra: EntraConfig;
  readonly schedule: ScheduleConfig;
  readonly rotation: RotationConfig;
  readonly guard: GuardConfig;
  readonly cluster: ClusterConfig;
  readonly health: HealthConfig;
  readonly state: StateConfig;
  /** Absent: no mail is sent. */
  readonly notify?: NotifyConfig;
  /** At least one; names are unique, and so are the names of all their groups together. */
  readonly realms: readonly RealmConfig[];
}

/** `[pve]`: how to reach Proxmox VE, and as whom. */
export interface PveConfig {
  /** An https origin without a trailing slash, such as `https://127.0.0.1:8006`. */
  readonly url: string;
  /** The name to expect in the certificate, where it is not the URL's host. */
  readonly serverName?: string;
  /** A PEM file with a CA that counts beside the system's. Never together with `fingerprint`. */
  readonly caFile?: string;
  /** SHA-256 of the server's certificate: 32 upper-case hex pairs with colons between them. */
  readonly fingerprint?: string;
  /** `user@realm!name`. */
  readonly tokenId: string;
  readonly tokenFile: string;
}

/** `[entra]`: which tenant, as which app, by which addresses. */
export interface EntraConfig {
  /** A lower-case GUID. */
  readonly tenantId: string;
  /** The agent app's client id, a lower-case GUID. */
  readonly clientId: string;
  readonly credential: CredentialConfig;
  /** The cloud's name; absent where `authority` and `graph` were given instead. */
  readonly cloud?: CloudName;
  /** An https origin without a trailing slash, such as `https://login.microsoftonline.com`. */
  readonly authority: string;
  /** An https origin without a trailing slash, such as `https://graph.microsoft.com`. */
  readonly graph: string;
  /** A PEM file with a CA that counts beside the system's for `authority` and `graph`. */
  readonly caFile?: string;
  /** An http or https URL, never with a password in it. */
  readonly proxy?: string;
}

export type CloudName = "public" | "usgov" | "usgov-dod" | "china";

/** What the agent app proves itself with: exactly one of the three. */
export type CredentialConfig =
  | { readonly kind: "certificate"; readonly file: string }
  | { readonly kind: "secret"; readonly file: string }
  | { readonly kind: "managed-identity" };

/** `[schedule]`: when a pass begins. */
export interface ScheduleConfig {
  /** Five fields, in UTC. */
  readonly cron: string;
  readonly jitterSeconds: number;
}

/** `[rotation]`: the life of a client secret. */
export interface RotationConfig {
  readonly lifetimeSeconds: number;
  /** Before the end; always less than the lifetime. */
  readonly renewBeforeSeconds: number;
  readonly overlapSeconds: number;
  /** The least time over which a new secret has to be accepted without a refusal. */
  readonly proofSeconds: number;
}

/** `[guard]`: from where on changes are held until somebody approves them. */
export interface GuardConfig {
  readonly maxRemovals: number;
  /** 0 to 1. */
  readonly maxRemovalShare: number;
  readonly maxDisabled: number;
  readonly userDbReserveBytes: number;
}

/** `[cluster]`: who may write. */
export interface ClusterConfig {
  /** The name of the one node that writes. */
  readonly writer?: string;
  /** Where absent, the first 12 hex digits of the SHA-256 of the cluster's root CA stand for it. */
  readonly id?: string;
}

/** `[health]`: where health and metrics are served. */
export interface HealthConfig {
  /** An IP address, without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Always there where `host` is not a loopback address. */
  readonly tokenFile?: string;
}

/** `[state]`: where the journal lives. */
export interface StateConfig {
  readonly dir: string;
}

/** `[notify]`: mails to the administrators, by way of this node's own mail server. */
export interface NotifyConfig {
  /** A mailbox, with or without a domain. */
  readonly to: string;
  readonly from: string;
  /** A loopback address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `[[realm]]`: one authentication domain of Proxmox VE. */
export interface RealmConfig {
  readonly name: string;
  /** The SSO app's client id, a lower-case GUID; never the agent app's. */
  readonly clientId: string;
  /** Whether the agent renews the realm's client secret. */
  readonly rotate: boolean;
  /** Whether first name, last name and email are written. */
  readonly names: boolean;
  readonly guests: GuestPolicy;
  /** Whether a `username-claim` of `email` or `preferred_username` is allowed at all. */
  readonly emailClaim: boolean;
  readonly onLeave: "disable" | "delete" | "keep";
  /** Absent: a disabled leaver is never deleted. */
  readonly deleteAfterSeconds?: number;
  readonly unmarked: "report" | "disable";
  readonly groups: readonly MappingConfig[];
}

export type GuestPolicy = "skip" | "allow";

/** `[[realm.group]]`: one or more Entra groups to one group of Proxmox VE, and its ACL entries. */
export interface MappingConfig {
  /** Object ids, lower-case GUIDs, at least one, each once; several mean their union. */
  readonly entra: readonly string[];
  readonly name: string;
  /** Absent: the ACL is not ours. Empty: the group is to have no entry. */
  readonly acl?: readonly AclConfig[];
  readonly maxMembers?: number;
  readonly adopt: boolean;
  readonly aclExtra: "remove" | "keep";
  readonly justInTime: boolean;
  /** Whether guests count as members here although the mapping is privileged. */
  readonly guests: GuestPolicy;
}

/** One entry of a mapping's `acl`. */
export interface AclConfig {
  /** As PVE stores it: a leading slash, no trailing one. */
  readonly path: string;
  readonly role: string;
  readonly propagate: boolean;
}
