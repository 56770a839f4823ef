/** One narrow port per outside system. `entra/` and `pve/` implement them, `pass/` uses them. */
import type {
  Access,
  AclEntry,
  EntraGroup,
  GroupId,
  ObjectId,
  OwnSide,
  PveGroup,
  PveUser,
  Question,
  QuestionKey,
  RealmFacts,
  ServerTime,
  Person,
  UserId,
} from "./decide/facts.js";
import type { Write } from "./decide/plan.js";
import type { Secret } from "./secret.js";

/** What `entra/` offers about people and groups. Read only. */
export interface DirectoryPort {
  /**
   * Reads groups whole, at most eight requests at a time. A group that cannot be read whole comes
   * back as `ok: false`; only what concerns all of them (sign-in refused, unreachable) is thrown.
   */
  readGroups(
    ids: readonly ObjectId[],
    signal: AbortSignal,
  ): Promise<{
    readonly groups: ReadonlyMap<ObjectId, EntraGroup>;
    readonly people: ReadonlyMap<ObjectId, Person>;
  }>;
  /** Asks people's own objects, batched. Never throws for a single person: `unknown` instead. */
  ask(
    questions: readonly Question[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<QuestionKey, OwnSide>>;
  /** Entra's time as of its latest answer; undefined before the first one. */
  serverTime(): ServerTime | undefined;
}

/** One of an app registration's client secrets; its value is never readable again. */
export interface PasswordCredential {
  readonly keyId: string;
  /** First three characters; null on very old ones. */
  readonly hint: string | null;
  readonly displayName: string | null;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

/** What `entra/` offers about one SSO app registration. */
export interface SsoAppPort {
  /** Throws ENTRA_APP_NOT_FOUND, ENTRA_FORBIDDEN, … */
  read(signal: AbortSignal): Promise<{
    readonly objectId: string;
    readonly displayName: string;
    readonly passwords: readonly PasswordCredential[];
  }>;
  /**
   * Adds a secret with explicit start and end. Sent once: after an unknown outcome the caller
   * reads the app again. Concurrency errors (409, Directory_ConcurrencyViolation) are retried.
   * Throws ENTRA_NOT_OWNER, ROTATION_POLICY_FORBIDS, ROTATION_LIFETIME_CAPPED (try shorter), …
   */
  addPassword(
    request: { readonly displayName: string; readonly start: number; readonly end: number },
    signal: AbortSignal,
  ): Promise<PasswordCredential & { readonly secret: Secret }>;
  /** Removes one. Already gone is success; so is "not replicated yet" after a later read says so. */
  removePassword(keyId: string, signal: AbortSignal): Promise<void>;
}

/** One answer of the token endpoint about a client secret. */
export type ProofAnswer =
  | { readonly kind: "accepted" }
  /** AADSTS7000215 or 7000222: Entra says the secret itself is wrong or has expired. */
  | { readonly kind: "refused"; readonly aadsts: number; readonly message: string }
  /** Anything else: says nothing about the secret. */
  | {
      readonly kind: "unclear";
      readonly message: string;
      /** AADSTS7000112 or 700016: the app is disabled or unknown, whatever its secret. */
      readonly appRefused?: true;
    };

/** Asks the token endpoint (from the configuration alone) whether a secret is accepted. */
export interface SecretProbePort {
  /** One request with a fresh client and no cache. Never throws but for an abort. */
  prove(clientId: string, secret: Secret, signal: AbortSignal): Promise<ProofAnswer>;
}

/** The client key of one realm together with the digest that guards a write of it. */
export interface RealmKey {
  readonly key: Secret;
  readonly digest: string;
  /** The realm as the same answer had it: a write asks again whether it is to be trusted. */
  readonly facts: RealmFacts;
}

/** What one observation of PVE gives: the facts, and the realms' keys apart from them. */
export interface Observation {
  readonly access: Access;
  readonly keys: ReadonlyMap<string, RealmKey>;
}

/** One group with everybody in it, of whatever realm. */
export interface GroupRead extends PveGroup {
  readonly members: readonly UserId[];
}

/** What `pve/` offers about users, groups, ACL and realms. Writes are serial, never repeated. */
export interface AccessPort {
  /** Six reads (and one for each further realm). Throws when any of them fails. */
  observe(realms: readonly string[], signal: AbortSignal): Promise<Observation>;
  /** Throws PVE_REFUSED when the user does not exist. */
  readUser(userid: UserId, signal: AbortSignal): Promise<PveUser>;
  /** Throws PVE_REFUSED when the group does not exist. */
  readGroup(group: GroupId, signal: AbortSignal): Promise<GroupRead>;
  /** The whole ACL, as far as our token may see it. */
  readAcl(signal: AbortSignal): Promise<readonly AclEntry[]>;
  /**
   * One write. `groups`: the whole list to send instead of `join` (needed when anything leaves).
   * Throws PVE_OUTCOME_UNKNOWN when no answer told, PVE_REFUSED / PVE_FORBIDDEN / PVE_NO_QUORUM /
   * PVE_LOCKED / PVE_UNAUTHORIZED when PVE said no.
   */
  write(write: Write, groups: readonly string[] | undefined, signal: AbortSignal): Promise<void>;
  readRealmKey(realm: string, signal: AbortSignal): Promise<RealmKey>;
  /** Throws PVE_STALE_DIGEST when domains.cfg changed since. */
  writeRealmKey(realm: string, key: Secret, digest: string, signal: AbortSignal): Promise<void>;
  /** Names of the cluster's nodes, as `GET /nodes` lists them. */
  nodes(signal: AbortSignal): Promise<readonly string[]>;
}
