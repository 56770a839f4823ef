/**
 * Disabling people for the moment (P3): who holds nothing cannot hold too much. The last resort,
 * for two writes a person; where a write of theirs is waiting anyhow, it carries the first one.
 */
import type { UserId } from "./facts.js";
import type { Run } from "./order-run.js";
import { splitStep } from "./order-step.js";
import type { Action, UserFields } from "./plan.js";
import { apply, obstacle, type StateUser, type Undo } from "./simulation.js";

/** Whom the order may disable for the moment, and how the comment says so. */
export interface MomentRules {
  /** Only people whom we manage; never the agent's own user or a fallback. */
  readonly mayDisable: (userid: UserId) => boolean;
  /** The comment with the mark of the moment; undefined: it has no room for it. */
  readonly momentComment: (comment: string) => string | undefined;
}

/** Somebody's moment: the write that begins it, and the comment that ends it. */
export interface Moment {
  readonly userid: UserId;
  readonly begin: Action;
  readonly comment: string;
  readonly end: Action;
}

/** So many blocked actions are looked at, and so many people at once, before all are left to wait. */
const MOST_CANDIDATES = 20;
const MOST_PEOPLE = 200;

/**
 * The cheapest set of people whose moments set a stuck run going again, and end within it: shown
 * by doing all of it and undoing it again. Undefined: there is none.
 */
export function findMoments(
  run: Run,
  rules: MomentRules,
  barred: ReadonlySet<UserId>,
): Moment[] | undefined {
  const candidates = candidatesOf(run, rules, barred);
  return candidates.find((moments) => endsWell(run, moments));
}

function candidatesOf(run: Run, rules: MomentRules, barred: ReadonlySet<UserId>): Moment[][] {
  const stuck = run.remaining().filter((action) => run.block(action.id)?.kind === "excess");
  const found: Moment[][] = [];
  for (const action of stuck.slice(0, MOST_CANDIDATES)) {
    const people = run.safety.violators(action.write);
    if (people.length > MOST_PEOPLE || people.some((userid) => barred.has(userid))) continue;
    const moments = people.map((userid) => momentOf(run, rules, userid));
    const all = moments.filter((moment) => moment !== undefined);
    if (all.length === moments.length) found.push(all);
  }
  found.sort((a, b) => writesOf(run, a) - writesOf(run, b));
  if (found.length > 1) {
    const everybody = new Map(found.flat().map((moment) => [moment.userid, moment]));
    if (everybody.size <= MOST_PEOPLE) found.push([...everybody.values()]);
  }
  return found;
}

/** A begin that an action of the plan carries costs nothing extra. */
function writesOf(run: Run, moments: readonly Moment[]): number {
  const carried = moments.filter((moment) => run.block(moment.begin.id) !== undefined).length;
  return 2 * moments.length - carried;
}

function momentOf(run: Run, rules: MomentRules, userid: UserId): Moment | undefined {
  const user = run.safety.state.users.get(userid);
  // Who is not enabled now is in nobody's way, and who is not to be enabled after is no case of it.
  if (user?.enabled !== true || run.safety.desired(userid)?.enabled !== true) return undefined;
  if (!rules.mayDisable(userid)) return undefined;
  const carrier = carrierOf(run, userid);
  const planned = carrier === undefined ? undefined : fieldsOf(carrier);
  const comment = planned?.comment ?? user.comment;
  const marked = rules.momentComment(comment);
  if (marked === undefined) return undefined;
  const off: UserFields = { enable: false, comment: marked };
  const begin =
    carrier === undefined
      ? momentAction(user, "begin", off)
      : { ...carrier, moment: true, write: withFields(carrier, off) };
  return { userid, begin, comment, end: momentAction(user, "end", { enable: true, comment }) };
}

/** A write of the plan that can carry the beginning of this person's moment. */
function carrierOf(run: Run, userid: UserId): Action | undefined {
  return run.remaining().find(({ write, moment }) => {
    if (moment === true || !("userid" in write) || write.userid !== userid) return false;
    return write.kind === "update-user" && obstacle(run.safety.state, write) === undefined;
  });
}

function fieldsOf(action: Action): UserFields {
  return "fields" in action.write ? action.write.fields : {};
}

function withFields(action: Action, fields: UserFields): Action["write"] {
  const { write } = action;
  return "fields" in write ? { ...write, fields: { ...write.fields, ...fields } } : write;
}

function momentAction(user: StateUser, which: "begin" | "end", fields: UserFields): Action {
  const { userid, realm } = user;
  const reason =
    which === "begin"
      ? `${userid} is disabled for the moment: no order of single writes keeps their rights ` +
        "within those before and after"
      : `${userid} is enabled again: the moment is over`;
  return {
    id: `moment/${userid}/${which}`,
    realm,
    write: { kind: "update-user", userid, fields, join: [], leave: [] },
    changes: [{ kind: "update-user", realm, userid, fields, reason }],
    moment: true,
  };
}

function endsWell(run: Run, moments: readonly Moment[]): boolean {
  const begins = new Set(moments.map((moment) => moment.begin.id));
  const ends = moments.map((moment) => moment.end);
  const others = run.remaining().filter((action) => !begins.has(action.id));
  const undos: Undo[] = moments.map(({ begin }) => apply(run.safety.state, begin.write));
  const trial = run.fork([...ends, ...others]);
  const stuckBefore = others.length;
  for (;;) {
    const action = trial.next();
    if (action === undefined) {
      if (splitStep(trial)) continue;
      break;
    }
    trial.remove(action.id);
    undos.push(trial.perform(action.write));
  }
  const left = trial.remaining();
  for (const undo of undos.reverse()) undo();
  const ended = !left.some((action) => ends.some((end) => end.id === action.id));
  const carried = moments.some((moment) => run.block(moment.begin.id) !== undefined);
  return ended && (carried || left.length < stuckBefore);
}
