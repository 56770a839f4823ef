/** People of whom Entra said 404. One 404 means nothing, one in a later pass as well does (P4). */
import type { QuestionKey } from "../decide/facts.js";
import type { Database } from "./database.js";
import type { JournalTime } from "./time.js";
import type { PassId } from "./types.js";

export class Absent {
  readonly #db: Database;
  readonly #time: JournalTime;

  constructor(db: Database, time: JournalTime) {
    this.#db = db;
    this.#time = time;
  }

  note(keys: readonly QuestionKey[], pass: PassId): void {
    const at = this.#time.now();
    this.#db.quickly(() => {
      for (const key of keys) {
        this.#db.run(
          "INSERT OR IGNORE INTO absent (key, pass, at) VALUES (?, ?, ?)",
          key,
          pass,
          at,
        );
      }
    });
  }

  forget(keys: readonly QuestionKey[]): void {
    this.#db.quickly(() => {
      for (const key of keys) this.#db.run("DELETE FROM absent WHERE key = ?", key);
    });
  }

  /** What passes before this one heard; without a pass, what any heard. */
  heardBefore(pass: PassId | undefined): ReadonlySet<QuestionKey> {
    const rows = this.#db.all<{ key: string }>(
      "SELECT key FROM absent WHERE pass < coalesce(?, pass + 1)",
      pass ?? null,
    );
    return new Set(rows.map(({ key }) => key));
  }
}
