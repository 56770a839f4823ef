/** What `status` shows: for root and the service's user, so people are named here. */
import { describe } from "../decide/render.js";
import { ERRORS } from "../errors.js";
import type { Finding } from "../errors.js";
import { healthOf } from "../health/index.js";
import type { HealthReport, HealthState } from "../health/index.js";
import type { PassReport } from "../pass/pass.js";

/** The answer of `status --json`; docs/json.md describes it. */
export interface StatusView {
  /** False: read from the journal alone, because no daemon answered. */
  readonly running: boolean;
  readonly health: HealthReport;
  readonly approval_id: string | null;
  readonly held: readonly { readonly what: string; readonly why: string }[];
  readonly waiting: readonly { readonly what: string; readonly for: string }[];
  readonly kept: readonly { readonly realm: string; readonly user: string; readonly why: string }[];
  readonly skipped: readonly {
    readonly realm: string;
    readonly who: string;
    readonly why: string;
  }[];
  readonly findings: readonly {
    readonly code: Finding["code"];
    readonly level: "error" | "warning";
    readonly realm: string | null;
    readonly message: string;
    readonly next: string;
  }[];
}

/** @param report the last pass over people; undefined: there was none yet */
export function statusOf(
  state: HealthState,
  report: PassReport | undefined,
  findings: readonly Finding[],
  running: boolean,
): StatusView {
  const plan = report?.plan;
  return {
    running,
    health: healthOf(state).report,
    approval_id: plan?.approvalId ?? null,
    held: (plan?.holds ?? []).map(({ change, because }) => ({
      what: describe(change),
      why: because,
    })),
    waiting: (plan?.waiting ?? []).map(({ action, waitsFor }) => ({
      what: action.changes.map(describe).join("; "),
      for: waitsFor,
    })),
    kept: (plan?.kept ?? []).map(({ realm, userid, why }) => ({ realm, user: userid, why })),
    skipped: plan?.skipped ?? [],
    findings: findings.map(({ code, message, realm }) => ({
      code,
      level: ERRORS[code].level,
      realm: realm ?? null,
      message,
      next: ERRORS[code].next,
    })),
  };
}
