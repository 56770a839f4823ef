/**
 * Which of several safe writes comes first. Taking away precedes giving, so that a plan that is
 * cut short has taken away; entries precede people, so that whoever comes in has their rights at
 * once. A role swap adds before it deletes, so that nobody is without both in between.
 */
import type { Action, Write } from "./plan.js";

const RANK = {
  momentEnd: 0,
  disable: 1,
  deleteUser: 2,
  leave: 3,
  revoke: 4,
  group: 5,
  grant: 6,
  swap: 7,
  people: 8,
  deleteGroup: 9,
} as const;

/** The actions in the order in which they are tried: by rank, and as given within a rank. */
export function byPreference(actions: readonly Action[]): Action[] {
  const granted = new Set<string>();
  for (const { write } of actions) {
    if (write.kind !== "acl" || write.delete) continue;
    for (const group of write.groups) granted.add(`${write.path}\n${group}`);
  }
  const ranked = actions.map((action, n) => ({ action, n, rank: RANK[rankOf(action, granted)] }));
  return ranked.sort((a, b) => a.rank - b.rank || a.n - b.n).map(({ action }) => action);
}

/** The second write of a moment: the user is enabled again. */
export function isMomentEnd(action: Action): boolean {
  const { write } = action;
  return action.moment === true && write.kind === "update-user" && write.fields.enable === true;
}

function rankOf(action: Action, granted: ReadonlySet<string>): keyof typeof RANK {
  const { write } = action;
  switch (write.kind) {
    case "delete-user":
      return "deleteUser";
    case "update-user":
      if (isMomentEnd(action)) return "momentEnd";
      if (write.fields.enable === false) return "disable";
      return write.leave.length > 0 ? "leave" : "people";
    case "create-user":
      return "people";
    case "create-group":
    case "update-group":
      return "group";
    case "delete-group":
      return "deleteGroup";
    case "acl":
      if (!write.delete) return "grant";
      return isSwap(write, granted) ? "swap" : "revoke";
  }
}

function isSwap(write: Write & { kind: "acl" }, granted: ReadonlySet<string>): boolean {
  return write.groups.some((group) => granted.has(`${write.path}\n${group}`));
}

/** Items by ascending position; equal positions in the order of their arrival. */
export class Heap<T> {
  readonly #items: { readonly item: T; readonly position: number; readonly arrival: number }[] = [];
  #arrivals = 0;

  get size(): number {
    return this.#items.length;
  }

  push(item: T, position: number): void {
    const items = this.#items;
    items.push({ item, position, arrival: this.#arrivals++ });
    for (let n = items.length - 1; n > 0;) {
      const parent = (n - 1) >> 1;
      if (!this.#before(n, parent)) break;
      this.#swap(n, parent);
      n = parent;
    }
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined) return undefined;
    if (items.length === 0) return top.item;
    items[0] = last;
    for (let n = 0; ;) {
      let least = n;
      for (const child of [2 * n + 1, 2 * n + 2]) {
        if (child < items.length && this.#before(child, least)) least = child;
      }
      if (least === n) return top.item;
      this.#swap(n, least);
      n = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#items[a], this.#items[b]];
    if (x === undefined || y === undefined) return false;
    return x.position < y.position || (x.position === y.position && x.arrival < y.arrival);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#items[a], this.#items[b]];
    if (x === undefined || y === undefined) return;
    this.#items[a] = y;
    this.#items[b] = x;
  }
}
