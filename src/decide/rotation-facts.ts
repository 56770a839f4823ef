/**
 * What the rotation of one SSO app's secret is decided from, and the decision, as plain data.
 * Times are milliseconds since 1970, by the `Date` of Entra's answers. No secret is in here:
 * of a realm's key only its hint, and which realms hold the same one.
 */
import type { RotationConfig } from "../config/types.js";
import type { Finding } from "../errors.js";
import type { IntentId, OwnSecret } from "../journal/types.js";
import type { PasswordCredential } from "../ports.js";
import type { ServerTime } from "./facts.js";

/** What Entra's token endpoint last said about a realm's key. */
export type KeyProof =
  | { readonly kind: "accepted"; readonly at: number }
  /** AADSTS7000215 or 7000222 for a whole minute without one success in between. */
  | { readonly kind: "refused"; readonly at: number; readonly message: string }
  /** Anything else: says nothing about the key. */
  | {
      readonly kind: "unclear";
      readonly at: number;
      readonly message: string;
      /** AADSTS7000112 or 700016 at last: the app is disabled or unknown, whatever its key. */
      readonly appRefused?: true;
    };

/** A realm's `client-key` without its value. */
export interface KeyFacts {
  /** The first three characters; empty: the realm has no key at all. */
  readonly hint: string;
  /** Realms with the same number hold the same key. */
  readonly same: number;
  /** Absent: it was not to be proved, since the realm is not trusted. */
  readonly proof?: KeyProof;
  /** Since when Entra accepts the key and yet lists no secret with its hint. */
  readonly unlistedSince?: number;
}

/** One realm that uses the SSO app. */
export interface RealmSecret {
  readonly realm: string;
  /** `[[realm]] rotate` */
  readonly rotate: boolean;
  /** False: client-id or issuer are not the configuration's. No proof, no write. */
  readonly trusted: boolean;
  /**
   * `missing`: the realm does not exist, so it uses nothing. `unknown`: it could not be read, so
   * it may use anything.
   */
  readonly key: KeyFacts | "missing" | "unknown";
}

/** A secret that was made and not written yet, whose value this process still has in memory. */
export interface PendingSecret {
  readonly keyId: string;
  readonly start: number;
  readonly end: number;
  /** How often its proof has failed. */
  readonly failures: number;
}

export interface RotationFacts {
  readonly clientId: string;
  /** In the order of the configuration; at least one. */
  readonly realms: readonly RealmSecret[];
  /** What the app registration lists, or why it could not be read. */
  readonly passwords: readonly PasswordCredential[] | Finding;
  /** What our own journal says of this app. */
  readonly own: readonly OwnSecret[];
  readonly pending?: PendingSecret;
  /** Under which name our secrets are made (`secretDisplayName`). */
  readonly displayName: string;
  readonly config: RotationConfig;
  readonly time: ServerTime;
  /** An administrator ordered a rotation. */
  readonly ordered: boolean;
  /** Nobody waits for a rotation's end. */
  readonly patient: boolean;
  /** A rotation of this app is under way beside this pass. */
  readonly running: boolean;
}

/**
 * Why a rotation goes past the rules for scheduled ones: `refused` (nobody can sign in),
 * `ordered`, `ending` (less than seven days are left).
 */
export type Forced = "no" | "refused" | "ordered" | "ending";

export interface Rotate {
  /** One sentence for a person. */
  readonly reason: string;
  readonly forced: Forced;
  /** Nothing hurries it: the new secret gets the time to become known before it is proved. */
  readonly rests: boolean;
  /** The realms that the secret is written to, in the order of the configuration. */
  readonly realms: readonly string[];
  /**
   * Prove and write this secret before another is made: one whose value is in memory, or the key
   * that another realm of the same app holds already.
   */
  readonly reuse?:
    | { readonly from: "memory"; readonly keyId: string }
    | { readonly from: "realm"; readonly realm: string };
}

/** One of our own secrets that nobody uses any more. */
export interface Removal {
  readonly keyId: string;
  readonly hint: string | null;
  readonly intent: IntentId;
  /** The realms that it was made for, configured today or not. */
  readonly realms: readonly string[];
  readonly reason: string;
}

/** What is known of the secret that one realm holds: for `status`, health and `plan`. */
export interface RealmSecretView {
  readonly realm: string;
  readonly hint?: string;
  readonly proof?: KeyProof;
  /** Absent: no listed secret has the hint, or several have. */
  readonly inUse?: PasswordCredential;
  /** Whether our own journal made the one in use; absent where that is unknown. */
  readonly own?: boolean;
  /** The earliest end that the key can have. */
  readonly ends?: number;
  /** When it is due; absent: unknown. */
  readonly renewAt?: number;
}

export interface RotationDecision {
  readonly clientId: string;
  readonly rotate?: Rotate;
  readonly remove: readonly Removal[];
  readonly findings: readonly Finding[];
  readonly realms: readonly RealmSecretView[];
  /** The earliest `renewAt` of the realms that are rotated; absent: unknown. */
  readonly nextRotationAt?: number;
}

/**
 * The display name of the secrets of one app. Where several realms share the app there is one
 * rotation for all of them, under the name of the realm that the configuration names first.
 */
export function secretDisplayName(clusterId: string, firstRealm: string): string {
  return `pve-entra-agent ${clusterId}/${firstRealm}, do not copy`;
}

export const SECOND = 1000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
