/**
 * One way through a pool of actions: the first safe one by preference, again and again. What was
 * not safe is tried again only after a write that can have changed the answer, so that a plan
 * without conflicts costs one trial an action.
 */
import type { AclPath, GroupId, UserId } from "./facts.js";
import { isMomentEnd, Heap } from "./order-rank.js";
import type { Action, Write } from "./plan.js";
import type { Excess, Safety } from "./safety.js";
import { apply, obstacle, type Obstacle, type Undo } from "./simulation.js";

/** Why an action cannot be done now. */
export type Block =
  | { readonly kind: "impossible"; readonly obstacle: Obstacle }
  | { readonly kind: "excess"; readonly excess: Excess }
  /** Part of a role swap: what replaces it is still to come. */
  | { readonly kind: "swap"; readonly path: AclPath; readonly groups: readonly GroupId[] }
  /** The end of a moment: something that is still to come concerns the person. */
  | { readonly kind: "early"; readonly userid: UserId };

interface Entry {
  readonly action: Action;
  readonly position: number;
}

export class Run {
  readonly safety: Safety;
  readonly #ready = new Heap<string>();
  readonly #entries = new Map<string, Entry>();
  readonly #blocked = new Map<string, Block>();
  readonly #waiters = new Map<string, Set<string>>();
  #script: readonly string[];
  readonly #scripted: Set<string>;
  #swapsInOrder = true;

  /**
   * @param actions in the order of preference
   * @param script ids of actions that are to be done first, in just this order, as far as it is
   *   safe; it is given up for the preference where it is not.
   */
  constructor(safety: Safety, actions: readonly Action[], script: readonly string[] = []) {
    this.safety = safety;
    this.#script = script;
    this.#scripted = new Set(script);
    actions.forEach((action, position) => this.add(action, position));
  }

  /** Another run over other actions from the same state. */
  fork(actions: readonly Action[]): Run {
    return new Run(this.safety, actions);
  }

