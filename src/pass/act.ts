/** Act: one write after the other, in the order that never gives more than before and after. */
import { changeKey } from "../decide/plan.js";
import type { Action, Change, Write } from "../decide/plan.js";
import type { OwnSide, Question, QuestionKey, UserId } from "../decide/facts.js";
import { questionKey } from "../decide/facts.js";
import type { Sequencer } from "../decide/order.js";
import { AgentError, asAgentError } from "../errors.js";
import type { ErrorCode, Finding } from "../errors.js";
import type { Journal, PassId, Seen } from "../journal/types.js";
import type { AccessPort, DirectoryPort } from "../ports.js";
import type { LeaseCheck } from "./rotate-tools.js";
import { stillTrue } from "./confirm.js";
import { freshened } from "./fresh.js";

/** After these nothing else can be relied on: the pass stops writing and observes again. */
const STOPS: readonly ErrorCode[] = [
  "PVE_OUTCOME_UNKNOWN",
  "PVE_UNAUTHORIZED",
  "PVE_NO_QUORUM",
  "PVE_UNREACHABLE",
  "PVE_CERTIFICATE",
  "JOURNAL_UNWRITABLE",
  "STOPPING",
];
/** Each wait for PVE's lock costs ten seconds: so many in a row, and the lock is somebody's. */
const LOCK_PATIENCE = 3;

export interface ActTools {
  readonly access: AccessPort;
  readonly directory: DirectoryPort;
  readonly journal: Journal;
  readonly lease: LeaseCheck;
  /** Called after each write that PVE did. */
  readonly done: (action: Action) => void;
}

export interface Acted {
  readonly done: readonly Action[];
  readonly findings: readonly Finding[];
  /** What stopped the writing before its end; absent: nothing did. */
  readonly stopped?: Finding;
}

/**
 * Carries out what the sequencer gives until it gives nothing more. A refusal skips that one
 * write; what does not depend on it still happens. Throws only what the journal throws before a
 * write is sent.
 *
 * @param seen what was observed; `done` is to bring it up to date with each write
 */
export async function act(
  sequencer: Sequencer,
  seen: Seen,
  pass: PassId,
  tools: ActTools,
  signal: AbortSignal,
): Promise<Acted> {
  const done: Action[] = [];
  const findings: Finding[] = [];
  const progress: Progress = { seen };
  let locked = 0;
  for (let action = sequencer.next(); action !== undefined; action = sequencer.next()) {
    if (signal.aborted) return { done, findings, stopped: stopping() };
    const lease = await tools.lease.check(signal);
    if (!lease.mayWrite) return { done, findings, stopped: lease.finding };
    const failure = await perform(action, progress, pass, tools, signal);
    if (failure === undefined) {
      locked = 0;
      sequencer.done(action);
      done.push(action);
      tools.done(action);
      continue;
    }
    if (failure.code === "PVE_REFUSED" && sequencer.divided(action)) continue;
    if (failure instanceof Doubt && sequencer.doubted(action, failure.changes)) continue;
    findings.push(findingOf(action, failure));
    locked = failure.code === "PVE_LOCKED" ? locked + 1 : 0;
    if (STOPS.includes(failure.code) || locked >= LOCK_PATIENCE) {
      return { done, findings, stopped: findingOf(action, failure) };
    }
    sequencer.refused(action);
  }
  return { done, findings };
}

/** What the writes of one pass have to know of each other. */
interface Progress {
  readonly seen: Seen;
  /** Why Entra could not be asked again. */
  silence?: AgentError;
}

