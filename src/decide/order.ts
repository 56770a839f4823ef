/**
 * The order of a plan's writes (P3): after each of them nobody holds a privilege on a path that
 * neither the state as read nor the full desired state gives. Held changes belong to the desired
 * state, but are not done; what would exceed the bounds without them waits, and so does what
 * would exceed them without a write that was refused.
 *
 * Where no order of single writes is safe, a move becomes leaving and joining, an ACL entry of
 * several groups becomes several, or the people concerned are disabled for the moment, in that
 * order, one at a time; what is left then waits (SYNC_NO_SAFE_ORDER).
 */
import type { Finding } from "../errors.js";
import type { Access, UserId } from "./facts.js";
import { findMoments, type Moment, type MomentRules } from "./order-moment.js";
import { byPreference, isMomentEnd } from "./order-rank.js";
import { Run } from "./order-run.js";
import { entangled, longestOrder } from "./order-search.js";
import { splitApart, splitCertain } from "./order-split.js";
import { splitStep } from "./order-step.js";
import { unordered, waitingFor } from "./order-words.js";
import type { Action, Change, Waiting } from "./plan.js";
import { Safety } from "./safety.js";
import { newState, stateOf, type Undo } from "./simulation.js";
import { universe } from "./universe.js";

export interface OrderInput extends MomentRules {
  /** As read, before the first of the actions. */
  readonly access: Access;
  /** What may be done: whole actions as decided, not the halves that an earlier order made. */
  readonly actions: readonly Action[];
  /** What is desired, but not to be done now. */
  readonly held: readonly Action[];
}

/** Gives out one action after the other, each safe in the state that the ones before have left. */
export interface Sequencer {
  /** The next write, or nothing more. The same again until it is told what became of it. */
  next(): Action | undefined;
  /** PVE did it. */
  done(action: Action): void;
  /** PVE did not do it, for certain. After an unknown outcome, observe and begin anew. */
  refused(action: Action): void;
  /**
   * PVE did not do it as one write: its parts come one by one, each as soon as it is safe, for one
   * of them may be all that stands in the way. False: it is one already, and `refused` is still to
   * be told.
   */
  divided(action: Action): boolean;
  /**
   * Entra no longer confirms one of its changes: the leaving that is certain comes by itself, the
   * rest of the write after it. False as for `divided`.
   */
  doubted(action: Action, doubtful: readonly Change[]): boolean;
  /** What is left, and what each waits for; complete once `next` has nothing more. */
  waiting(): Waiting[];
  /** SYNC_NO_SAFE_ORDER for each that waits for nothing that is held or was refused. */
  findings(): Finding[];
}

export function createSequencer(input: OrderInput): Sequencer {
  return new LiveSequencer(input);
}

/** The whole order if every write succeeds. */
export function orderActions(input: OrderInput): {
  ordered: Action[];
  waiting: Waiting[];
  findings: Finding[];
} {
  const sequencer = createSequencer(input);
  const ordered: Action[] = [];
  for (let action = sequencer.next(); action !== undefined; action = sequencer.next()) {
    ordered.push(action);
    sequencer.done(action);
  }
  return { ordered, waiting: sequencer.waiting(), findings: sequencer.findings() };
}

class LiveSequencer implements Sequencer {
  readonly #input: OrderInput;
  readonly #run: Run;
  readonly #refused: Action[] = [];
  /** Beginnings of moments that come next. */
  #begins: Moment[] = [];
  /** The comments that people in a moment get back. */
  readonly #comments = new Map<UserId, string>();
  readonly #barred = new Set<UserId>();
  #current: Action | undefined;

  constructor(input: OrderInput) {
    this.#input = input;
    const wanted = [...input.actions, ...input.held];
    const safety = safetyOf(input.access, wanted);
    const actions = byPreference(input.actions);
    this.#run = new Run(safety, actions, scriptOf(input, safety, actions));
  }

  next(): Action | undefined {
    this.#current ??= this.#choose();
    return this.#current;
  }

  done(action: Action): void {
    this.#current = undefined;
    this.#run.remove(action.id);
    this.#run.perform(action.write);
    if (isMomentEnd(action) && "userid" in action.write) this.#comments.delete(action.write.userid);
    const moment = this.#begins[0];
    if (moment?.begin.id !== action.id) return;
    this.#begins.shift();
    this.#comments.set(moment.userid, moment.comment);
    this.#run.add(moment.end, -1);
  }

