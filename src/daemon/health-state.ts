/** What the passes reported, kept as the state that health, metrics and `status` are made from. */
import type { ErrorCode, Finding } from "../errors.js";
import { UNKNOWN_REALM } from "../health/index.js";
import type {
  FindingCounts,
  HealthState,
  RealmHealth,
  SecretHealth,
  SyncHealth,
} from "../health/index.js";
import { countHeld } from "../decide/held.js";
import type { Plan } from "../decide/plan.js";
import { isFailure } from "../pass/pass.js";
import type { PassReport } from "../pass/pass.js";
import type { RotationOutcome } from "../pass/rotate-tools.js";

/** The state after a pass that looked at people and secrets, or at secrets alone. */
export function afterPass(state: HealthState, report: PassReport): HealthState {
  const realms = new Map(state.realms);
  for (const [name, { ok, findings }] of report.realms) {
    const before = realms.get(name) ?? UNKNOWN_REALM;
    const secret = secretAfter(before.secret, name, report);
    const { rotation = new Map() } = isSettled(name, report) ? {} : before;
    if (report.secretsOnly && ok) {
      // Of people it says nothing: how they fared stays as the last pass over them told.
      realms.set(name, { ...before, secret, rotation });
      continue;
    }
    const code = findings.find(isFailure)?.code;
    realms.set(name, {
      findings: countsOf(findings.filter(({ realm }) => realm === name)),
      rotation,
      secret,
      sync: {
        ...withoutCode(before.sync),
        ...numbersOf(report.plan, name),
        lastAttempt: report.endedAt,
        ...(ok ? { lastSuccess: report.endedAt } : {}),
        ok,
        durationMs: report.durationMs,
        ...codeOf(code),
      },
    });
  }
  const { plan } = report;
  return {
    ...state,
    observed: state.observed || report.observed,
    lease: {
      leader: report.mayWrite,
      ...(report.leader === undefined ? {} : { writer: report.leader }),
    },
    ...(plan === undefined
      ? {}
      : { database: { bytes: plan.database.now, limit: plan.database.limit } }),
    realms,
    findings: report.secretsOnly
      ? state.findings
      : countsOf(report.findings.filter(({ realm }) => realm === undefined)),
  };
}

/** The state after a pass that could not be: its journal was not to be written, say. */
export function afterThrown(
  state: HealthState,
  names: readonly string[],
  code: ErrorCode,
  now: number,
): HealthState {
  const realms = new Map(state.realms);
  for (const name of names) {
    const before = realms.get(name) ?? UNKNOWN_REALM;
    realms.set(name, { ...before, sync: { ...before.sync, lastAttempt: now, ok: false, code } });
  }
  return { ...state, realms };
}

/** Nothing is left to complain of once the realm has a secret that Entra accepts and that lasts. */
function isSettled(realm: string, report: PassReport): boolean {
  const views = report.secrets.flatMap(({ realms }) => realms);
  const view = views.find((one) => one.realm === realm);
  return view?.proof?.kind === "accepted" && (view.renewAt ?? 0) > report.endedAt;
}

/**
 * The state after a rotation that went on beside the passes.
 *
 * @param names the realms of its app
 */
export function afterRotation(
  state: HealthState,
  outcome: RotationOutcome,
  names: readonly string[],
  now: number,
): HealthState {
  const realms = new Map(state.realms);
  for (const name of names) {
    const before = realms.get(name) ?? UNKNOWN_REALM;
    const own = outcome.findings.filter(({ realm }) => realm === undefined || realm === name);
    realms.set(name, { ...before, rotation: countsOf(own) });
  }
  for (const name of outcome.written) {
    const before = realms.get(name) ?? UNKNOWN_REALM;
    realms.set(name, {
      ...before,
      secret: {
        // The next pass says when the new one is due.
        ...withoutDue(before.secret),
        accepted: outcome.ok ? true : (before.secret.accepted ?? false),
        lastProof: now,
        lastRotation: now,
        ...(outcome.ends === undefined ? {} : { expires: outcome.ends }),
      },
    });
  }
  return { ...state, realms };
}

/** @param ends when the agent's own credential ends, ms since 1970; undefined: that is not known */
export function withCredential(state: HealthState, ends: number | undefined): HealthState {
  const copy: { -readonly [K in keyof HealthState]: HealthState[K] } = { ...state };
  delete copy.credentialEnds;
  return ends === undefined ? copy : { ...copy, credentialEnds: ends };
}

function secretAfter(before: SecretHealth, realm: string, report: PassReport): SecretHealth {
  const view = report.secrets.flatMap(({ realms }) => realms).find((one) => one.realm === realm);
  if (view === undefined) return before;
  const { proof, hint, ends, renewAt } = view;
  return {
    ...withoutDue(before),
    ...(renewAt === undefined ? {} : { renewAt }),
    ...(hint === undefined ? {} : { hint }),
    ...(ends === undefined ? {} : { expires: ends }),
    ...(proof === undefined || proof.kind === "unclear"
      ? {}
      : { accepted: proof.kind === "accepted", lastProof: proof.at }),
  };
}

function numbersOf(plan: Plan | undefined, realm: string): Partial<RealmHealth["sync"]> {
  if (plan === undefined) return {};
  const of = (rows: readonly { readonly realm: string }[]): number =>
    rows.filter((row) => row.realm === realm).length;
  const held = countHeld(plan.holds, realm);
  return {
    held: held.changes,
    heldPeople: held.people,
    skipped: of(plan.skipped),
    kept: of(plan.kept),
    unmanaged: of(plan.unmanaged),
    groupMembers: plan.members.get(realm) ?? new Map<string, number>(),
  };
}

function codeOf(code: ErrorCode | undefined): { code?: ErrorCode } {
  return code === undefined ? {} : { code };
}

function withoutDue(secret: SecretHealth): SecretHealth {
  const copy: { -readonly [K in keyof SecretHealth]: SecretHealth[K] } = { ...secret };
  delete copy.renewAt;
  return copy;
}

function withoutCode(sync: SyncHealth): SyncHealth {
  const copy: { -readonly [K in keyof SyncHealth]: SyncHealth[K] } = { ...sync };
  delete copy.code;
  return copy;
}

function countsOf(findings: readonly Finding[]): FindingCounts {
  const counts = new Map<ErrorCode, number>();
  for (const { code } of findings) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts;
}
