/** All changes of one realm: accounts, memberships, groups and their ACL entries. */
import type { Finding } from "../errors.js";
import { accountChanges } from "./account.js";
import { aclChanges, grantsPrivilege } from "./acl-changes.js";
import type { Frame, Notes } from "./frame.js";
import type { ObjectId, PveUser, UserId } from "./facts.js";
import { groupChanges } from "./group-changes.js";
import type { GroupState } from "./group-state.js";
import { joinStops } from "./join-stops.js";
import { writeUserMark } from "./mark.js";
import { nameFields } from "./names.js";
import type { Change } from "./plan.js";
import { giveNeeds, giveSeat, seatsOf, wasTaken } from "./seats.js";
import type { Seat } from "./seats.js";
import { nameOf, standingOf } from "./standing.js";
import type { Standing } from "./standing.js";
import { parseUserMark } from "./mark.js";
import { realmOf } from "./userid.js";
import { skipIn } from "./roster.js";

/** One person of the realm, with an account or about to get one, and all their seats. */
export interface Sitting {
  readonly userid: UserId;
  readonly user?: PveUser;
  readonly standing?: Standing;
  readonly person?: ObjectId;
  readonly personName?: string;
  readonly seats: readonly Seat[];
}

type Doubted = Notes["doubted"];

export function realmChanges(frame: Frame, notes: Notes): readonly Change[] {
  const existing = existingSittings(frame);
  const fresh = newSittings(frame, existing);
  const sittings = [...existing, ...fresh];
  const stops = joinStops(frame, sittings, notes);
  reportSkipped(frame, notes);
  notes.doubted.push(...existing.flatMap((sitting) => doubtedSeats(frame, sitting)));
  return [
    ...groupChanges(frame, sittings, notes),
    ...aclChanges(frame, sittings, stops, notes),
    ...existing.flatMap((sitting) => existingChanges(frame, sitting, stops, notes)),
    ...fresh.flatMap((sitting) => newChanges(frame, sitting, stops, notes)),
  ];
}

function existingSittings(frame: Frame): readonly Sitting[] {
  const { roster, access } = frame;
  const granting = new Set([...frame.groups.values()].filter((one) => grantsPrivilege(frame, one)));
  const privilege = (group: GroupState): boolean => granting.has(group);
  return [...access.users.values()]
    .filter(({ userid }) => realmOf(userid) === roster.realm.name && userid !== access.ownUser)
    .map((user) => {
      const id = parseUserMark(user.comment).mark?.id ?? roster.holders.get(user.userid);
      const needs = id === undefined ? [] : giveNeeds(frame, id, user.userid, user, privilege);
      const standing = standingOf(frame, user, needs, false);
      const person = "person" in standing ? standing.person : undefined;
      return {
        userid: user.userid,
        user,
        standing,
        ...("id" in standing && standing.id !== undefined ? { person: standing.id } : {}),
        ...(person === undefined
          ? {}
          : { personName: person.displayName ?? person.userPrincipalName }),
        seats: seatsOf(frame, standing),
      };
    });
}

/** Seats that are kept only because nobody could ask: the next pass may well take them. */
function doubtedSeats({ roster }: Frame, { userid, user, standing, seats }: Sitting): Doubted {
  if (user === undefined || standing?.own?.kind !== "unknown") return [];
  const id = standing.mark?.id ?? roster.holders.get(userid);
  return seats
    .filter(({ has, want, group: { mapping } }) => {
      const listed = id !== undefined && mapping?.listed.has(id) === true;
      return has && want === "stay" && mapping?.complete === true && !listed;
    })
    .map(({ group }) => ({ group: group.id, userid }));
}

