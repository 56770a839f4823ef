/** What the state amounts to: one word, the HTTP status, and why. Pure. */
import { heldText } from "../decide/held.js";
import { isoInstant } from "../decide/text.js";
import { ERRORS } from "../errors.js";
import type { ErrorCode } from "../errors.js";
import type { FindingCounts, HealthState, RealmHealth } from "./state.js";

export type HealthWord = "ok" | "starting" | "standby" | "degraded" | "failing";

/** The answer of `/health`; docs/health.md has its JSON schema. Times are ISO 8601, UTC. */
export interface HealthReport {
  readonly state: HealthWord;
  /** Why it is not `ok`: sentences with realms and codes, without people. */
  readonly reasons: readonly string[];
  readonly version: string;
  readonly since: string;
  readonly lease: { readonly leader: boolean; readonly writer: string | null };
  readonly reload: { readonly ok: boolean; readonly at: string | null };
  readonly credential: { readonly expires: string | null };
  readonly database: { readonly bytes: number; readonly limit: number } | null;
  readonly findings: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly realms: Readonly<Record<string, RealmReport>>;
}

export interface RealmReport {
  readonly secret: {
    readonly hint: string | null;
    readonly expires: string | null;
    readonly accepted: boolean | null;
    readonly last_proof: string | null;
    readonly rotating: boolean;
    readonly last_rotation: string | null;
  };
  readonly sync: {
    readonly ok: boolean | null;
    readonly code: ErrorCode | null;
    readonly last_attempt: string | null;
    readonly last_success: string | null;
    readonly duration_seconds: number | null;
    readonly held: number;
    readonly skipped: number;
    readonly kept: number;
    readonly unmanaged: number;
  };
  readonly findings: Readonly<Partial<Record<ErrorCode, number>>>;
}

/**
 * 503 and `failing` only when a realm's last pass failed or its secret is refused. `degraded`
 * when something that was promised waits: held changes, skipped people, a bad reload, a finding
 * of level error. A standby that is well says `standby`.
 */
export function healthOf(state: HealthState): {
  readonly http: 200 | 503;
  readonly state: HealthWord;
  readonly report: HealthReport;
} {
  const failing = perRealm(state, failures);
  const waiting = [...complaints(state), ...perRealm(state, shortfalls)];
  const word = wordOf(state, failing, waiting);
  const report: HealthReport = {
    state: word,
    reasons: [...failing, ...waiting],
    version: state.version,
    since: iso(state.startedAt) ?? "",
    lease: { leader: state.lease.leader, writer: state.lease.writer ?? null },
    reload: { ok: state.reload.ok, at: iso(state.reload.at) },
    credential: { expires: iso(state.credentialEnds) },
    database: state.database ?? null,
    findings: Object.fromEntries(state.findings),
    realms: Object.fromEntries([...state.realms].map(([name, realm]) => [name, realmOf(realm)])),
  };
  return { http: word === "failing" ? 503 : 200, state: word, report };
}

function wordOf(
  state: HealthState,
  failing: readonly string[],
  waiting: readonly string[],
): HealthWord {
  if (failing.length > 0) return "failing";
  if (waiting.length > 0) return "degraded";
  if (!state.lease.leader) return state.observed || state.lease.writer ? "standby" : "starting";
  return state.observed ? "ok" : "starting";
}

function failures(name: string, { secret, sync }: RealmHealth): readonly string[] {
  const reasons: string[] = [];
  if (sync.ok === false) reasons.push(`${name}: the last pass failed${behind(sync.code)}`);
  if (secret.accepted === false) reasons.push(`${name}: Entra refuses the client secret`);
  return reasons;
}

function shortfalls(name: string, realm: RealmHealth): readonly string[] {
  const { sync } = realm;
  const findings = findingsOf(realm);
  const reasons: string[] = [];
  if (sync.held > 0) {
    const held = heldText({ changes: sync.held, people: sync.heldPeople });
    reasons.push(`${name}: held: ${held}`);
  }
  if (sync.skipped > 0) reasons.push(`${name}: skipped people: ${sync.skipped}`);
  return [...reasons, ...errorsAmong(findings).map((code) => `${name}: ${summary(code)}`)];
}

/** Of the pass and of the rotation beside it. */
function findingsOf({ findings, rotation = new Map() }: RealmHealth): FindingCounts {
  const sums = new Map(findings);
  for (const [code, count] of rotation) sums.set(code, (sums.get(code) ?? 0) + count);
  return sums;
}

function complaints(state: HealthState): readonly string[] {
  const reload = state.reload.ok ? [] : ["the configuration on disk is bad; an older one is used"];
  return [...reload, ...errorsAmong(state.findings).map(summary)];
}

/** Being a standby is no complaint, and what is held was counted already. */
const SAID_OTHERWISE: ReadonlySet<ErrorCode> = new Set([
  "CLUSTER_STANDBY",
  "GUARD_HELD",
  "CONFIG_RELOAD_FAILED",
]);

function errorsAmong(findings: FindingCounts): readonly ErrorCode[] {
  return [...findings]
    .filter(([code, count]) => count > 0 && ERRORS[code].level === "error")
    .map(([code]) => code)
    .filter((code) => !SAID_OTHERWISE.has(code));
}

function summary(code: ErrorCode): string {
  return `${ERRORS[code].summary} (${code})`;
}

function behind(code: ErrorCode | undefined): string {
  return code === undefined ? "" : ` (${code})`;
}

function perRealm(
  state: HealthState,
  reasons: (name: string, realm: RealmHealth) => readonly string[],
): readonly string[] {
  return [...state.realms].flatMap(([name, realm]) => reasons(name, realm));
}

function realmOf(realm: RealmHealth): RealmReport {
  const { secret, sync } = realm;
  return {
    secret: {
      hint: secret.hint ?? null,
      expires: iso(secret.expires),
      accepted: secret.accepted ?? null,
      last_proof: iso(secret.lastProof),
      rotating: secret.rotating,
      last_rotation: iso(secret.lastRotation),
    },
    sync: {
      ok: sync.ok ?? null,
      code: sync.code ?? null,
      last_attempt: iso(sync.lastAttempt),
      last_success: iso(sync.lastSuccess),
      duration_seconds: sync.durationMs === undefined ? null : sync.durationMs / 1000,
      held: sync.held,
      skipped: sync.skipped,
      kept: sync.kept,
      unmanaged: sync.unmanaged,
    },
    findings: Object.fromEntries(findingsOf(realm)),
  };
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : isoInstant(time);
}
