/**
 * Disabled leavers whose date stands in their mark alone, which anybody may forge to hasten a
 * deletion: their time runs from the moment at which this journal first saw them.
 */
import type { UserId } from "../decide/facts.js";
import type { Database } from "./database.js";
import type { JournalTime } from "./time.js";

export class Leavers {
  readonly #db: Database;
  readonly #time: JournalTime;

  constructor(db: Database, time: JournalTime) {
    this.#db = db;
    this.#time = time;
  }

  note(users: readonly UserId[]): void {
    const at = this.#time.now();
    this.#db.quickly(() => {
      for (const userid of users) {
        this.#db.run("INSERT OR IGNORE INTO left_seen (userid, at) VALUES (?, ?)", userid, at);
      }
    });
  }

  /** Their next leaving begins anew, and until we disable them again they are not ours to enable. */
  enabled(users: readonly UserId[]): void {
    if (users.length === 0) return;
    this.#db.quickly(() => {
      for (const userid of users) {
        this.#db.run("DELETE FROM left_seen WHERE userid = ?", userid);
        this.#db.run("UPDATE disabled SET enabled_again = 1 WHERE userid = ?", userid);
      }
    });
  }

  seen(): ReadonlyMap<UserId, number> {
    const rows = this.#db.all<{ userid: UserId; at: number }>("SELECT userid, at FROM left_seen");
    return new Map(rows.map(({ userid, at }) => [userid, at]));
  }
}
