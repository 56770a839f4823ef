import type { EmulatorClock } from "../common/clock.js";
import type { Random } from "./random.js";
import { type Change, Replica, type View } from "./replica.js";
import type { Table, Tables } from "./tables.js";

/** Seconds of the emulator's clock between a change and a replica's learning of it. */
export interface Lag {
  min: number;
  max: number;
}

/** The delays of the next change: a range, or one figure for each replica. In seconds. */
export type NextLag = Lag | { each: number[] };

/** A row to write, or (no value) to take away. */
export interface Write<T extends Table = Table> {
  table: T;
  a: string;
  b?: string;
  value: Tables[T] | undefined;
}

export interface DirectoryOptions {
  clock: EmulatorClock;
  random: Random;
  replicas: number;
  lag: Lag;
}

/** A directory at a moment; only for the one that made it. */
export interface DirectorySnapshot {
  readonly truth: Replica;
  readonly replicas: readonly Replica[];
  readonly index: Replica;
  readonly changes: number;
  readonly nextLags: readonly NextLag[];
  readonly lag: Lag;
  readonly pinned: number | undefined;
  readonly seq: number;
  readonly flickers: number;
}

/** A write of one row, typed by its table. */
export function put<T extends Table>(table: T, a: string, value: Tables[T], b = ""): Write<T> {
  return { table, a, b, value };
}

/** Taking one row away. */
export function drop<T extends Table>(table: T, a: string, b = ""): Write<T> {
  return { table, a, b, value: undefined };
}

/**
 * The directory: the truth, the replicas that follow it, and the index behind advanced queries,
 * which follows twice as late ("eventually consistent" in Microsoft's words).
 */
export class Directory {
  readonly truth = new Replica();
  readonly log: Change[] = [];
  lag: Lag;
  private readonly replicas: Replica[];
  private readonly index = new Replica();
  private readonly nextLags: NextLag[] = [];
  private pinned: number | undefined;
  private settling = 0;
  private seq = 0;
  private flickers = 0;

  constructor(private readonly options: DirectoryOptions) {
    this.replicas = Array.from({ length: options.replicas }, () => new Replica());
    this.lag = options.lag;
  }

  /** One replica by chance (or the pinned one), as it is now. */
  view(): View {
    const chosen = this.pinned ?? this.options.random.index(this.replicas.length);
    return this.caughtUp(this.replicas[chosen] as Replica);
  }

  /** The index that advanced queries read. */
  indexView(): View {
    return this.caughtUp(this.index);
  }

  /** How many replicas there are. */
  get size(): number {
    return this.replicas.length;
  }

  /** Whether every replica (not the index) now says of a row what the truth says. */
  agreed<T extends Table>(table: T, a: string, b = ""): boolean {
    const truth = this.truth.get(table, a, b);
    return this.replicas.every((replica) => this.caughtUp(replica).get(table, a, b) === truth);
  }

  /** All requests go to this replica from now on; null: to one by chance again. */
  pin(replica: number | null): void {
    if (replica !== null && !this.replicas[replica]) throw new RangeError(`no replica ${replica}`);
    this.pinned = replica ?? undefined;
  }

  /** One change of one or several rows: each replica learns all of it at one moment. */
  write(...writes: Write[]): void {
    const now = this.options.clock.now();
    const changes = writes.map((write) => this.record(write));
    const delays = this.settling > 0 ? undefined : this.delays();
    this.replicas.forEach((replica, n) => teach(replica, changes, now, delays?.[n]));
    teach(this.index, changes, now, delays && 2 * Math.max(...delays));
  }

  /** What is changed within is known everywhere at once. */
  settled<T>(change: () => T): T {
    this.settling += 1;
    try {
      return change();
    } finally {
      this.settling -= 1;
    }
  }

  /** Every replica learns at once whatever it has yet to learn. */
  settle(): void {
    for (const replica of [...this.replicas, this.index]) replica.catchUp(Infinity);
  }

  /** The delays of the next change; several orders wait in line. */
  slowNext(lag: NextLag): void {
    this.nextLags.push(lag);
  }

  /**
   * Some replicas forget a row for a while, as if a read came from a copy not yet repaired: from
   * `after` seconds from now, for `seconds`. Which ones: `replicas`, or half of them by chance.
   */
  flicker(
    row: { table: Table; a: string; b?: string },
    when: { after: number; seconds: number; replicas?: number[] },
  ): void {
    const { table, a, b = "" } = row;
    const value = this.truth.get(table, a, b);
    const from = this.options.clock.now() + when.after * 1000;
    const all = this.options.random.shuffle(this.replicas.map((_, n) => n));
    // Fractions keep these out of the log's numbering, below any later change, above earlier flickers.
    this.flickers += 1;
    const version = this.seq + this.flickers * 1e-5;
    const forget: Change = { seq: version, table, a, b, value: undefined };
    const again: Change = { seq: version + 5e-6, table, a, b, value };
    for (const n of when.replicas ?? all.slice(0, Math.ceil(all.length / 2))) {
      this.replicas[n]?.learnAt(from, forget);
      this.replicas[n]?.learnAt(from + when.seconds * 1000, again);
    }
  }

  /**
   * Whether every replica has once learnt the newest change of a row. One that flickers has, and
   * forgets it for a while nevertheless.
   */
  learnt(table: Table, a: string, b = ""): boolean {
    const newest = this.log.findLast((one) => one.table === table && one.a === a && one.b === b);
    if (newest === undefined) return true;
    return this.replicas.every((replica) => this.caughtUp(replica).hasSeen(newest.seq));
  }

  /** All of it as it is now, for `goBack`. */
  snapshot(): DirectorySnapshot {
    for (const replica of [...this.replicas, this.index]) this.caughtUp(replica);
    return {
      truth: this.truth.copy(),
      replicas: this.replicas.map((replica) => replica.copy()),
      index: this.index.copy(),
      changes: this.log.length,
      nextLags: [...this.nextLags],
      lag: this.lag,
      ...{ pinned: this.pinned, seq: this.seq, flickers: this.flickers },
    };
  }

  /** Everything is as it was at a snapshot of this directory; what came after it never was. */
  goBack(to: DirectorySnapshot): void {
    this.truth.become(to.truth);
    this.replicas.forEach((replica, n) => replica.become(to.replicas[n] as Replica));
    this.index.become(to.index);
    this.log.length = to.changes;
    this.nextLags.splice(0, Infinity, ...to.nextLags);
    this.lag = to.lag;
    this.pinned = to.pinned;
    this.seq = to.seq;
    this.flickers = to.flickers;
  }

  private record(write: Write): Change {
    this.seq += 1;
    const change: Change = { ...write, b: write.b ?? "", seq: this.seq };
    this.log.push(change);
    this.truth.learn(change);
    return change;
  }

  private delays(): number[] {
    const lag = this.nextLags.shift() ?? this.lag;
    const given = "each" in lag ? lag.each : [];
    const range = "each" in lag ? this.lag : lag;
    return this.replicas.map(
      (_, n) => 1000 * (given[n] ?? this.options.random.between(range.min, range.max)),
    );
  }

  private caughtUp(replica: Replica): Replica {
    replica.catchUp(this.options.clock.now());
    return replica;
  }
}

function teach(replica: Replica, changes: Change[], now: number, delay: number | undefined): void {
  for (const change of changes) {
    // What is already due must not wait behind what is pending: both go through the same line.
    if (delay === undefined) replica.learn(change);
    else replica.learnAt(now + delay, change);
  }
}
