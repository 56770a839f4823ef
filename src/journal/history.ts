/** The journal as the decisions see it: `History` of decide/facts.ts. */
import type { GroupId, History, Loss, ObjectId, Passage, UserId } from "../decide/facts.js";
import { aclKey } from "../decide/facts.js";
import type { Absent } from "./absent.js";
import type { Approvals } from "./approvals.js";
import type { Database } from "./database.js";
import type { Leavers } from "./leavers.js";
import type { PassId } from "./types.js";

const DAY_MS = 24 * 3_600_000;

/** What surely did not happen is no loss and no join; everything else may have. */
const MAY_HAVE_HAPPENED = "outcome NOT IN ('refused', 'failed')";

/** `pass`: the pass under way, whose own 404s do not confirm themselves. */
export function readHistory(
  db: Database,
  parts: { readonly approvals: Approvals; readonly absent: Absent; readonly leavers: Leavers },
  now: number,
  pass: PassId | undefined,
): History {
  return {
    since: Number(db.get<{ value: string }>("SELECT value FROM meta WHERE key = 'since'")?.value),
    losses: losses(db, now - DAY_MS),
    joins: joins(db, now - DAY_MS),
    leaves: leaves(db, now - DAY_MS),
    ownAcl: ownAcl(db),
    ownGroups: column<GroupId>(db, "SELECT grp AS value FROM own_groups"),
    knownUsers: column<UserId>(db, "SELECT userid AS value FROM known_users"),
    takenFrom: column<ObjectId>(db, "SELECT person AS value FROM taken_from"),
    disabledByUs: disabledByUs(db),
    inMoment: column<UserId>(
      db,
      "SELECT userid AS value FROM disabled WHERE moment = 1 AND enabled_again = 0",
    ),
    enabledAgain: column<UserId>(
      db,
      "SELECT userid AS value FROM disabled WHERE enabled_again = 1",
    ),
    lostPrivilege: column<UserId>(db, "SELECT DISTINCT userid AS value FROM lost_privilege"),
    leftSeen: parts.leavers.seen(),
    absentBefore: parts.absent.heardBefore(pass),
    approvals: parts.approvals.inForce(now),
  };
}

/** One for each person, group and cause, with the latest moment. */
function losses(db: Database, after: number): readonly Loss[] {
  const rows = db.all<{
    at: number;
    realm: string;
    grp: string;
    userid: UserId;
    cause: Loss["cause"];
    approved: number;
  }>(
    `SELECT max(losses.at) AS at, losses.realm, losses.grp, losses.userid, cause, losses.approved
     FROM losses JOIN changes ON changes.id = losses.change
     WHERE losses.at > ? AND ${MAY_HAVE_HAPPENED}
     GROUP BY losses.realm, losses.grp, losses.userid, cause, losses.approved
     ORDER BY 1, losses.realm, losses.grp, losses.userid`,
    after,
  );
  return rows.map(({ at, realm, grp, userid, cause, approved }) => ({
    at,
    realm,
    ...(grp === "" ? {} : { group: grp }),
    userid,
    cause,
    approved: approved === 1,
  }));
}

function joins(db: Database, after: number): readonly Passage[] {
  return db.all<{ at: number; group: GroupId; userid: UserId }>(
    `SELECT max(at) AS at, json_each.value AS "group", userid
     FROM changes, json_each(changes.joins)
     WHERE at > ? AND userid IS NOT NULL AND ${MAY_HAVE_HAPPENED}
     GROUP BY json_each.value, userid ORDER BY 1, 2, 3`,
    after,
  );
}

function leaves(db: Database, after: number): readonly Passage[] {
  return db.all<{ at: number; group: GroupId; userid: UserId }>(
    `SELECT max(at) AS at, grp AS "group", userid FROM changes
     WHERE at > ? AND kind = 'leave' AND ${MAY_HAVE_HAPPENED}
     GROUP BY grp, userid ORDER BY 1, 2, 3`,
    after,
  );
}

function ownAcl(db: Database): ReadonlySet<string> {
  const rows = db.all<{ path: string; ugid: string; role: string }>(
    "SELECT path, grp AS ugid, role FROM own_acl",
  );
  return new Set(rows.map(aclKey));
}

function disabledByUs(db: Database): ReadonlyMap<UserId, number> {
  const rows = db.all<{ userid: UserId; at: number }>(
    "SELECT userid, at FROM disabled WHERE enabled_again = 0",
  );
  return new Map(rows.map(({ userid, at }) => [userid, at]));
}

function column<T extends string>(db: Database, sql: string): ReadonlySet<T> {
  return new Set(db.all<{ value: T }>(sql).map(({ value }) => value));
}
