/**
 * What holds from now on because of one change. Where the outcome is unknown, each fact takes the
 * side that takes nothing from anybody by mistake and lets nobody in by mistake.
 */
import type { Database } from "./database.js";
import type { Outcome } from "./types.js";
import type { Change } from "../decide/plan.js";

interface Settled {
  readonly kind: Change["kind"];
  readonly outcome: Outcome;
  readonly at: number;
  readonly userid: string | null;
  readonly grp: string | null;
  readonly path: string | null;
  readonly role: string | null;
  readonly enable: 0 | 1 | null;
  readonly person: string | null;
  readonly moment: 0 | 1;
  readonly privileged: 0 | 1;
  /** Groups that the change lets its user into, as JSON. */
  readonly joins: string;
}

/** Brings the lasting facts up to date with a change that was just settled. */
export function hold(db: Database, id: number): void {
  const change = db.get<Settled>(
    `SELECT kind, outcome, at, userid, grp, path, role, enable, person, moment, privileged, joins
     FROM changes WHERE id = ?`,
    id,
  );
  if (!change || change.outcome === "refused" || change.outcome === "failed") return;
  holdUser(db, change);
  holdEnable(db, change);
  holdTaken(db, change);
  holdPrivilege(db, change);
  holdGroup(db, change);
  holdEntry(db, change);
}

function holdUser(db: Database, { userid }: Settled): void {
  if (userid !== null) db.run("INSERT OR IGNORE INTO known_users (userid) VALUES (?)", userid);
}

/** An enabling with unknown outcome leaves the user ours to enable again. */
function holdEnable(db: Database, change: Settled): void {
  const { kind, outcome, at, userid, enable, moment } = change;
  if (userid === null) return;
  const told = outcome === "done" && (enable !== null || kind === "delete-user");
  if (told) db.run("DELETE FROM left_seen WHERE userid = ?", userid);
  if (enable === 0) {
    db.run(
      "INSERT OR REPLACE INTO disabled (userid, at, moment) VALUES (?, ?, ?)",
      userid,
      at,
      moment,
    );
  } else if (told) {
    db.run("DELETE FROM disabled WHERE userid = ?", userid);
  }
}

/** The moment's disabling (P3) takes nothing away that is not given back at once. */
function holdTaken(db: Database, { kind, person, moment }: Settled): void {
  const takes =
    kind === "leave" || kind === "delete-user" || (kind === "disable-user" && moment === 0);
  if (takes && person !== null) {
    db.run("INSERT OR IGNORE INTO taken_from (person) VALUES (?)", person);
  }
}

/** Who may have lost a privileged group lost it, until they surely are in it again or are deleted. */
function holdPrivilege(
  db: Database,
  { kind, outcome, userid, grp, privileged, joins }: Settled,
): void {
  if (userid === null) return;
  if (privileged === 1 && grp !== null) {
    db.run("INSERT OR IGNORE INTO lost_privilege (userid, grp) VALUES (?, ?)", userid, grp);
  } else if (outcome === "done" && kind === "delete-user") {
    db.run("DELETE FROM lost_privilege WHERE userid = ?", userid);
  } else if (outcome === "done") {
    db.run(
      `DELETE FROM lost_privilege
       WHERE userid = ? AND grp IN (SELECT value FROM json_each(?))`,
      userid,
      joins,
    );
  }
}

/**
 * Only what surely happened makes a group ours: had the answer been lost and an administrator made
 * a group of that name meanwhile, it would be theirs (P6).
 */
function holdGroup(db: Database, { kind, outcome, grp }: Settled): void {
  if (grp === null || outcome !== "done") return;
  if (kind === "create-group" || kind === "adopt-group") {
    db.run("INSERT OR IGNORE INTO own_groups (grp) VALUES (?)", grp);
  } else if (kind === "delete-group") {
    db.run("DELETE FROM own_groups WHERE grp = ?", grp);
    // PVE deletes the entries of a group together with it.
    db.run("DELETE FROM own_acl WHERE grp = ?", grp);
  }
}

/** An entry is ours from the first try to write it until it is surely gone. */
function holdEntry(db: Database, { kind, outcome, grp, path, role }: Settled): void {
  if (grp === null || path === null || role === null) return;
  if (kind === "grant") {
    db.run("INSERT OR IGNORE INTO own_acl (path, grp, role) VALUES (?, ?, ?)", path, grp, role);
  } else if (outcome === "done") {
    db.run("DELETE FROM own_acl WHERE path = ? AND grp = ? AND role = ?", path, grp, role);
  }
}
