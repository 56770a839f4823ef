/** SQLite behind the journal: prepared statements, transactions, and one kind of failure. */
import Sqlite from "better-sqlite3";
import type { Database as SqliteDatabase, Statement } from "better-sqlite3";
import { AgentError } from "../errors.js";

type Row = Record<string, unknown>;
type Value = string | number | null;

/**
 * Whether SQLite says that the file is not a sound database, or not ours: our statements are
 * constant, so one that does not fit (SQLITE_ERROR) met other tables, or JSON that is none.
 */
export function isCorruption(thrown: unknown): boolean {
  return (
    thrown instanceof Sqlite.SqliteError &&
    (thrown.code.startsWith("SQLITE_CORRUPT") || BAD_FILE.has(thrown.code))
  );
}

const BAD_FILE = new Set(["SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_FORMAT"]);

/** What SQLite or the file system said, as the one error that callers know. */
export function unwritable(thrown: unknown): AgentError {
  if (thrown instanceof AgentError) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && "code" in thrown ? ` (${String(thrown.code)})` : "";
  return new AgentError("JOURNAL_UNWRITABLE", `the journal: ${said}${code}`, { cause: thrown });
}

/** One opened journal file. Every failure of it is JOURNAL_UNWRITABLE. */
export class Database {
  #db: SqliteDatabase;
  #damaged = false;
  readonly #statements = new Map<string, Statement<Value[], Row>>();

  constructor(db: SqliteDatabase) {
    this.#db = db;
  }

  /** Something that was read or written since it was opened shows that the file is damaged. */
  get damaged(): boolean {
    return this.#damaged;
  }

  /**
   * Lets go of a damaged file. Before another is begun in its place: SQLite removes the log of the
   * last connection that closes by its *name*.
   */
  abandon(): void {
    this.#damaged = true;
    this.close();
  }

  /** Goes on with another file in place of the one that was let go of. */
  replace(db: SqliteDatabase): void {
    this.#db = db;
    this.#damaged = false;
  }

  all<T>(sql: string, ...values: Value[]): T[] {
    return this.#attempt(() => this.#prepare(sql).all(...values) as T[]);
  }

  get<T>(sql: string, ...values: Value[]): T | undefined {
    return this.#attempt(() => this.#prepare(sql).get(...values) as T | undefined);
  }

  /**
   * Returns the row id of an insert. Numbers are written whole: Entra's time, which is reckoned on
   * by a clock of fine steps, has fractions of a millisecond, and SQLite would keep a REAL where
   * the next opening expects an INTEGER and calls the file damaged.
   */
  run(sql: string, ...values: Value[]): number {
    const whole = values.map((value) => (typeof value === "number" ? Math.round(value) : value));
    return this.#attempt(() => Number(this.#prepare(sql).run(...whole).lastInsertRowid));
  }

  /** All of it or nothing; when it returns, the disk has it, even if the power fails. */
  durably<T>(work: () => T): T {
    return this.#attempt(() => this.#db.transaction(work).immediate());
  }

  /**
   * All of it or nothing. Survives a kill; after a power failure it may be missing, which is
   * harmless for what only closes an intent: unsettled counts as unknown.
   */
  quickly<T>(work: () => T): T {
    if (this.#db.inTransaction) return work();
    return this.#attempt(() => {
      this.#db.pragma("synchronous = NORMAL");
      try {
        return this.#db.transaction(work).immediate();
      } finally {
        this.#db.pragma("synchronous = FULL");
      }
    });
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(sql: string): Statement<Value[], Row> {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare<Value[], Row>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #attempt<T>(work: () => T): T {
    if (!this.#db.open) throw new AgentError("JOURNAL_UNWRITABLE", "the journal is closed");
    try {
      return work();
    } catch (thrown) {
      this.#damaged ||= isCorruption(thrown);
      throw thrown instanceof Sqlite.SqliteError ? unwritable(thrown) : thrown;
    }
  }

  /** A text of ours as JSON; one that is none shows damage. */
  json<T>(text: string): T {
    try {
      return JSON.parse(text) as T;
    } catch {
      this.#damaged = true;
      throw new AgentError("JOURNAL_UNWRITABLE", "the journal: a row has JSON that is none");
    }
  }
}
