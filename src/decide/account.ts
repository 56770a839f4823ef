/** What becomes of one existing account: its mark, its names, whether it is enabled, its end. */
import type { Finding } from "../errors.js";
import type { Frame, Notes } from "./frame.js";
import { neverDisabled, reusedChanges, sleeping } from "./account-end.js";
import { commentField, named } from "./account-fields.js";
import { goneChanges, leftChanges, renamedChanges } from "./account-leaving.js";
import type { ObjectId, Person, PveUser } from "./facts.js";
import type { UserMark } from "./mark.js";
import { nameFields } from "./names.js";
import type { Change, UserFields } from "./plan.js";
import { skipIn } from "./roster.js";
import type { Seat } from "./seats.js";
import type { Standing } from "./standing.js";

/** Changes of the account itself; what happens to its groups is decided by its seats. */
export function accountChanges(
  frame: Frame,
  standing: Standing,
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  const doubt = standing.contested ?? (standing.state === "unsure" ? standing.finding : undefined);
  if (doubt !== undefined) notes.findings.push(about(frame, standing, doubt));
  switch (standing.state) {
    case "unsure":
      if (standing.mark === undefined) unmanaged(frame, standing.user, notes);
      return [];
    case "asleep":
      return sleeping(frame, standing.user, standing.mark, seats, notes);
    case "gone":
      return goneChanges(frame, standing, seats, notes);
    case "renamed":
      return renamedChanges(frame, standing, seats, notes);
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
  if (seats.some(({ want }) => want === "stay") || listedAnywhere(frame, id, person)) return [];
  if (mark === undefined && !strippedOfMark(frame, user, seats)) {
    unmanaged(frame, user, notes);
    return [];
  }
  if (frame.roster.mappings.some(({ complete }) => !complete)) return [];
  const marked = { ...standing, mark: mark ?? { id, moment: false, jit: false } };
  return leftChanges(frame, marked, seats, notes, person);
}

/**
 * Somebody of ours whose mark is gone is nobody's, and keeps the account: but not after losing a
 * privileged mapping, for with its rights they could have taken the mark away themselves.
 */
function strippedOfMark(
  { history }: Frame,
  { userid, enable }: PveUser,
  seats: readonly Seat[],
): boolean {
  if (!enable || !history.knownUsers.has(userid)) return false;
  return (
    history.lostPrivilege.has(userid) || seats.some(({ has, group }) => has && group.privileged)
  );
}

function listedAnywhere({ roster }: Frame, id: ObjectId, person: Person): boolean {
  const listed = roster.people.get(id) ?? person;
  return roster.mappings.some(
    (mapping) => mapping.listed.has(id) && skipIn(roster, mapping, listed)?.left !== true,
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
  if (ours && !neverDisabled(frame, user)) return agreed;
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

function fieldsReason(fields: UserFields, mark: UserMark | undefined): string {
  const names = Object.keys(fields).filter((name) => name !== "comment");
  if (fields.comment !== undefined) names.push(mark === undefined ? "our mark" : "the mark");
  return `${names.join(", ")} as in Entra`;
}

function unmanaged(frame: Frame, user: PveUser, notes: Notes): void {
  if (user.enable) notes.unmanaged.push({ realm: frame.roster.realm.name, userid: user.userid });
}

function about(frame: Frame, standing: Standing, finding: Finding): Finding {
  return { ...finding, realm: frame.roster.realm.name, subject: standing.user.userid };
}
