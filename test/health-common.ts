/** A state of health with everything in it, and changes to it. */
import type { HealthState, RealmHealth } from "../src/health/index.js";

export const NOW = Date.UTC(2026, 10, 21, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const realm: RealmHealth = {
  secret: {
    hint: "Ab1",
    expires: NOW + 90 * DAY,
    accepted: true,
    lastProof: NOW - 60_000,
    rotating: false,
    lastRotation: NOW - 90 * DAY,
    renewAt: NOW + 30 * DAY,
    rotated: true,
  },
  sync: {
    lastAttempt: NOW - 30_000,
    lastSuccess: NOW - 30_000,
    ok: true,
    durationMs: 1250,
    held: 0,
    heldPeople: 0,
    skipped: 0,
    kept: 2,
    unmanaged: 3,
    groupMembers: new Map([
      ["pve-admins", 4],
      ["pve-users", 61],
    ]),
  },
  findings: new Map([["SYNC_KEPT", 2]]),
};

export const well: HealthState = {
  version: "1.2.3",
  startedAt: NOW - DAY,
  observed: true,
  lease: { leader: true, writer: "pve1" },
  reload: { ok: true, at: NOW - HOUR },
  credentialEnds: NOW + 300 * DAY,
  database: { bytes: 123_456, limit: 1_048_576 },
  realms: new Map([["entra", realm]]),
  findings: new Map(),
};

/** The same with other values for the one realm. */
export function withRealm(change: {
  secret?: Partial<RealmHealth["secret"]>;
  sync?: Partial<RealmHealth["sync"]>;
  findings?: RealmHealth["findings"];
}): HealthState {
  return {
    ...well,
    realms: new Map([
      [
        "entra",
        {
          secret: { ...realm.secret, ...change.secret },
          sync: { ...realm.sync, ...change.sync },
          findings: change.findings ?? realm.findings,
        },
      ],
    ]),
  };
}
