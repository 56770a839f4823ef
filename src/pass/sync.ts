/** The part of a pass that is about people, groups and entries: observe, decide, act. */
import { createHash } from "node:crypto";
import type { Config, RealmConfig } from "../config/types.js";
import { decide } from "../decide/decide.js";
import type { SyncFacts } from "../decide/decide.js";
import { toApprove } from "../decide/guard.js";
import { changeKey } from "../decide/plan.js";
import type { Action, Plan } from "../decide/plan.js";
import { describe } from "../decide/render.js";
import { asAgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { PassId } from "../journal/types.js";
import { act } from "./act.js";
import type { ActTools } from "./act.js";
import { observe } from "./observe.js";
import type { Observed } from "./observe.js";
import { SeenSince } from "./seen.js";

/** After an unknown outcome both sides are observed again, this often at most in one pass. */
const ROUNDS = 3;

export interface SyncOutcome {
  /** What the first look decided; of further rounds only what they did is told. */
  readonly plan: Plan;
  readonly done: readonly Action[];
  readonly findings: readonly Finding[];
  readonly stopped?: Finding;
}

/** Held changes that somebody lets through, and who. */
export interface Approve {
  readonly id: string;
  readonly by: string;
}

export interface SyncTools extends ActTools {
  readonly config: Config;
  readonly realms: readonly RealmConfig[];
  readonly approve?: Approve;
  /** Entra's time in milliseconds since 1970, or this machine's until it is known. */
  readonly now: () => number;
  /** Told once the plan is made, before anything is written. */
  readonly planned: (plan: Plan) => void;
}

/**
 * @param pass the journal's pass; absent: nothing is journaled and nothing written (`plan`)
 * @param first what was observed already
 */
export async function syncRealms(
  first: Observed,
  pass: PassId | undefined,
  mayWrite: boolean,
  tools: SyncTools,
  signal: AbortSignal,
): Promise<SyncOutcome> {
  let facts = approved(first.facts, tools);
  const done: Action[] = [];
  const findings: Finding[] = [];
  let unsaid = first.findings;
  let plan: Plan | undefined;
  for (let round = 1; ; round += 1) {
    const decision = decide(facts, sha256);
    if (plan === undefined) tools.planned(decision.plan);
    plan ??= decision.plan;
    findings.push(...notAmong(decision.plan.findings, unsaid));
    if (pass === undefined) return { plan, done, findings };
    remember(facts, decision.plan, pass, tools);
    if (!mayWrite) return { plan, done, findings };
    const seen = new SeenSince(facts.access);
    const noted = (action: Action): void => {
      seen.note(action.write);
      tools.done(action);
    };
    const acted = await act(decision.sequencer(), seen, pass, { ...tools, done: noted }, signal);
    done.push(...acted.done);
    const { stopped } = acted;
    const lookAgain = stopped?.code === "PVE_OUTCOME_UNKNOWN" && round < ROUNDS && !signal.aborted;
    if (!lookAgain) {
      findings.push(...acted.findings);
      return { plan, done, findings, ...(stopped === undefined ? {} : { stopped }) };
    }
    let next: Observed;
    try {
      next = await again(tools, signal);
    } catch (thrown) {
      // What was done is told all the same, and that the last write's outcome stays unknown.
      const { code, message } = asAgentError(thrown);
      return { plan, done, findings: [...findings, ...acted.findings, { code, message }], stopped };
    }
    // What PVE refused is told; whether the unknown happened is what the next look finds out.
    findings.push(...acted.findings.filter(({ code }) => code !== "PVE_OUTCOME_UNKNOWN"));
    ({ facts, findings: unsaid } = next);
  }
}

/** What a plan says of somebody need not be said once more of nobody. */
function notAmong(said: readonly Finding[], more: readonly Finding[]): readonly Finding[] {
  return more.filter(({ message }) => !said.some((one) => one.message === message));
}

/**
 * Takes an approval down before anything is decided. A set that no pass has noted can be the one
 * that these very facts hold: `plan` writes nothing. Throws APPROVAL_UNKNOWN otherwise.
 */
function approved(facts: SyncFacts, { approve, journal }: SyncTools): SyncFacts {
  if (approve === undefined) return facts;
  const { plan } = decide(facts, sha256);
  if (plan.approvalId === approve.id) noteHolds(plan, facts.time.now, journal);
  journal.approve(approve.id, approve.by, facts.time.now);
  return { ...facts, history: journal.history(facts.time.now) };
}

function again(tools: SyncTools, signal: AbortSignal): Promise<Observed> {
  const history = (now: number): SyncFacts["history"] => tools.journal.history(now);
  return observe(tools.config, tools.realms, tools, history, signal);
}

/** What the next pass has to know of this one, whether or not anything is written. */
function remember(facts: SyncFacts, plan: Plan, pass: PassId, { journal }: SyncTools): void {
  journal.noteAbsent(plan.heard.absent, pass);
  journal.noteLeavers(plan.heard.leavers);
  journal.noteEnabled(plan.heard.enabledAgain);
  // Whom this pass did not miss again has to be missed twice anew: two 404s a month apart are none.
  const heard = new Set(plan.heard.absent);
  const silent = [...facts.directory.answers].filter(([, own]) => own.kind === "unknown");
  for (const [key] of silent) heard.add(key);
  journal.forgetAbsent([...facts.history.absentBefore].filter((key) => !heard.has(key)));
  noteHolds(plan, facts.time.now, journal);
}

function noteHolds(plan: Plan, now: number, journal: ActTools["journal"]): void {
  if (plan.approvalId === undefined) return;
  const held = toApprove(plan.holds).map((change) => ({
    key: changeKey(change),
    summary: describe(change),
  }));
  journal.noteHolds(plan.approvalId, held, now);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
