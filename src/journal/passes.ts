/** Passes: when each began, how it ended for every realm. */
import type { ErrorCode } from "../errors.js";
import type { Database } from "./database.js";
import type { JournalTime } from "./time.js";
import type { LastPass, PassId, RealmOutcome } from "./types.js";

export class Passes {
  readonly #db: Database;
  readonly #time: JournalTime;

  constructor(db: Database, time: JournalTime) {
    this.#db = db;
    this.#time = time;
  }

  begin(realms: readonly string[], trigger: string): PassId {
    return this.#db.durably(() => {
      const pass = this.#db.run(
        "INSERT INTO passes (started, trigger) VALUES (?, ?)",
        this.#time.now(),
        trigger,
      );
      for (const realm of realms) {
        this.#db.run("INSERT INTO pass_realms (pass, realm) VALUES (?, ?)", pass, realm);
      }
      return pass as PassId;
    });
  }

  end(pass: PassId, outcomes: ReadonlyMap<string, RealmOutcome>, durationMs: number): void {
    this.#db.quickly(() => {
      this.#db.run(
        "UPDATE passes SET ended = ?, duration_ms = ? WHERE id = ?",
        this.#time.now(),
        Math.round(durationMs),
        pass,
      );
      for (const [realm, { ok, code, counts }] of outcomes) {
        this.#db.run(
          "INSERT OR REPLACE INTO pass_realms (pass, realm, ok, code, counts) VALUES (?, ?, ?, ?, ?)",
          pass,
          realm,
          Number(ok),
          code ?? null,
          JSON.stringify(counts),
        );
      }
    });
  }

  /**
   * Realm to its latest pass that ended, and when the latest good one did. One that looked at
   * secrets alone, by the order `rotate`, says nothing of people and does not count.
   */
  last(): ReadonlyMap<string, LastPass> {
    const rows = this.#db.all<{
      realm: string;
      ended: number;
      success: number | null;
      ok: number;
      code: ErrorCode | null;
    }>(
      // SQLite takes the bare columns from the row that has the maximum.
      `SELECT realm, max(pass), ended, ok, code,
         (SELECT max(p.ended) FROM pass_realms good JOIN passes p ON p.id = good.pass
          WHERE good.realm = pass_realms.realm AND good.ok = 1 AND p.trigger <> 'rotate') AS success
       FROM pass_realms JOIN passes ON passes.id = pass
       WHERE ended IS NOT NULL AND ok IS NOT NULL AND trigger <> 'rotate' GROUP BY realm`,
    );
    return new Map(
      rows.map(({ realm, ended, success, ok, code }) => [
        realm,
        {
          lastAttempt: ended,
          ...(success === null ? {} : { lastSuccess: success }),
          ok: ok === 1,
          ...(code === null ? {} : { code }),
        },
      ]),
    );
  }
}