/** Listed people without an account of their name, successors of a re-used name among them. */
function newSittings(frame: Frame, existing: readonly Sitting[]): readonly Sitting[] {
  const { roster } = frame;
  const reused = new Set(
    existing.filter(({ standing }) => standing?.state === "reused").map(({ userid }) => userid),
  );
  const marks = new Map<ObjectId, UserId>();
  for (const { user } of existing) {
    const id = user && parseUserMark(user.comment).mark?.id;
    if (id !== undefined && user !== undefined) marks.set(id, user.userid);
  }
  return [...roster.holders].flatMap(([userid, id]) => {
    if (frame.access.users.has(userid) && !reused.has(userid)) return [];
    const person = roster.people.get(id);
    if (person?.accountEnabled !== true) return [];
    const seats = newSeats(frame, id, userid, reused.has(userid) || marks.has(id));
    if (seats.length === 0) return [];
    const personName = person.displayName ?? person.userPrincipalName;
    return [{ userid, person: id, personName, seats }];
  });
}

function newSeats(
  frame: Frame,
  id: ObjectId,
  userid: UserId,
  nameMustAgree: boolean,
): readonly Seat[] {
  const { roster } = frame;
  const person = roster.people.get(id);
  if (person === undefined) return [];
  const needs = giveNeeds(frame, id, userid, undefined, () => false);
  const asks = needs.length > 0 || nameMustAgree;
  const own = asks ? frame.ask.own({ by: "id", id }, needs) : undefined;
  if (own?.kind === "person" && !own.person.accountEnabled) return [];
  if (own?.kind === "deleted" || own?.kind === "absent") return [];
  if (nameMustAgree && (own?.kind !== "person" || nameOf(frame, own.person) !== userid)) return [];
  return (roster.listing.get(id) ?? []).flatMap((mapping) => {
    const group = frame.groups.get(mapping.config.name);
    if (group === undefined) return [];
    const mustAgree = mapping.privileged || wasTaken(frame, id, userid, undefined);
    const seat = giveSeat(frame, mapping, person, own, mustAgree);
    if (seat.want === "out") return [];
    return [{ group, has: false, cause: "removed" as const, ...seat }];
  });
}

function existingChanges(
  frame: Frame,
  sitting: Sitting,
  stops: ReadonlyMap<string, Finding>,
  notes: Notes,
): readonly Change[] {
  const { standing } = sitting;
  if (standing === undefined) return [];
  const account = accountChanges(frame, standing, sitting.seats, notes).filter((change) =>
    goesOn(frame, sitting, stops, change),
  );
  return [...account, ...membership(frame, sitting, stops, notes)];
}

/**
 * Where additions stop, removals go on, and so does the end of a moment, which gives nothing new.
 * Nobody is enabled for the sake of a group that they may not join.
 */
function goesOn(
  { roster }: Frame,
  { standing, seats }: Sitting,
  stops: ReadonlyMap<string, Finding>,
  change: Change,
): boolean {
  if (change.kind === "disable-user" || change.kind === "delete-user") return true;
  if (change.kind === "enable-user" && standing?.mark?.moment === true) return true;
  if (roster.stops.length > 0) return false;
  if (change.kind !== "enable-user") return true;
  return seats.some(({ want, has, group }) => want === "in" && (has || !stops.has(group.id)));
}

function newChanges(
  frame: Frame,
  sitting: Sitting,
  stops: ReadonlyMap<string, Finding>,
  notes: Notes,
): readonly Change[] {
  const joins = membership(frame, sitting, stops, notes);
  const person = sitting.person && frame.roster.people.get(sitting.person);
  if (joins.length === 0 || person === undefined) return [];
  const { realm } = frame.roster;
  const jit = sitting.seats.every(({ group }) => group.mapping?.config.justInTime === true);
  const { comment } = writeUserMark("", { id: person.id, moment: false, jit });
  return [
    {
      kind: "create-user",
      realm: realm.name,
      userid: sitting.userid,
      person: person.id,
      personName: person.displayName ?? person.userPrincipalName,
      fields: {
        enable: true,
        comment,
        ...(realm.names ? nameFields(person, undefined) : {}),
      },
      reason: sitting.seats.find(({ want }) => want === "in")?.reason ?? "",
    },
    ...joins,
  ];
}