  refused(action: Action): void {
    this.#current = undefined;
    this.#refused.push(action);
    this.#run.remove(action.id);
    this.#run.wake(action.write);
    if (this.#begins[0]?.begin.id === action.id) this.#bar();
  }

  divided(action: Action): boolean {
    return this.#divide(action, splitApart);
  }

  doubted(action: Action, doubtful: readonly Change[]): boolean {
    return this.#divide(action, (planned) => splitCertain(planned, doubtful));
  }

  #divide(action: Action, split: (action: Action) => readonly Action[]): boolean {
    // As planned: what a moment has added to it is no part of it.
    const planned = this.#run.action(action.id);
    const parts = planned === undefined ? [] : split(planned);
    if (parts.length === 0) return false;
    this.#current = undefined;
    if (this.#begins[0]?.begin.id === action.id) this.#bar();
    const position = this.#run.position(action.id);
    this.#run.remove(action.id);
    for (const part of parts) this.#run.add(part, position);
    return true;
  }

  /** Moments that could not begin are not tried again. */
  #bar(): void {
    for (const moment of this.#begins) this.#barred.add(moment.userid);
    this.#begins = [];
  }

  waiting(): Waiting[] {
    return waitingFor({ run: this.#run, held: this.#input.held, refused: this.#refused });
  }

  findings(): Finding[] {
    return unordered({ run: this.#run, held: this.#input.held, refused: this.#refused });
  }

  #choose(): Action | undefined {
    for (;;) {
      const begin = this.#begins[0]?.begin;
      if (begin !== undefined) return begin;
      const action = this.#run.next();
      if (action !== undefined) return this.#inMoment(action);
      if (splitStep(this.#run)) continue;
      const moments = findMoments(this.#run, this.#input, this.#barred);
      if (moments === undefined || moments.length === 0) {
        const whole = this.#input.held.length + this.#refused.length === 0;
        if (whole && this.#run.freeSwaps()) continue;
        return undefined;
      }
      this.#begins = moments;
    }
  }

  /** A comment that is written during a moment carries its mark; the end writes it without. */
  #inMoment(action: Action): Action {
    const { write } = action;
    if (write.kind !== "update-user") return action;
    const plain = this.#comments.get(write.userid);
    if (plain === undefined) return action;
    const { comment, ...others } = write.fields;
    if (write.fields.enable === true) {
      return { ...action, write: { ...write, fields: { ...others, comment: plain } } };
    }
    if (comment === undefined) return action;
    this.#comments.set(write.userid, comment);
    const marked = this.#input.momentComment(comment);
    const fields = marked === undefined ? others : { ...others, comment: marked };
    return { ...action, write: { ...write, fields } };
  }
}

function safetyOf(access: Access, wanted: readonly Action[]): Safety {
  const entries = access.acl.filter((entry) => entry.type !== "token");
  const written = wanted.map((action) => action.write).filter((write) => write.kind === "acl");
  const all = universe([...entries, ...written]);
  const state = stateOf(access);
  for (const { write } of wanted) if (write.kind === "update-group") state.toAdopt.add(write.group);
  return new Safety(state, stateOf(access), newState(access, wanted), all);
}

/** The plan is ordered once to be shown and once more to be done, from the same input. */
const SCRIPTS = new WeakMap<OrderInput, readonly string[]>();

function scriptOf(
  input: OrderInput,
  safety: Safety,
  actions: readonly Action[],
): readonly string[] {
  const script = SCRIPTS.get(input) ?? scriptFor(safety, actions);
  SCRIPTS.set(input, script);
  return script;
}

/** An order that goes further than the preference alone, where that gets stuck. */
function scriptFor(safety: Safety, actions: readonly Action[]): string[] {
  const plain = new Run(safety, actions);
  const reached = goThrough(plain);
  const stuck = plain.remaining();
  if (!stuck.some((action) => plain.block(action.id)?.kind === "excess")) {
    return rewind(reached, []);
  }
  const candidates = entangled(plain, actions);
  rewind(reached, []);
  const script = longestOrder(safety, candidates);
  const scripted = goThrough(new Run(safety, actions, script));
  return rewind(scripted, scripted.length > reached.length ? script : []);
}

/** Does all that single writes allow. */
function goThrough(run: Run): Undo[] {
  const undos: Undo[] = [];
  for (let action = run.next(); action !== undefined; action = run.next()) {
    run.remove(action.id);
    undos.push(run.perform(action.write));
  }
  return undos;
}

function rewind<T>(undos: readonly Undo[], result: T): T {
  for (const undo of [...undos].reverse()) undo();
  return result;
}
