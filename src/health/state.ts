/**
 * How the agent is, as plain data: the daemon keeps it, and `/health`, `/metrics` and `status` are
 * made from it. Realms, PVE groups and error codes are named in it; people never are.
 * Times are milliseconds since 1970.
 */
import type { ErrorCode } from "../errors.js";

export interface HealthState {
  readonly version: string;
  readonly startedAt: number;
  /** Both sides were read whole at least once since the start. */
  readonly observed: boolean;
  readonly lease: {
    readonly leader: boolean;
    /** The node that writes, where it is known. */
    readonly writer?: string;
  };
  readonly reload: {
    /** False: the configuration on disk is bad, and the one before is in force. */
    readonly ok: boolean;
    readonly at?: number;
  };
  /** When the agent's own certificate or secret for Entra ends; absent: it has no end. */
  readonly credentialEnds?: number;
  /** The estimated size of PVE's user database, and the most it may have (P13). */
  readonly database?: { readonly bytes: number; readonly limit: number };
  readonly realms: ReadonlyMap<string, RealmHealth>;
  /** Findings that concern no realm alone, counted by code. */
  readonly findings: FindingCounts;
}

export type FindingCounts = ReadonlyMap<ErrorCode, number>;

export interface RealmHealth {
  readonly secret: SecretHealth;
  readonly sync: SyncHealth;
  /** The findings of this realm's last pass, counted by code. */
  readonly findings: FindingCounts;
  /** Those of the last rotation of its secret, until the secret is good again; absent: none. */
  readonly rotation?: FindingCounts;
}

/** The client secret that the realm holds. */
export interface SecretHealth {
  /** Its first three characters, which Entra shows to every reader of the app, too. */
  readonly hint?: string;
  readonly expires?: number;
  /** What Entra last said of it for certain; absent: it said nothing yet. */
  readonly accepted?: boolean;
  readonly lastProof?: number;
  readonly rotating: boolean;
  readonly lastRotation?: number;
  /** When it is due; absent: that is not known. */
  readonly renewAt?: number;
  /** `rotate` of the realm's configuration. */
  readonly rotated?: boolean;
}

/** The passes over this realm. */
export interface SyncHealth {
  readonly lastAttempt?: number;
  readonly lastSuccess?: number;
  /** How the last pass ended; absent: none has ended yet. */
  readonly ok?: boolean;
  /** Why it failed. */
  readonly code?: ErrorCode;
  readonly durationMs?: number;
  /** Changes that the guard holds. */
  readonly held: number;
  /** Whom they are about; 0 too where only the journal tells of them. */
  readonly heldPeople: number;
  /** People of mapped groups who are given nothing. */
  readonly skipped: number;
  /** People who left every mapping and keep their account. */
  readonly kept: number;
  /** Users of the realm without mark and mapping. */
  readonly unmanaged: number;
  /** PVE group to how many people of ours are in it. */
  readonly groupMembers: ReadonlyMap<string, number>;
}

/** A realm of which nothing is known yet. */
export const UNKNOWN_REALM: RealmHealth = {
  secret: { rotating: false },
  sync: { held: 0, heldPeople: 0, skipped: 0, kept: 0, unmanaged: 0, groupMembers: new Map() },
  findings: new Map(),
};
