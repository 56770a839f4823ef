/** The journal: SQLite behind the interface of types.ts. */
import type { Database as SqliteDatabase } from "better-sqlite3";
import type { Clock } from "../clock.js";
import type { History, QuestionKey, UserId } from "../decide/facts.js";
import type { Action } from "../decide/plan.js";
import type { Finding } from "../errors.js";
import type { Log } from "../log.js";
import { redact, redactDeep } from "../redact.js";
import { Absent } from "./absent.js";
import { Approvals } from "./approvals.js";
import { Cache } from "./cache.js";
import { Changes } from "./changes.js";
import { Database } from "./database.js";
import { readEntries } from "./entries.js";
import { Leavers } from "./leavers.js";
import type { Machine } from "./file.js";
import { beginAnew, copyFile, openFile } from "./file.js";
import type { Opened } from "./file.js";
import { readHistory } from "./history.js";
import { Passes } from "./passes.js";
import { prune } from "./prune.js";
import { Secrets } from "./secrets.js";
import { JournalTime } from "./time.js";
import type {
  ChangeIds,
  EntryFilter,
  HeldChange,
  Journal,
  JournalEntry,
  LastPass,
  Outcome,
  PassId,
  RealmOutcome,
  Seen,
} from "./types.js";

export interface JournalOptions extends Machine {
  /** The state folder. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the journal for writing. Only under the node's lock: what an earlier process left
 * unsettled becomes `unknown` here. Throws JOURNAL_TOO_NEW and JOURNAL_UNWRITABLE. A file that
 * turns out damaged while it is open is set aside when the next pass begins.
 */
export function openJournal(options: JournalOptions): Journal {
  const told = (opened: Opened): Opened => {
    for (const { code, message } of opened.findings) options.log.warn({ code }, message);
    return opened;
  };
  const opened = told(openFile(options.dir, options, options.clock.now()));
  const anew = (): Opened => told(beginAnew(options.dir, options, options.clock.now()));
  return new SqliteJournal(opened.db, opened.findings, options.clock, anew);
}

/**
 * A private copy of the journal as it is at this moment, without touching the file, lock or not:
 * what is written to it vanishes.
 * No journal yet, a damaged or a foreign one: an empty one is read. Throws JOURNAL_TOO_NEW, and
 * JOURNAL_UNWRITABLE for a file that may not be read.
 */
export function readJournal(options: JournalOptions): Journal {
  const copied = copyFile(options.dir, options, options.clock.now());
  return new SqliteJournal(copied.db, copied.findings, options.clock);
}

class SqliteJournal implements Journal {
  #findings: readonly Finding[];
  readonly #anew: (() => Opened) | undefined;
  readonly secrets: Secrets;
  readonly cache: Cache;
  readonly #db: Database;
  readonly #time: JournalTime;
  readonly #approvals: Approvals;
  readonly #absent: Absent;
  readonly #changes: Changes;
  readonly #leavers: Leavers;
  readonly #passes: Passes;
  /** The pass under way. */
  #pass: PassId | undefined;

  constructor(db: SqliteDatabase, findings: readonly Finding[], clock: Clock, anew?: () => Opened) {
    this.#findings = findings;
    this.#anew = anew;
    this.#db = new Database(db);
    this.#time = new JournalTime(clock);
    this.#approvals = new Approvals(this.#db);
    this.#absent = new Absent(this.#db, this.#time);
    this.#changes = new Changes(this.#db, this.#time);
    this.#leavers = new Leavers(this.#db, this.#time);
    this.#passes = new Passes(this.#db, this.#time);
    this.secrets = new Secrets(this.#db, this.#time);
    this.cache = new Cache(this.#db, this.#time);
    this.#changes.settleLeftovers();
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  history(now: number): History {
    this.#time.tell(now);
    const parts = { approvals: this.#approvals, absent: this.#absent, leavers: this.#leavers };
    return readHistory(this.#db, parts, now, this.#pass);
  }

  beginPass(realms: readonly string[], trigger: string): PassId {
    if (this.#db.damaged) this.#beginAnew();
    try {
      this.#changes.settleLeftovers();
      this.#pass = this.#passes.begin(realms, trigger);
    } catch (thrown) {
      if (!this.#beginAnew()) throw thrown;
      this.#pass = this.#passes.begin(realms, trigger);
    }
    return this.#pass;
  }

  /** It may be deleted (P9): better an empty one than none, without which nothing is taken away. */
  #beginAnew(): boolean {
    if (!this.#db.damaged || this.#anew === undefined) return false;
    this.#db.abandon();
    const { db, findings } = this.#anew();
    this.#db.replace(db);
    this.#findings = findings;
    return true;
  }

  endPass(pass: PassId, outcomes: ReadonlyMap<string, RealmOutcome>, durationMs: number): void {
    this.#changes.settleLeftovers(pass);
    this.#passes.end(pass, outcomes, durationMs);
    if (this.#pass === pass) this.#pass = undefined;
  }

  lastPasses(): ReadonlyMap<string, LastPass> {
    return this.#passes.last();
  }

  intend(pass: PassId, action: Action, seen?: Seen): ChangeIds {
    return this.#changes.intend(pass, action, seen);
  }

  settle(ids: ChangeIds, outcome: Outcome, detail?: Parameters<Journal["settle"]>[2]): void {
    this.#changes.settle(ids, outcome, detail);
  }

  noteAbsent(keys: readonly QuestionKey[], pass: PassId): void {
    this.#absent.note(keys, pass);
  }

  forgetAbsent(keys: readonly QuestionKey[]): void {
    this.#absent.forget(keys);
  }

  noteLeavers(users: readonly UserId[]): void {
    this.#leavers.note(users);
  }

  noteEnabled(users: readonly UserId[]): void {
    this.#leavers.enabled(users);
  }

  noteHolds(approvalId: string, changes: readonly HeldChange[], at: number): void {
    this.#approvals.noteHolds(approvalId, changes, at);
  }

  heldSet(approvalId: string): ReadonlySet<string> | undefined {
    return this.#approvals.heldSet(approvalId, this.#time.now());
  }

  approve(approvalId: string, by: string, at: number): void {
    this.#approvals.approve(approvalId, by, at);
  }

  useApproval(key: string): void {
    this.#approvals.use(key, this.#time.now());
  }

  entries(filter: EntryFilter): readonly JournalEntry[] {
    return readEntries(this.#db, filter, this.#pass);
  }

  note(kind: string, realm: string | undefined, text: string, detail?: unknown): void {
    this.#db.quickly(() => {
      this.#db.run(
        "INSERT INTO notes (at, kind, realm, text, detail) VALUES (?, ?, ?, ?, ?)",
        this.#time.now(),
        kind,
        realm ?? null,
        redact(text),
        detail === undefined ? null : JSON.stringify(redactDeep(detail)),
      );
    });
  }

  prune(now: number): void {
    // A clock far ahead would take what holds yet for what is over: the earlier of the two counts.
    prune(this.#db, Math.min(now, this.#time.now()));
  }

  close(): void {
    this.#db.close();
  }
}
