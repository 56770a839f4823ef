/** One agent at work per node: the daemon, or a command that does the daemon's work itself. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { AgentError } from "./errors.js";

const LOCK_FILE = "lock.db";
const PID_FILE = "lock.pid";

/** A lock that nobody refers to would be collected as garbage, and given back with it. */
const HELD = new Set<Database>();

export interface NodeLock {
  /** Gives the lock back. A second call does nothing. */
  release(): void;
}

/**
 * Takes this node's lock in the state folder. Throws NODE_LOCKED with the holder's process id, and
 * JOURNAL_UNWRITABLE when the folder cannot be written.
 *
 * The lock is an exclusive SQLite transaction on a file of its own: a kernel lock, which ends with
 * its process however that ends, so that nothing is ever left to clean up; Node itself has none.
 * The process id beside it says whom one waits for and decides nothing. POSIX drops a process's
 * locks when it closes *any* descriptor of the file (fcntl(2)): nothing else may open `lock.db`.
 */
export function acquireNodeLock(stateDir: string): NodeLock {
  const db = openLock(stateDir);
  try {
    db.exec("BEGIN EXCLUSIVE");
    writeFileSync(join(stateDir, PID_FILE), `${process.pid}\n`, { mode: 0o600 });
  } catch (thrown) {
    db.close();
    throw refused(stateDir, thrown);
  }
  HELD.add(db);
  return {
    release: () => {
      HELD.delete(db);
      db.close();
    },
  };
}

function openLock(stateDir: string): Database {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const path = join(stateDir, LOCK_FILE);
    const db = new Sqlite(path, { timeout: 0 });
    chmodSync(path, 0o600);
    return db;
  } catch (thrown) {
    throw refused(stateDir, thrown);
  }
}

function refused(stateDir: string, thrown: unknown): AgentError {
  if (thrown instanceof Sqlite.SqliteError && thrown.code.startsWith("SQLITE_BUSY")) {
    const message = `another pve-entra-agent of this node is at work (${holder(stateDir)})`;
    return new AgentError("NODE_LOCKED", message, { cause: thrown });
  }
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return new AgentError("JOURNAL_UNWRITABLE", `the lock in ${stateDir}: ${said}`, {
    cause: thrown,
  });
}

function holder(stateDir: string): string {
  try {
    const pid = readFileSync(join(stateDir, PID_FILE), "utf8").trim();
    return /^\d+$/.test(pid) ? `process ${pid}` : "process unknown";
  } catch {
    return "process unknown";
  }
}
