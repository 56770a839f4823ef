/** What is too old to be told. The facts that still hold stand in tables of their own and stay. */
import { APPROVAL_LIFE_MS } from "./approvals.js";
import type { Database } from "./database.js";

const DAY_MS = 24 * 3_600_000;
/** DESIGN.md, commands `history`: entries live 400 days. */
const ENTRY_LIFE_MS = 400 * DAY_MS;
/** Passes in which nothing happened are no entries: at one in five minutes they would be most. */
const QUIET_PASS_LIFE_MS = 7 * DAY_MS;
/**
 * What PVE refuses is tried again in every pass, and nothing rests on it: of such a row of
 * refusals the first and the last say all. Fifty people at one pass in five minutes would be
 * gigabytes within the 400 days.
 */
const REFUSAL_LIFE_MS = DAY_MS;
/** As long as Entra keeps deleted users; a 404 heard before that confirms nothing. */
const ABSENT_LIFE_MS = 30 * DAY_MS;

export function prune(db: Database, now: number): void {
  const old = now - ENTRY_LIFE_MS;
  db.quickly(() => {
    db.run("DELETE FROM changes WHERE at < ?", old);
    thinRefusals(db, now - REFUSAL_LIFE_MS);
    db.run("DELETE FROM notes WHERE at < ?", old);
    db.run("DELETE FROM approvals WHERE at < ?", old);
    // A secret that may still be alive in Entra stays ours, with the steps it took.
    db.run("DELETE FROM secrets WHERE at < ? AND end < ?", old, now);
    db.run("DELETE FROM passes WHERE started < ?", old);
    db.run(
      `DELETE FROM passes WHERE started < ? AND ended IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.pass = passes.id)
       AND NOT EXISTS (SELECT 1 FROM pass_realms
                       WHERE pass_realms.pass = passes.id AND ok IS NOT 1)
       AND id NOT IN (SELECT max(pass) FROM pass_realms WHERE ok = 1 GROUP BY realm)`,
      now - QUIET_PASS_LIFE_MS,
    );
    db.run("DELETE FROM holds WHERE at < ?", now - APPROVAL_LIFE_MS);
    db.run("DELETE FROM absent WHERE at < ?", now - ABSENT_LIFE_MS);
    db.run("DELETE FROM cache WHERE expires <= ?", now);
  });
}

/** Of what was refused before this moment only the first and the last of each kind stay. */
function thinRefusals(db: Database, before: number): void {
  db.run(
    `DELETE FROM changes WHERE id IN (
       SELECT id FROM (
         SELECT id, row_number() OVER first AS nth, row_number() OVER last AS from_end
         FROM changes WHERE outcome IN ('refused', 'failed') AND at < ?
         WINDOW same AS (PARTITION BY realm, kind, userid, grp, path, role, code),
                first AS (same ORDER BY id), last AS (same ORDER BY id DESC))
       WHERE nth > 1 AND from_end > 1)`,
    before,
  );
}
