/** The journal's file: opened, judged, set aside when it cannot be ours to go on with. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { Database as SqliteDatabase } from "better-sqlite3";
import type { Finding } from "../errors.js";
import { isCorruption, unwritable } from "./database.js";
import { migrate } from "./schema.js";
import { isAsWritten, isReadable } from "./sound.js";

/** The machine that a journal belongs to: a copy of its disk elsewhere must not go on with it. */
export interface Machine {
  readonly nodeName: string;
  /** The content of /etc/machine-id. */
  readonly machineId: string;
}

export interface Opened {
  readonly db: SqliteDatabase;
  readonly findings: readonly Finding[];
}

const FILE = "journal.db";
/** SQLite waits this long for another process that reads. */
const BUSY_MS = 2_000;

/**
 * Opens `journal.db` in this folder, or begins one, mode 0600. A damaged file, or one of another
 * machine, is renamed and a new one begun, with a finding. Throws JOURNAL_TOO_NEW and
 * JOURNAL_UNWRITABLE.
 */
export function openFile(dir: string, machine: Machine, now: number): Opened {
  const path = join(dir, FILE);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const opened = openSound(path, machine, now);
    if (opened !== "damaged" && opened !== "foreign") return { db: opened, findings: [] };
    const aside = setAside(path, opened === "damaged" ? "corrupt" : "foreign", now);
    const begun = openSound(path, machine, now);
    if (typeof begun === "string") throw new Error("a new file is damaged at once");
    return { db: begun, findings: [finding(opened, aside)] };
  } catch (thrown) {
    throw unwritable(thrown);
  }
}

/**
 * Sets a file aside that was found damaged while it was open, and begins a new one. Ids go on from
 * this moment, so that one that somebody still holds from before names nothing in the new file.
 */
export function beginAnew(dir: string, machine: Machine, now: number): Opened {
  const path = join(dir, FILE);
  try {
    const aside = existsSync(path) ? setAside(path, "corrupt", now) : undefined;
    const begun = openSound(path, machine, now);
    if (typeof begun === "string") throw new Error("a new file is damaged at once");
    const start = begun.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)");
    for (const table of ["passes", "changes", "secrets"]) start.run(table, Math.round(now));
    return { db: begun, findings: [finding("damaged", aside)] };
  } catch (thrown) {
    throw unwritable(thrown);
  }
}

/** A copy in memory of what the file says now, for whoever may not write it. */
export function copyFile(dir: string, machine: Machine, now: number): Opened {
  const path = join(dir, FILE);
  if (!existsSync(path)) return { db: empty(machine, now), findings: [] };
  try {
    const db = inMemory(path);
    if (!db) return { db: empty(machine, now), findings: [finding("damaged", undefined)] };
    begin(db, machine, now);
    const verdict = !isAsWritten(db) ? "damaged" : isOurs(db, machine) ? undefined : "foreign";
    if (verdict === undefined) return { db, findings: [] };
    return { db: empty(machine, now), findings: [finding(verdict, undefined)] };
  } catch (thrown) {
    if (!isCorruption(thrown)) throw unwritable(thrown);
    return { db: empty(machine, now), findings: [finding("damaged", undefined)] };
  }
}

function openSound(
  path: string,
  machine: Machine,
  now: number,
): SqliteDatabase | "damaged" | "foreign" {
  mustBeFile(path);
  // SQLite gives its -wal and -shm the mode of this file.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const db = new Sqlite(path, { timeout: BUSY_MS });
  try {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    if (!isReadable(db)) return closed(db, "damaged");
    begin(db, machine, now);
    if (!isAsWritten(db)) return closed(db, "damaged");
    if (!isOurs(db, machine)) return closed(db, "foreign");
    touch(db, now);
    return db;
  } catch (thrown) {
    db.close();
    if (isCorruption(thrown)) return "damaged";
    throw thrown;
  }
}

function closed<T>(db: SqliteDatabase, verdict: T): T {
  db.close();
  return verdict;
}

function inMemory(path: string): SqliteDatabase | undefined {
  mustBeFile(path);
  const file = new Sqlite(path, { readonly: true, timeout: BUSY_MS });
  try {
    if (!isReadable(file)) return undefined;
    const bytes = file.serialize();
    // Bytes 18 and 19 say "write-ahead log", which a database in memory cannot have
    // (https://www.sqlite.org/fileformat.html#file_format_version_numbers).
    bytes.fill(1, 18, 20);
    return new Sqlite(bytes);
  } finally {
    file.close();
  }
}

function empty(machine: Machine, now: number): SqliteDatabase {
  return begin(new Sqlite(":memory:"), machine, now);
}

function begin(db: SqliteDatabase, machine: Machine, now: number): SqliteDatabase {
  db.pragma("foreign_keys = ON");
  migrate(db);
  const write = db.prepare("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)");
  db.transaction(() => {
    write.run("since", String(Math.round(now)));
    write.run("node", machine.nodeName);
    write.run("machine", fingerprint(machine));
  })();
  return db;
}

/** What is no file could block or never end. */
function mustBeFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile()) throw new Error(`${path} is not a file`);
}

function isOurs(db: SqliteDatabase, machine: Machine): boolean {
  const read = db.prepare<[string], { value: string }>("SELECT value FROM meta WHERE key = ?");
  return (
    read.get("node")?.value === machine.nodeName &&
    read.get("machine")?.value === fingerprint(machine)
  );
}

/** A write at once, so that a full or read-only disk is known before anything is decided. */
function touch(db: SqliteDatabase, now: number): void {
  db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('opened', ?)").run(
    String(Math.round(now)),
  );
}

/** machine-id(5) asks not to show the id itself outside: a keyed hash of it does as well. */
function fingerprint({ machineId }: Machine): string {
  return createHash("sha256").update(`pve-entra-agent journal|${machineId.trim()}`).digest("hex");
}

function setAside(path: string, why: "corrupt" | "foreign", now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  let aside = `${path}.${why}-${stamp}`;
  for (let n = 2; existsSync(aside); n++) aside = `${path}.${why}-${stamp}-${n}`;
  renameSync(path, aside);
  for (const tail of ["-wal", "-shm"]) {
    if (existsSync(path + tail)) renameSync(path + tail, aside + tail);
  }
  return aside;
}

function finding(verdict: "damaged" | "foreign", aside: string | undefined): Finding {
  const where = aside ? `it is now ${aside}, and a new one was begun` : "it was not read";
  return verdict === "damaged"
    ? { code: "JOURNAL_CORRUPT", message: `the journal was damaged: ${where}` }
    : { code: "JOURNAL_FOREIGN", message: `the journal belongs to another machine: ${where}` };
}