function membership(
  frame: Frame,
  sitting: Sitting,
  stops: ReadonlyMap<string, Finding>,
  notes: Notes,
): readonly Change[] {
  return sitting.seats.flatMap((seat): Change[] => {
    if (seat.finding !== undefined) notes.findings.push(seat.finding);
    if (seat.want === "in" && !seat.has) {
      return stops.has(seat.group.id) ? [] : [{ ...common(frame, sitting, seat), kind: "join" }];
    }
    if (seat.want === "out" && seat.has) return leave(frame, sitting, seat, notes);
    return [];
  });
}

function leave(frame: Frame, sitting: Sitting, seat: Seat, notes: Notes): Change[] {
  const { group, cause } = seat;
  const held = leaveApproval(sitting, group);
  if (group.ownership === "foreign" && held === undefined) return [];
  if (group.privileged) openSessions(frame, sitting, group, notes);
  const counted = cause === "removed" && group.mapping?.config.justInTime === true ? "jit" : cause;
  return [
    {
      ...common(frame, sitting, seat),
      kind: "leave",
      losers: [sitting.userid],
      ...(group.privileged ? { privileged: true } : {}),
      ...(counted === "jit" || counted === "reused" ? {} : { counted }),
      ...(held === undefined ? {} : { needsApproval: held }),
      ...confirmLeave(sitting, group),
    },
  ];
}

/** In a group that is not (yet) ours nobody loses anything without an approval. */
function leaveApproval(sitting: Sitting, group: GroupState): string | undefined {
  if (group.disputed !== undefined) return group.disputed;
  if (group.ownership === "adopting" && !group.known) return `part of adopting ${group.id}`;
  const marked = sitting.user !== undefined && sitting.standing?.mark !== undefined;
  if (group.ownership === "foreign" && marked) {
    return `${group.id} has no mark, and the journal does not know it`;
  }
  return undefined;
}

function confirmLeave(sitting: Sitting, group: GroupState): Pick<Change, "confirm"> {
  const who = sitting.standing?.question;
  if (who === undefined || group.mapping === undefined) return {};
  // Who is skipped is in the group and loses it all the same: their object is all there is to ask.
  const skipped = sitting.person !== undefined && group.mapping.listed.has(sitting.person);
  return { confirm: { who, groups: skipped ? [] : group.mapping.entra } };
}

function openSessions(frame: Frame, sitting: Sitting, group: GroupState, notes: Notes): void {
  notes.findings.push({
    code: "SYNC_OPEN_SESSIONS",
    message: `${sitting.userid} leaves the privileged group ${group.id}`,
    realm: frame.roster.realm.name,
    subject: sitting.userid,
  });
}

function common(
  frame: Frame,
  sitting: Sitting,
  seat: Seat,
): Pick<Change, "realm" | "reason" | "person" | "personName" | "entraGroups"> & {
  readonly userid: UserId;
  readonly group: string;
} {
  return {
    realm: frame.roster.realm.name,
    userid: sitting.userid,
    group: seat.group.id,
    reason: seat.reason,
    ...(sitting.person === undefined ? {} : { person: sitting.person }),
    ...(sitting.personName === undefined ? {} : { personName: sitting.personName }),
    ...(seat.group.mapping === undefined ? {} : { entraGroups: seat.group.mapping.entra }),
  };
}

function reportSkipped(frame: Frame, notes: Notes): void {
  const { roster } = frame;
  for (const person of roster.people.values()) {
    const whys = new Set(
      (roster.listing.get(person.id) ?? []).flatMap(
        (mapping) => skipIn(roster, mapping, person)?.why ?? [],
      ),
    );
    for (const why of whys) {
      notes.skipped.push({ realm: roster.realm.name, who: person.userPrincipalName, why });
      notes.findings.push({
        code: "SYNC_PERSON_SKIPPED",
        message: `${person.userPrincipalName} (${person.id}) is given nothing: ${why}`,
        realm: roster.realm.name,
        subject: person.userPrincipalName,
      });
    }
  }
}