/** One action, journaled before and after. Gives back why PVE did not do it. */
async function perform(
  action: Action,
  progress: Progress,
  pass: PassId,
  tools: ActTools,
  signal: AbortSignal,
): Promise<AgentError | undefined> {
  const { seen } = progress;
  const unconfirmed = await unconfirmedChange(action, progress, tools, signal);
  if (unconfirmed !== undefined) return unconfirmed;
  const ids = tools.journal.intend(pass, action, seen);
  const failure = await send(action.write, seen, tools, signal);
  if (failure === undefined) {
    tools.journal.settle(ids, "done");
    for (const change of action.changes) {
      if (change.approved === true) tools.journal.useApproval(changeKey(change));
    }
    return undefined;
  }
  const outcome = failure.code === "PVE_OUTCOME_UNKNOWN" ? "unknown" : "refused";
  tools.journal.settle(ids, outcome, { code: failure.code, message: failure.message });
  return failure;
}

/** An approval is a day old at most, and a day is long: each change is asked again. */
async function unconfirmedChange(
  action: Action,
  progress: Progress,
  tools: ActTools,
  signal: AbortSignal,
): Promise<AgentError | undefined> {
  const approved = action.changes.filter((change) => change.approved === true);
  const questions = merged(approved.flatMap(({ confirm }) => confirm ?? []));
  if (questions.length === 0) return undefined;
  const answers = progress.silence ?? (await askAgain(questions, progress, tools, signal));
  if (answers instanceof AgentError) return answers;
  const doubtful = approved.filter(
    (change) =>
      change.confirm !== undefined &&
      !stillTrue(change, answers.get(questionKey(change.confirm.who))),
  );
  return doubtful.length === 0 ? undefined : new Doubt(doubtful);
}

/** Approved, and no longer true: the changes that Entra's answer of this moment does not bear. */
class Doubt extends AgentError {
  readonly changes: readonly Change[];

  constructor(changes: readonly Change[]) {
    super("SYNC_DISAGREES", "approved, but Entra no longer confirms it");
    this.changes = changes;
  }
}

/**
 * Silence confirms nothing, and must not hide what this pass has done already. It is heard once:
 * what concerns Entra as a whole keeps each further question waiting just as long.
 */
async function askAgain(
  questions: readonly Question[],
  progress: Progress,
  { directory }: ActTools,
  signal: AbortSignal,
): Promise<ReadonlyMap<QuestionKey, OwnSide> | AgentError> {
  try {
    return await directory.ask(questions, signal);
  } catch (thrown) {
    if (signal.aborted) return new AgentError("STOPPING", stopping().message);
    progress.silence = asAgentError(thrown);
    return progress.silence;
  }
}

/** Each person once, with all groups that any of the changes rests on. */
function merged(questions: readonly Question[]): readonly Question[] {
  const byPerson = new Map<QuestionKey, Question>();
  for (const { who, groups } of questions) {
    const known = byPerson.get(questionKey(who))?.groups ?? [];
    byPerson.set(questionKey(who), { who, groups: [...new Set([...known, ...groups])] });
  }
  return [...byPerson.values()];
}

async function send(
  write: Write,
  seen: Seen,
  { access }: ActTools,
  signal: AbortSignal,
): Promise<AgentError | undefined> {
  try {
    const fresh = await freshened(write, seen, access, signal);
    await access.write(fresh.write, fresh.groups, signal);
    return undefined;
  } catch (thrown) {
    // A request cut off by our own stopping may still have reached PVE.
    if (signal.aborted && !(thrown instanceof AgentError)) {
      return new AgentError("PVE_OUTCOME_UNKNOWN", "stopped while the write was under way");
    }
    return asAgentError(thrown);
  }
}

function findingOf(action: Action, failure: AgentError): Finding {
  const subject = subjectOf(action.write);
  return {
    code: failure.code,
    message: `${action.write.kind} ${subject}: ${failure.message}`,
    realm: action.realm,
    subject,
  };
}

function subjectOf(write: Write): UserId | string {
  if ("userid" in write) return write.userid;
  return "group" in write ? write.group : `${write.path} ${write.role}`;
}

function stopping(): Finding {
  return { code: "STOPPING", message: "stopped before the plan was done" };
}
