/** What becomes of one existing account: its mark, its names, whether it is enabled, its end. */
import type { Finding } from "../errors.js";
import type { Frame, Notes } from "./frame.js";
import { clockIsOff, dayOf } from "./frame.js";
import type { ObjectId, Person, PveUser, Question } from "./facts.js";
import { writeUserMark } from "./mark.js";
import type { UserMark } from "./mark.js";
import { nameFields } from "./names.js";
import type { Change, UserFields } from "./plan.js";
import type { Seat } from "./seats.js";
import { standingOf } from "./standing.js";
import type { Standing } from "./standing.js";

/** Changes of the account itself; what happens to its groups is decided by its seats. */
export function accountChanges(
  frame: Frame,
  standing: Standing,
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  switch (standing.state) {
    case "unsure":
      if (standing.finding !== undefined)
        notes.findings.push(about(frame, standing, standing.finding));
      if (standing.mark === undefined) unmanaged(frame, standing.user, notes);
      return [];
    case "asleep":
      return aged(frame, standing.user, standing.mark, notes);
    case "gone":
      return goneChanges(frame, standing, seats, notes);
    case "renamed":
      return renamedChanges(frame, standing, notes);
    case "reused":
      return reusedChanges(frame, standing, notes);
    case "active":
      return activeChanges(frame, standing, seats, notes);
  }
}

function activeChanges(
  frame: Frame,
  standing: Standing & { state: "active" },
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  const { user, mark, id, person } = standing;
  const belongs = seats.some(({ want, has }) => want === "in" || (want === "stay" && has));
  if (belongs) return presentChanges(frame, standing, seats, notes);
  // Wanted by a list that their own side does not confirm yet: neither given nor taken.
  if (seats.some(({ want }) => want === "stay") || listedAnywhere(frame, id)) return [];
  if (mark === undefined) {
    unmanaged(frame, user, notes);
    return [];
  }
  if (frame.roster.mappings.some(({ complete }) => !complete)) return [];
  return leftChanges(frame, standing, seats, notes, person);
}

function listedAnywhere(frame: Frame, id: ObjectId): boolean {
  return frame.roster.mappings.some(
    ({ listed }) => listed.has(id) && frame.roster.skipped.get(id)?.left !== true,
  );
}

/** Somebody who is in at least one mapping: mark, names, and enabled again where we disabled. */
function presentChanges(
  frame: Frame,
  standing: Standing & { state: "active" },
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  const { user, mark, id, person, text } = standing;
  const { realm } = frame.roster;
  const agreed = seats.some(({ want }) => want === "in");
  const onlyJit = seats
    .filter(({ want }) => want !== "out")
    .every(({ group }) => group.mapping?.config.justInTime === true);
  const jit = onlyJit && (mark === undefined || mark.jit);
  const back = comesBack(frame, standing, agreed, notes);
  const moment = mark?.moment === true && !user.enable && !back;
  const left = mark?.left !== undefined && !user.enable && !back ? mark.left : undefined;
  const wanted: UserMark = { id, moment, jit, ...(left === undefined ? {} : { left }) };
  const fields: UserFields = {
    ...(realm.names ? nameFields(person, user) : {}),
    ...commentField(frame, user, text, wanted, notes),
  };
  const common = { realm: realm.name, userid: user.userid, ...named(id, person) };
  if (back) {
    const reason = mark?.moment === true ? "the moment is over" : "back in a mapped Entra group";
    return [{ ...common, kind: "enable-user", fields: { ...fields, enable: true }, reason }];
  }
  if (Object.keys(fields).length === 0) return [];
  return [{ ...common, kind: "update-user", fields, reason: fieldsReason(fields, mark) }];
}

/**
 * Only whom we disabled is enabled again. A mark alone proves little, for it can be forged: a
 * journal that knows the user and not our disabling speaks against it.
 */
function comesBack(
  frame: Frame,
  standing: Standing & { state: "active" },
  agreed: boolean,
  notes: Notes,
): boolean {
  const { user, mark } = standing;
  if (user.enable) return false;
  const ours = mark?.left !== undefined || mark?.moment === true;
  const contradicted =
    frame.history.knownUsers.has(user.userid) && !frame.history.disabledByUs.has(user.userid);
  if (ours && !contradicted) return agreed;
  const why = ours
    ? "the journal does not know of disabling them"
    : "an administrator disabled them";
  notes.findings.push({
    code: "SYNC_STAYS_DISABLED",
    message: `${user.userid} stays disabled: ${why}`,
    realm: frame.roster.realm.name,
    subject: user.userid,
  });
  return false;
}

