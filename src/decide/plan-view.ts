/** A plan as plain JSON: `plan --json` and the control socket. docs/json.md describes it. */
import type { Action, Change, Plan } from "./plan.js";
import { describe } from "./render.js";
import type { RotationDecision } from "./rotation-facts.js";
import { isoInstant } from "./text.js";

/** Grows by new properties only; a change of meaning takes a new number. */
export const PLAN_VIEW_VERSION = 1;

export interface ChangeView {
  readonly kind: Change["kind"];
  readonly realm: string;
  readonly user: string | null;
  readonly group: string | null;
  readonly path: string | null;
  readonly role: string | null;
  readonly propagate: boolean | null;
  /** Names of the fields that are written; never their values. */
  readonly fields: readonly string[];
  readonly person: string | null;
  readonly person_name: string | null;
  readonly entra_groups: readonly string[];
  readonly reason: string;
  readonly text: string;
}

export interface PlanView {
  readonly version: typeof PLAN_VIEW_VERSION;
  readonly writes: readonly { readonly moment: boolean; readonly changes: readonly ChangeView[] }[];
  readonly held: readonly (ChangeView & { readonly because: string })[];
  readonly approval_id: string | null;
  readonly waiting: readonly { readonly changes: readonly ChangeView[]; readonly for: string }[];
  readonly rights: readonly {
    readonly user: string;
    readonly lost: Readonly<Record<string, readonly string[]>>;
    readonly gained: Readonly<Record<string, readonly string[]>>;
  }[];
  readonly guard: Plan["guard"];
  readonly kept: Plan["kept"];
  readonly skipped: Plan["skipped"];
  readonly unmanaged: Plan["unmanaged"];
  readonly untouched: readonly string[];
  readonly waking_tokens: readonly string[];
  readonly findings: Plan["findings"];
  readonly user_database: Plan["database"];
  readonly secrets: readonly {
    readonly client_id: string;
    readonly rotate: string | null;
    readonly remove: readonly { readonly key_id: string; readonly reason: string }[];
    readonly next_rotation: string | null;
    readonly realms: readonly {
      readonly realm: string;
      readonly hint: string | null;
      readonly state: "accepted" | "refused" | "unclear" | "unknown";
      readonly ends: string | null;
      readonly renew_at: string | null;
    }[];
    readonly findings: Plan["findings"];
  }[];
}

export function planView(plan: Plan, secrets: readonly RotationDecision[]): PlanView {
  return {
    version: PLAN_VIEW_VERSION,
    writes: plan.actions.map((action) => ({ moment: action.moment === true, changes: of(action) })),
    held: plan.holds.map(({ change, because }) => ({ ...changeView(change), because })),
    approval_id: plan.approvalId ?? null,
    waiting: plan.waiting.map(({ action, waitsFor }) => ({ changes: of(action), for: waitsFor })),
    rights: plan.rights.map(({ userid, lost, gained }) => ({
      user: userid,
      lost: Object.fromEntries(lost),
      gained: Object.fromEntries(gained),
    })),
    guard: plan.guard,
    kept: plan.kept,
    skipped: plan.skipped,
    unmanaged: plan.unmanaged,
    untouched: plan.untouched,
    waking_tokens: plan.wakingTokens,
    findings: plan.findings,
    user_database: plan.database,
    secrets: secrets.map(secretView),
  };
}

function of(action: Action): readonly ChangeView[] {
  return action.changes.map(changeView);
}

function changeView(change: Change): ChangeView {
  const entry = "path" in change ? change : undefined;
  return {
    kind: change.kind,
    realm: change.realm,
    user: "userid" in change ? change.userid : null,
    group: "group" in change ? change.group : null,
    path: entry?.path ?? null,
    role: entry?.role ?? null,
    propagate: entry?.propagate ?? null,
    fields: "fields" in change ? Object.keys(change.fields) : [],
    person: change.person ?? null,
    person_name: change.personName ?? null,
    entra_groups: change.entraGroups ?? [],
    reason: change.reason,
    text: describe(change),
  };
}

function secretView(decision: RotationDecision): PlanView["secrets"][number] {
  return {
    client_id: decision.clientId,
    rotate: decision.rotate?.reason ?? null,
    remove: decision.remove.map(({ keyId, reason }) => ({ key_id: keyId, reason })),
    next_rotation: iso(decision.nextRotationAt),
    realms: decision.realms.map(({ realm, hint, proof, ends, renewAt }) => ({
      realm,
      hint: hint ?? null,
      state: proof?.kind ?? "unknown",
      ends: iso(ends),
      renew_at: iso(renewAt),
    })),
    findings: decision.findings,
  };
}

function iso(at: number | undefined): string | null {
  return at === undefined ? null : isoInstant(at);
}
