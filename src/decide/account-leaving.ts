/** Accounts of those who left every mapping, are disabled or deleted in Entra, or renamed there. */
import type { Frame, Notes } from "./frame.js";
import { clockIsOff } from "./frame.js";
import { sleeping, waitsForClock } from "./account-end.js";
import { confirmation, leaverFields, named } from "./account-fields.js";
import {
  ENABLED_AGAIN,
  groupsThatBring,
  inAnyMapping,
  isEnabledAgain,
  keptBecause,
  noteKept,
  staysJit,
} from "./account-kept.js";
import type { ObjectId, Person, PveUser, Question } from "./facts.js";
import type { Change } from "./plan.js";
import { readGroups } from "./roster.js";
import type { Seat } from "./seats.js";
import { nameOf, standingOf } from "./standing.js";
import type { Standing } from "./standing.js";

/** Somebody who is in no mapping any more. */
export function leftChanges(
  frame: Frame,
  standing: Standing & { state: "active" },
  seats: readonly Seat[],
  notes: Notes,
  person: Person,
): readonly Change[] {
  const { user, mark, text, id } = standing;
  const { realm } = frame.roster;
  if (mark === undefined) return [];
  if (!user.enable) return sleeping(frame, user, mark, seats, notes);
  const why = keptBecause(frame, user, mark, seats);
  if (why !== undefined) {
    noteKept(frame, user, why, notes);
    return [];
  }
  const confirmed = standingOf(frame, user, readGroups(frame.roster), true);
  if (confirmed.state !== "active" || inAnyMapping(frame, confirmed)) return [];
  const common = {
    realm: realm.name,
    userid: user.userid,
    ...named(id, person),
    losers: [user.userid],
    counted: "removed" as const,
    confirm: {
      who: { by: "id", id },
      groups: groupsThatBring(frame, confirmed),
    } satisfies Question,
  };
  const reason = "in no mapped Entra group any more";
  if (realm.onLeave === "delete") {
    if (clockIsOff(frame.time)) return waitsForClock(frame, user, notes);
    return [{ ...common, kind: "delete-user", because: "left", reason }];
  }
  const jit = staysJit(frame, mark, seats);
  const fields = leaverFields(frame, user, text, { id, jit }, notes);
  return [{ ...common, kind: "disable-user", because: "left", fields, reason }];
}

export function goneChanges(
  frame: Frame,
  standing: Standing & { state: "gone" },
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  const { user, mark, id, because } = standing;
  const { realm } = frame.roster;
  const reason = `account ${because} in Entra`;
  if (!user.enable) return sleeping(frame, user, mark, seats, notes);
  const ours =
    mark !== undefined ||
    seats.some(({ has }) => has) ||
    listed(frame, id) ||
    // Theirs was the account of a mapping, whatever became of the mark.
    frame.history.knownUsers.has(user.userid);
  if (!ours && realm.unmarked === "report") {
    notes.unmanaged.push({ realm: realm.name, userid: user.userid });
    notes.findings.push({
      code: "SYNC_UNMARKED_USER",
      message: `${user.userid} is enabled in PVE, and ${because === "deleted" ? "unknown to" : "disabled in"} Entra`,
      realm: realm.name,
      subject: user.userid,
    });
    return [];
  }
  const fields =
    id === undefined
      ? { enable: false }
      : leaverFields(frame, user, standing.text, { id, jit: mark?.jit ?? false }, notes);
  return [
    {
      kind: "disable-user",
      realm: realm.name,
      userid: user.userid,
      ...named(id, standing.person),
      because,
      fields,
      reason,
      losers: [user.userid],
      counted: "disabled",
      ...confirmation(standing),
    },
  ];
}

function listed(frame: Frame, id: ObjectId | undefined): boolean {
  return id !== undefined && frame.roster.people.has(id);
}

/** The old name of somebody renamed. An account without our mark is not ours to disable. */
export function renamedChanges(
  frame: Frame,
  standing: Standing & { state: "renamed" },
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  const { user, mark, id, person, text } = standing;
  if (mark === undefined) return [];
  if (!user.enable) return sleeping(frame, user, mark, seats, notes);
  const { realm } = frame.roster;
  if (isEnabledAgain(frame, user, mark, seats)) {
    noteKept(frame, user, ENABLED_AGAIN, notes);
    return [];
  }
  const name = nameOf(frame, person) ?? person.userPrincipalName;
  notes.findings.push({
    code: "SYNC_RENAMED",
    message: `${user.userid} is now ${name}; ${leftBehind(frame, user)}`,
    realm: realm.name,
    subject: user.userid,
  });
  return [
    {
      kind: "disable-user",
      realm: realm.name,
      userid: user.userid,
      ...named(id, person),
      because: "renamed",
      fields: leaverFields(frame, user, text, { id, jit: mark.jit }, notes),
      reason: `renamed in Entra: now ${name}`,
      losers: [user.userid],
      counted: "renamed",
      ...confirmation(standing),
    },
  ];
}

function leftBehind(frame: Frame, user: PveUser): string {
  const groups = user.groups.filter((group) => !frame.groups.has(group));
  const entries = frame.access.acl.filter(({ ugid }) => ugid === user.userid);
  const parts = [
    ...(groups.length > 0 ? [`manual groups ${groups.join(", ")}`] : []),
    ...(entries.length > 0 ? [`ACL entries at ${entries.map(({ path }) => path).join(", ")}`] : []),
    ...(user.tokens.length > 0 ? [`tokens ${user.tokens.map((t) => t.tokenid).join(", ")}`] : []),
  ];
  return parts.length === 0
    ? "nothing else stays behind"
    : `what stays behind: ${parts.join("; ")}`;
}
