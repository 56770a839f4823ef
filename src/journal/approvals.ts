/** Held changes, and the leave that root gave to make them. */
import type { Approval } from "../decide/facts.js";
import { AgentError } from "../errors.js";
import { redact } from "../redact.js";
import type { Database } from "./database.js";
import type { HeldChange } from "./types.js";

/** How long an approval counts, and how long a set of held changes stays known unless renewed. */
export const APPROVAL_LIFE_MS = 24 * 3_600_000;

export class Approvals {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  noteHolds(approvalId: string, changes: readonly HeldChange[], at: number): void {
    this.#db.quickly(() => {
      this.#db.run("DELETE FROM holds WHERE approval_id = ?", approvalId);
      for (const { key, summary } of changes) {
        this.#db.run(
          "INSERT OR REPLACE INTO holds (approval_id, key, summary, at) VALUES (?, ?, ?, ?)",
          approvalId,
          key,
          redact(summary),
          at,
        );
      }
    });
  }

  heldSet(approvalId: string, now: number): ReadonlySet<string> | undefined {
    const rows = this.#db.all<{ key: string }>(
      "SELECT key FROM holds WHERE approval_id = ? AND at > ? ORDER BY key",
      approvalId,
      now - APPROVAL_LIFE_MS,
    );
    return rows.length === 0 ? undefined : new Set(rows.map(({ key }) => key));
  }

  approve(approvalId: string, by: string, at: number): void {
    this.#db.durably(() => {
      if (!this.heldSet(approvalId, at)) {
        throw new AgentError("APPROVAL_UNKNOWN", `no held changes have the id ${approvalId}`);
      }
      const approval = this.#db.run(
        "INSERT INTO approvals (approval_id, by, at) VALUES (?, ?, ?)",
        approvalId,
        redact(by),
        at,
      );
      this.#db.run(
        `INSERT INTO approval_keys (approval, key, summary)
         SELECT ?, key, summary FROM holds WHERE approval_id = ?`,
        approval,
        approvalId,
      );
    });
  }

  /** What was done is held no more: its id, given again, must not stand ready for the next time. */
  use(key: string, now: number): void {
    this.#db.quickly(() => {
      this.#db.run("UPDATE approval_keys SET used = ? WHERE key = ? AND used IS NULL", now, key);
      this.#db.run("DELETE FROM holds WHERE key = ?", key);
    });
  }

  inForce(now: number): readonly Approval[] {
    const rows = this.#db.all<{ id: number; approval_id: string; at: number; key: string }>(
      `SELECT approvals.id, approval_id, at, key FROM approvals
       JOIN approval_keys ON approval = approvals.id
       WHERE used IS NULL AND at > ? ORDER BY approvals.id, key`,
      now - APPROVAL_LIFE_MS,
    );
    const byRow = new Map<number, { id: string; at: number; keys: Set<string> }>();
    for (const { id, approval_id, at, key } of rows) {
      const approval = byRow.get(id) ?? { id: approval_id, at, keys: new Set<string>() };
      approval.keys.add(key);
      byRow.set(id, approval);
    }
    return [...byRow.values()];
  }
}