/** Somebody who is in no mapping any more. */
function leftChanges(
  frame: Frame,
  standing: Standing & { state: "active" },
  seats: readonly Seat[],
  notes: Notes,
  person: Person,
): readonly Change[] {
  const { user, mark, text, id } = standing;
  const { realm } = frame.roster;
  if (mark === undefined) return [];
  if (!user.enable) return mark.left === undefined ? [] : aged(frame, user, mark, notes);
  const why = keptBecause(frame, user, mark, seats);
  if (why !== undefined) {
    notes.kept.push({ realm: realm.name, userid: user.userid, why });
    return [];
  }
  const everyGroup = frame.roster.mappings.flatMap(({ entra }) => entra);
  const confirmed = standingOf(frame, user, everyGroup, true);
  if (confirmed.state !== "active" || inAnyMapping(frame, confirmed)) return [];
  const common = {
    realm: realm.name,
    userid: user.userid,
    ...named(id, person),
    losers: [user.userid],
    counted: "removed" as const,
    confirm: { who: { by: "id", id }, groups: everyGroup } satisfies Question,
  };
  const reason = "in no mapped Entra group any more";
  if (realm.onLeave === "delete") {
    if (clockIsOff(frame.time)) return waitsForClock(frame, user, notes);
    return [{ ...common, kind: "delete-user", because: "left", reason }];
  }
  const fields = leaverFields(frame, user, text, { id, jit: mark.jit }, notes);
  return [{ ...common, kind: "disable-user", because: "left", fields, reason }];
}

function inAnyMapping(frame: Frame, standing: Standing): boolean {
  const { own } = standing;
  if (own?.kind !== "person") return true;
  return frame.roster.mappings.some(({ entra }) => entra.some((group) => own.memberOf.has(group)));
}

/** Why an account outside all mappings stays enabled; undefined: it does not. */
function keptBecause(
  frame: Frame,
  user: PveUser,
  mark: UserMark,
  seats: readonly Seat[],
): string | undefined {
  if (mark.left !== undefined) return "an administrator enabled the account again";
  if (frame.roster.realm.onLeave === "keep") return 'on_leave = "keep"';
  if (mark.jit) return "only just-in-time mappings ever brought them";
  if (seats.some(({ has, group }) => has && group.privileged)) return undefined;
  const manual = user.groups.filter((group) => !frame.groups.has(group));
  if (manual.length > 0) return `in the manual group ${manual.join(", ")}`;
  const entries = frame.access.acl.filter(
    ({ type, ugid }) =>
      (type === "user" && ugid === user.userid) ||
      (type === "token" && ugid.startsWith(`${user.userid}!`)),
  );
  if (entries.length === 0) return undefined;
  return `has ACL entries of their own at ${entries.map(({ path }) => path).join(", ")}`;
}

