import { type Table, TABLES, type Tables } from "./tables.js";

/** One row written or (value undefined) taken away, everywhere the same, known here and there later. */
export interface Change<T extends Table = Table> {
  /** Grows by one with each change of the directory. */
  seq: number;
  table: T;
  a: string;
  b: string;
  value: Tables[T] | undefined;
}

/** The directory as one replica knows it at a moment. */
export interface View {
  get<T extends Table>(table: T, a: string, b?: string): Tables[T] | undefined;
  /** Rows of a relation that `a` holds, by their second key. */
  held<T extends Table>(table: T, a: string): ReadonlyMap<string, Tables[T]>;
  /** First keys of the rows whose second key is `b`: the groups of a member, say. */
  holders(table: Table, b: string): ReadonlySet<string>;
  /** All rows of a table. */
  rows<T extends Table>(table: T): Tables[T][];
  /** The first row that passes. */
  find<T extends Table>(table: T, passes: (row: Tables[T]) => boolean): Tables[T] | undefined;
  /** The lowest change that this view has not seen; all before it are in. */
  seenBelow(): number;
  /** Whether this view has seen a change (or a later one of the same row). */
  hasSeen(seq: number): boolean;
}

class Rows {
  readonly byFirst = new Map<string, Map<string, unknown>>();
  readonly bySecond = new Map<string, Set<string>>();

  write(a: string, b: string, value: unknown): void {
    if (value === undefined) return this.remove(a, b);
    const held = this.byFirst.get(a) ?? new Map<string, unknown>();
    held.set(b, value);
    this.byFirst.set(a, held);
    if (b === "") return;
    const holders = this.bySecond.get(b) ?? new Set<string>();
    holders.add(a);
    this.bySecond.set(b, holders);
  }

  copy(): Rows {
    const copy = new Rows();
    for (const [a, held] of this.byFirst) copy.byFirst.set(a, new Map(held));
    for (const [b, holders] of this.bySecond) copy.bySecond.set(b, new Set(holders));
    return copy;
  }

  private remove(a: string, b: string): void {
    const held = this.byFirst.get(a);
    held?.delete(b);
    if (held?.size === 0) this.byFirst.delete(a);
    const holders = this.bySecond.get(b);
    holders?.delete(a);
    if (holders?.size === 0) this.bySecond.delete(b);
  }
}

interface Pending {
  due: number;
  change: Change;
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();
const NOBODY: ReadonlySet<string> = new Set<string>();

/**
 * One replica: rows, and the changes it has yet to learn with the moment of each. Of two changes
 * of one row the later wins, in whichever order they arrive. Time never makes it forget.
 */
export class Replica implements View {
  private tables = new Map<Table, Rows>(TABLES.map((table) => [table, new Rows()]));
  private versions = new Map<string, number>();
  private missing = new Set<number>();
  private pending: Pending[] = [];
  private next = 1;

  /** Notes a change that becomes known at `due` (ms since 1970). */
  learnAt(due: number, change: Change): void {
    let position = this.pending.length;
    while (position > 0 && (this.pending[position - 1] as Pending).due > due) position -= 1;
    this.pending.splice(position, 0, { due, change });
    this.note(change.seq);
  }

  /** Knows a change at once. */
  learn(change: Change): void {
    this.note(change.seq);
    this.apply(change);
  }

  /** Learns what has become due. */
  catchUp(now: number): void {
    let count = 0;
    while (count < this.pending.length && (this.pending[count] as Pending).due <= now) count += 1;
    if (count === 0) return;
    const due = this.pending.slice(0, count);
    this.pending = this.pending.slice(count);
    for (const { change } of due) this.apply(change);
  }

  /** Another one that knows and awaits the same. */
  copy(): Replica {
    const copy = new Replica();
    copy.become(this);
    return copy;
  }

  /** Knows and awaits from now on what another one does. Rows are shared: nothing changes one. */
  become(other: Replica): void {
    this.tables = new Map([...other.tables].map(([table, rows]) => [table, rows.copy()]));
    this.versions = new Map(other.versions);
    this.missing = new Set(other.missing);
    this.pending = [...other.pending];
    this.next = other.next;
  }

  /** Every row of a table with both its keys. */
  *entries(table: Table): Generator<readonly [a: string, b: string, value: unknown]> {
    for (const [a, held] of this.rowsOf(table).byFirst) {
      for (const [b, value] of held) yield [a, b, value];
    }
  }

  /** In how many milliseconds it learns which row, for all that it has yet to learn. */
  awaits(now: number): readonly (readonly [ms: number, table: Table, a: string, b: string])[] {
    return this.pending.map(({ due, change: { table, a, b } }) => [due - now, table, a, b]);
  }

  private note(seq: number): void {
    if (!Number.isInteger(seq)) return;
    this.missing.add(seq);
    this.next = Math.max(this.next, seq + 1);
  }

  private apply(change: Change): void {
    this.missing.delete(change.seq);
    const key = `${change.table} ${change.a} ${change.b}`;
    if ((this.versions.get(key) ?? 0) > change.seq) return;
    this.versions.set(key, change.seq);
    this.rowsOf(change.table).write(change.a, change.b, change.value);
  }

  private rowsOf(table: Table): Rows {
    return this.tables.get(table) as Rows;
  }

  get<T extends Table>(table: T, a: string, b = ""): Tables[T] | undefined {
    return this.rowsOf(table).byFirst.get(a)?.get(b) as Tables[T] | undefined;
  }

  held<T extends Table>(table: T, a: string): ReadonlyMap<string, Tables[T]> {
    return (this.rowsOf(table).byFirst.get(a) ?? NOTHING) as ReadonlyMap<string, Tables[T]>;
  }

  holders(table: Table, b: string): ReadonlySet<string> {
    return this.rowsOf(table).bySecond.get(b) ?? NOBODY;
  }

  rows<T extends Table>(table: T): Tables[T][] {
    const found: Tables[T][] = [];
    for (const held of this.rowsOf(table).byFirst.values()) {
      for (const value of held.values()) found.push(value as Tables[T]);
    }
    return found;
  }

  find<T extends Table>(table: T, passes: (row: Tables[T]) => boolean): Tables[T] | undefined {
    for (const held of this.rowsOf(table).byFirst.values()) {
      for (const value of held.values()) {
        if (passes(value as Tables[T])) return value as Tables[T];
      }
    }
    return undefined;
  }

  seenBelow(): number {
    let lowest = this.next;
    for (const seq of this.missing) lowest = Math.min(lowest, seq);
    return lowest;
  }

  hasSeen(seq: number): boolean {
    return !this.missing.has(seq);
  }
}