  /** A safe action, or none. It stays in the pool until it is taken out. */
  next(): Action | undefined {
    for (;;) {
      const scripted = this.#nextOfScript();
      if (scripted !== undefined) return scripted;
      const id = this.#ready.pop();
      if (id === undefined) {
        if (this.#script.length > 0) this.#giveUpScript();
        else return this.#lateMomentEnd();
        continue;
      }
      const entry = this.#entries.get(id);
      if (entry === undefined || this.#blocked.has(id)) continue;
      const block = this.#blockOf(entry.action);
      if (block === undefined) {
        this.#ready.push(id, entry.position);
        return entry.action;
      }
      this.#setBlock(id, block);
    }
  }

  add(action: Action, position: number): void {
    this.#entries.set(action.id, { action, position });
    if (!this.#scripted.has(action.id)) this.#ready.push(action.id, position);
  }

  /** Takes an action out of the pool, done or not. */
  remove(id: string): void {
    this.#entries.delete(id);
    this.#blocked.delete(id);
    this.#script = this.#script.filter((scripted) => scripted !== id);
  }

  /** Does a write on the state, and looks again at what it can have freed. */
  perform(write: Write): Undo {
    const undo = apply(this.safety.state, write);
    this.wake(write);
    return undo;
  }

  /** Looks again at everything for which it matters that this write is done or has fallen out. */
  wake(write: Write): void {
    for (const key of keysOf(write)) {
      for (const id of this.#waiters.get(key) ?? []) this.#free(id);
      this.#waiters.delete(key);
    }
    if (write.kind !== "acl" && write.kind !== "delete-group") return;
    for (const [id, block] of [...this.#blocked]) {
      const userid = concerned(block);
      if (userid === undefined) continue;
      // A deleted group has no members any more that could be asked for.
      if (write.kind === "delete-group" || this.#isOf(userid, write.groups, id)) this.#free(id);
    }
  }

  /** The action in the pool. */
  action(id: string): Action | undefined {
    return this.#entries.get(id)?.action;
  }

  position(id: string): number {
    return this.#entries.get(id)?.position ?? 0;
  }

  /** What is left, by position. */
  remaining(): Action[] {
    const entries = [...this.#entries.values()].sort((a, b) => a.position - b.position);
    return entries.map((entry) => entry.action);
  }

  block(id: string): Block | undefined {
    return this.#blocked.get(id);
  }

  #nextOfScript(): Action | undefined {
    const id = this.#script[0];
    const action = id === undefined ? undefined : this.#entries.get(id)?.action;
    if (action === undefined || this.#blockOf(action) !== undefined) return undefined;
    return action;
  }

  #giveUpScript(): void {
    for (const id of this.#script) this.#ready.push(id, this.position(id));
    this.#script = [];
    this.#scripted.clear();
  }

  #blockOf(action: Action): Block | undefined {
    const { write } = action;
    const found = obstacle(this.safety.state, write);
    if (found !== undefined) return { kind: "impossible", obstacle: found };
    const excess = this.safety.excess(write);
    if (excess !== undefined) return { kind: "excess", excess };
    const swap = this.#swapOf(write);
    if (swap !== undefined) return swap;
    return this.#isEarly(action) ? { kind: "early", userid: concernedBy(write) } : undefined;
  }

  /** A role swap adds before it deletes: who gets nothing instead keeps what there was. */
  #swapOf(write: Write): Block | undefined {
    if (!this.#swapsInOrder || write.kind !== "acl" || !write.delete) return undefined;
    const { path } = write;
    const groups = write.groups.filter((group) => this.safety.isGrantToCome(path, group));
    return groups.length === 0 ? undefined : { kind: "swap", path, groups };
  }

  /** Where nothing else helps and nothing is missing, a swap may delete first. False: it may already. */
  freeSwaps(): boolean {
    if (!this.#swapsInOrder) return false;
    this.#swapsInOrder = false;
    const waiting = [...this.#blocked].filter(([, block]) => block.kind === "swap");
    for (const [id] of waiting) this.#free(id);
    return waiting.length > 0;
  }

  /**
   * A moment ends as soon as the rights are the desired ones, or nothing that is left in this plan
   * would change them any more.
   */
  #isEarly(action: Action): boolean {
    const { write } = action;
    if (!isMomentEnd(action) || write.kind !== "update-user") return false;
    if (this.safety.state.users.get(write.userid)?.enabled === true) return true;
    if (this.safety.isDesired(write, write.userid)) return false;
    const others = [...this.#entries.values()].filter((entry) => entry.action.id !== action.id);
    return others.some((entry) => this.touches(entry.action.write, write.userid));
  }

  /** The end of a moment that is safe, though the rights are not yet the desired ones. */
  #lateMomentEnd(): Action | undefined {
    for (const [id, block] of this.#blocked) {
      const action = this.#entries.get(id)?.action;
      if (block.kind !== "early" || action === undefined) continue;
      if (this.safety.state.users.get(block.userid)?.enabled !== true) return action;
    }
    return undefined;
  }

  /** Whether the write can change this person's rights, now or once they have the desired ones. */
  touches(write: Write, userid: UserId): boolean {
    if ("userid" in write) return write.userid === userid;
    const groups = groupsOf(write);
    const user = this.safety.state.users.get(userid);
    const desired = this.safety.desired(userid);
    return groups.some((group) => user?.groups.has(group) === true || desired?.groups.has(group));
  }

  #isOf(userid: UserId, groups: readonly GroupId[], id: string): boolean {
    const user = this.safety.state.users.get(userid);
    const write = this.#entries.get(id)?.action.write;
    const joins = write === undefined ? [] : joinsOf(write);
    return groups.some((group) => user?.groups.has(group) === true || joins.includes(group));
  }

  #setBlock(id: string, block: Block): void {
    this.#blocked.set(id, block);
    const key = waitKey(block);
    const waiters = this.#waiters.get(key) ?? new Set();
    this.#waiters.set(key, waiters.add(id));
  }

  #free(id: string): void {
    if (this.#blocked.delete(id)) this.#ready.push(id, this.position(id));
  }
}

/** The groups that a write names, as members' groups or as holders of entries. */
export function groupsOf(write: Write): readonly GroupId[] {
  switch (write.kind) {
    case "create-user":
      return write.groups;
    case "update-user":
      return [...write.join, ...write.leave];
    case "delete-user":
      return [];
    case "create-group":
    case "update-group":
    case "delete-group":
      return [write.group];
    case "acl":
      return write.groups;
  }
}

/** The groups that the write brings its user into. */
export function joinsOf(write: Write): readonly GroupId[] {
  if (write.kind === "create-user") return write.groups;
  return write.kind === "update-user" ? write.join : [];
}

function keysOf(write: Write): string[] {
  if ("userid" in write) return [`user ${write.userid}`];
  return write.kind === "acl" ? [`swap ${write.path}`] : [`group ${write.group}`];
}

function waitKey(block: Block): string {
  if (block.kind === "swap") return `swap ${block.path}`;
  if (block.kind !== "impossible") return `user ${concerned(block) ?? ""}`;
  const { on } = block.obstacle;
  if (on.kind === "role") return "role";
  return on.kind === "user" ? `user ${on.userid}` : `group ${on.group}`;
}

/** The person because of whom an action is not safe. */
export function concerned(block: Block): UserId | undefined {
  if (block.kind === "excess") return block.excess.userid;
  return block.kind === "early" ? block.userid : undefined;
}

function concernedBy(write: Write): UserId {
  if (!("userid" in write)) throw new Error("only a user's write ends a moment");
  return write.userid;
}
