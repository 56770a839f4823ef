/** Changes: written down before the request, closed after the answer. */
import type { Action, Change } from "../decide/plan.js";
import { redact } from "../redact.js";
import type { Database } from "./database.js";
import { after, before, enableOf, joinsOf } from "./describe.js";
import { hold } from "./holding.js";
import type { JournalTime } from "./time.js";
import type { ChangeIds, Journal, Outcome, PassId, Seen } from "./types.js";

export class Changes {
  readonly #db: Database;
  readonly #time: JournalTime;

  constructor(db: Database, time: JournalTime) {
    this.#db = db;
    this.#time = time;
  }

  intend(pass: PassId, action: Action, seen: Seen | undefined): ChangeIds {
    const at = this.#time.now();
    return this.#db.durably(() =>
      action.changes.map((change) => {
        const id = this.#insert(pass, action, change, at, seen);
        this.#insertLosses(id, change, at);
        return id;
      }),
    );
  }

  settle(
    ids: ChangeIds,
    outcome: Outcome,
    detail: Parameters<Journal["settle"]>[2] | undefined,
  ): void {
    this.#db.quickly(() => {
      for (const id of ids) this.#settleOne(id, outcome, detail);
    });
  }

  /** What was intended before this moment, and never settled, may have happened. */
  settleLeftovers(pass?: PassId): void {
    const open = this.#db.all<{ id: number }>(
      `SELECT id FROM changes WHERE outcome = 'intended' AND pass = coalesce(?, pass)
       ORDER BY id`,
      pass ?? null,
    );
    if (open.length > 0)
      this.settle(
        open.map(({ id }) => id),
        "unknown",
        undefined,
      );
  }

  #insert(
    pass: PassId,
    action: Action,
    change: Change,
    at: number,
    seen: Seen | undefined,
  ): number {
    const enable = enableOf(change);
    return this.#db.run(
      `INSERT INTO changes (pass, action, at, realm, kind, reason, userid, grp, path, role, enable,
         joins, person, person_name, entra_groups, before, after, approved, moment, privileged)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      pass,
      action.id,
      at,
      change.realm,
      change.kind,
      redact(change.reason),
      "userid" in change ? change.userid : null,
      "group" in change ? change.group : null,
      "path" in change ? change.path : null,
      "path" in change ? change.role : null,
      enable === undefined ? null : Number(enable),
      JSON.stringify(joinsOf(change, action)),
      change.person ?? null,
      change.personName ?? null,
      JSON.stringify(change.entraGroups ?? []),
      JSON.stringify({ value: before(change, seen) }),
      JSON.stringify({ value: after(change, action) }),
      Number(change.approved ?? false),
      Number(action.moment ?? false),
      Number(change.kind === "leave" && change.privileged === true),
    );
  }

  #insertLosses(id: number, change: Change, at: number): void {
    if (!change.counted) return;
    const own = "userid" in change ? [change.userid] : [];
    // What is counted per realm has no group (facts.ts, Loss).
    const group = change.counted === "removed" && "group" in change ? change.group : "";
    for (const userid of new Set(change.losers ?? own)) {
      this.#db.run(
        `INSERT INTO losses (change, at, realm, grp, userid, cause, approved)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        id,
        at,
        change.realm,
        group,
        userid,
        change.counted,
        Number(change.approved ?? false),
      );
    }
  }

  #settleOne(
    id: number,
    outcome: Outcome,
    detail: Parameters<Journal["settle"]>[2] | undefined,
  ): void {
    this.#db.run(
      "UPDATE changes SET outcome = ?, code = ?, message = ? WHERE id = ?",
      outcome,
      detail?.code ?? null,
      detail ? redact(detail.message) : null,
      id,
    );
    hold(this.#db, id);
  }
}