function goneChanges(
  frame: Frame,
  standing: Standing & { state: "gone" },
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  const { user, mark, id, because } = standing;
  const { realm } = frame.roster;
  const reason = `account ${because} in Entra`;
  if (!user.enable) return aged(frame, user, mark, notes);
  const ours = mark !== undefined || seats.some(({ has }) => has) || listed(frame, id);
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
function renamedChanges(
  frame: Frame,
  standing: Standing & { state: "renamed" },
  notes: Notes,
): readonly Change[] {
  const { user, mark, id, person, text } = standing;
  if (mark === undefined) return [];
  if (!user.enable) return aged(frame, user, mark, notes);
  const { realm } = frame.roster;
  notes.findings.push({
    code: "SYNC_RENAMED",
    message: `${user.userid} is now ${person.userPrincipalName}; ${leftBehind(frame, user)}`,
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
      reason: `renamed in Entra to ${person.userPrincipalName}`,
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

/** Disabled at once, then deleted, so that tokens, entries and TFA of the predecessor die. */
function reusedChanges(
  frame: Frame,
  standing: Standing & { state: "reused" },
  notes: Notes,
): readonly Change[] {
  const { user, id, successor } = standing;
  const { realm } = frame.roster;
  const reason = `Entra gives this name to another person now (${successor})`;
  const common = { realm: realm.name, userid: user.userid, person: id, losers: [user.userid] };
  notes.findings.push({
    code: "SYNC_NAME_REUSED",
    message: `${user.userid} was ${id} and is now ${successor}`,
    realm: realm.name,
    subject: user.userid,
  });
  const disable: readonly Change[] = user.enable
    ? [{ ...common, kind: "disable-user", because: "reused", fields: { enable: false }, reason }]
    : [];
  if (clockIsOff(frame.time)) return [...disable, ...waitsForClock(frame, user, notes)];
  return [
    ...disable,
    {
      ...common,
      kind: "delete-user",
      because: "reused",
      reason,
      counted: "renamed",
      confirm: { who: { by: "id", id: successor }, groups: [] },
    },
  ];
}

/** Deletes whom we disabled long enough ago, when they still are in no mapping. */
function aged(
  frame: Frame,
  user: PveUser,
  mark: UserMark | undefined,
  notes: Notes,
): readonly Change[] {
  const { realm } = frame.roster;
  const after = realm.deleteAfterSeconds;
  if (mark?.left === undefined || user.enable || after === undefined) return [];
  const since = leftSince(frame, user, mark.left, notes);
  if (since === undefined || frame.time.now < since + after * 1000) return [];
  if (clockIsOff(frame.time)) return waitsForClock(frame, user, notes);
  const everyGroup = frame.roster.mappings.flatMap(({ entra }) => entra);
  const standing = standingOf(frame, user, everyGroup, true);
  const out =
    standing.state === "gone" ||
    standing.state === "renamed" ||
    (standing.state === "active" && !inAnyMapping(frame, standing));
  if (!out) return [];
  return [
    {
      kind: "delete-user",
      realm: realm.name,
      userid: user.userid,
      person: mark.id,
      because: "aged",
      reason: `disabled on ${dayOf(since)}, and delete_after has passed`,
      ...confirmation(standing),
    },
  ];
}

/** The date in a mark can be forged to hasten a deletion: it counts where the journal has it. */
function leftSince(frame: Frame, user: PveUser, left: string, notes: Notes): number | undefined {
  const ours = frame.history.disabledByUs.get(user.userid);
  if (ours !== undefined && dayOf(ours) === left) return ours;
  const seen = frame.history.leftSeen.get(user.userid);
  if (seen === undefined) notes.leavers.push(user.userid);
  return seen;
}

function waitsForClock(frame: Frame, user: PveUser, notes: Notes): readonly Change[] {
  const minutes = Math.round(frame.time.localOffsetMs / 60_000);
  notes.findings.push({
    code: "SYNC_CLOCK_OFF",
    message: `the local clock is off by ${minutes} min: ${user.userid} is not deleted`,
    realm: frame.roster.realm.name,
    subject: user.userid,
  });
  return [];
}

function leaverFields(
  frame: Frame,
  user: PveUser,
  text: string,
  mark: { readonly id: ObjectId; readonly jit: boolean },
  notes: Notes,
): UserFields {
  const wanted: UserMark = { ...mark, moment: false, left: dayOf(frame.time.now) };
  return { enable: false, ...commentField(frame, user, text, wanted, notes) };
}

function commentField(
  frame: Frame,
  user: PveUser,
  text: string,
  mark: UserMark,
  notes: Notes,
): UserFields {
  const { comment, fits } = writeUserMark(text, mark);
  if (!fits) {
    notes.findings.push({
      code: "SYNC_COMMENT_FULL",
      message: `the comment of ${user.userid} has no room for the mark`,
      realm: frame.roster.realm.name,
      subject: user.userid,
    });
  }
  return comment === user.comment ? {} : { comment };
}

function fieldsReason(fields: UserFields, mark: UserMark | undefined): string {
  const names = Object.keys(fields).filter((name) => name !== "comment");
  if (fields.comment !== undefined) names.push(mark === undefined ? "our mark" : "the mark");
  return `${names.join(", ")} as in Entra`;
}

function named(
  id: ObjectId | undefined,
  person: Person | undefined,
): { person?: ObjectId; personName?: string } {
  return {
    ...(id === undefined ? {} : { person: id }),
    ...(person === undefined ? {} : { personName: person.displayName ?? person.userPrincipalName }),
  };
}

function confirmation(standing: Standing): { confirm?: Question } {
  return standing.question === undefined ? {} : { confirm: { who: standing.question, groups: [] } };
}

function unmanaged(frame: Frame, user: PveUser, notes: Notes): void {
  if (user.enable) notes.unmanaged.push({ realm: frame.roster.realm.name, userid: user.userid });
}

function about(frame: Frame, standing: Standing, finding: Finding): Finding {
  return { ...finding, realm: frame.roster.realm.name, subject: standing.user.userid };
}
