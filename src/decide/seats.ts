/** Who is to be in which group: one seat for each person and each group that is ours. */
import type { Finding } from "../errors.js";
import type { Frame } from "./frame.js";
import type { ObjectId, OwnSide, Person, PveUser, UserId } from "./facts.js";
import type { GroupState } from "./group-state.js";
import { ruledOut, skipIn } from "./roster.js";
import type { Mapping } from "./roster.js";
import { ownSideIn } from "./standing.js";
import type { Standing } from "./standing.js";
import { parseUserMark } from "./mark.js";

export interface Seat {
  readonly group: GroupState;
  readonly has: boolean;
  /** `stay`: whatever it is now, because nothing is certain enough. */
  readonly want: "in" | "out" | "stay";
  readonly reason: string;
  /** How the guard counts it when it is lost. */
  readonly cause: "removed" | "disabled" | "renamed" | "reused";
  readonly finding?: Finding;
}

/** The seats of one existing user in every mapped group and every marked one without mapping. */
export function seatsOf(frame: Frame, standing: Standing): readonly Seat[] {
  const seats: Seat[] = [];
  for (const group of frame.groups.values()) {
    const has = standing.user.groups.includes(group.id);
    const seat = seatIn(frame, standing, group, has);
    if (seat !== undefined) seats.push({ group, has, ...seat });
  }
  return seats;
}

/**
 * The Entra groups about which a person's own side must agree before anything is given: what we
 * took before is not given back on one replica's word, and privileges never are.
 */
export function giveNeeds(
  frame: Frame,
  id: ObjectId,
  userid: UserId,
  user: PveUser | undefined,
  grantsPrivilege: (group: GroupState) => boolean,
): readonly ObjectId[] {
  return (frame.roster.listing.get(id) ?? [])
    .filter((mapping) => {
      const group = frame.groups.get(mapping.config.name);
      if (group === undefined) return false;
      if (user?.groups.includes(group.id) === true) {
        return grantsPrivilege(group) || isLeaver(user);
      }
      return mapping.privileged || wasTaken(frame, id, userid, user);
    })
    .flatMap(({ readable }) => readable);
}

/** Whether we ever took something from this person: then lagging replicas could give it back. */
export function wasTaken(
  frame: Frame,
  id: ObjectId,
  userid: UserId,
  user: PveUser | undefined,
): boolean {
  const { history } = frame;
  const mark = user === undefined ? undefined : parseUserMark(user.comment).mark;
  return history.takenFrom.has(id) || history.disabledByUs.has(userid) || mark?.left !== undefined;
}

/** Disabled by us: enabling them gives back whatever they are still in. */
function isLeaver({ enable, comment }: PveUser): boolean {
  return !enable && parseUserMark(comment).mark?.left !== undefined;
}

/** Whether a listed person may be given this mapping, as far as the person is concerned. */
export function giveSeat(
  frame: Frame,
  mapping: Mapping,
  person: Person,
  own: OwnSide | undefined,
  mustAgree: boolean,
): Pick<Seat, "want" | "reason" | "finding"> {
  const skip = skipIn(frame.roster, mapping, person);
  if (skip !== undefined) return { want: "out", reason: skip.why };
  if (mustAgree && ownSideIn(own, mapping) !== true) {
    const why = own?.kind === "unknown" ? own.finding.message : "their own side does not agree yet";
    const message = `${person.userPrincipalName} is not added to ${mapping.config.name}: ${why}`;
    return {
      want: "stay",
      reason: why,
      finding: disagrees(frame, person.userPrincipalName, message),
    };
  }
  return { want: "in", reason: `in ${mapping.label}` };
}

type Verdict = Pick<Seat, "want" | "reason" | "cause" | "finding">;

function seatIn(
  frame: Frame,
  standing: Standing,
  group: GroupState,
  has: boolean,
): Verdict | undefined {
  switch (standing.state) {
    case "asleep":
      return has ? orphaned(group) : undefined;
    case "unsure":
      if (!has) return { want: "stay", reason: "nothing is certain", cause: "removed" };
      return group.mapping === undefined ? orphaned(group) : unsureSeat(standing, group.mapping);
    case "gone":
      return has
        ? { want: "out", reason: `account ${standing.because} in Entra`, cause: "disabled" }
        : undefined;
    case "renamed":
      return has ? { want: "out", reason: "renamed in Entra", cause: "renamed" } : undefined;
    case "reused":
      return has
        ? { want: "out", reason: "another person has this name now", cause: "reused" }
        : undefined;
    case "active":
      return activeSeat(frame, standing, group, has);
  }
}

/** A marked group without a mapping holds nobody of ours: the configuration's own doing. */
function orphaned(group: GroupState): Verdict | undefined {
  if (group.mapping !== undefined) return undefined;
  return { want: "out", reason: `no mapping names ${group.id} any more`, cause: "removed" };
}

/**
 * What is unsure is the account: two sides that disagree about it may well agree that its person is
 * in none of a mapping's groups, and then they are out of it (P2).
 */
function unsureSeat({ own }: Standing, mapping: Mapping): Verdict {
  const outside = own?.kind === "person" && !mapping.listed.has(own.person.id);
  if (outside && mapping.complete && ownSideIn(own, mapping) === false) return noLonger(mapping);
  return { want: "stay", reason: "nothing is certain", cause: "removed" };
}

function noLonger(mapping: Mapping): Verdict {
  return {
    want: "out",
    reason: `no longer in ${mapping.label}: the list and their own side agree`,
    cause: "removed",
  };
}

function activeSeat(
  frame: Frame,
  standing: Standing & { state: "active" },
  group: GroupState,
  has: boolean,
): Verdict | undefined {
  const { mapping } = group;
  if (mapping === undefined) return has ? orphaned(group) : undefined;
  const { id, own, user } = standing;
  const listed = mapping.listed.has(id) ? frame.roster.people.get(id) : undefined;
  if (listed !== undefined && !has) {
    const mustAgree = mapping.privileged || wasTaken(frame, id, user.userid, user);
    const given = giveSeat(frame, mapping, listed, own, mustAgree);
    return given.want === "out" ? undefined : { ...given, cause: "removed" };
  }
  if (!has) return undefined;
  if (listed !== undefined) return keepListed(frame, mapping, listed, standing);
  return absentFromList(frame, standing, mapping);
}

function keepListed(
  frame: Frame,
  mapping: Mapping,
  listed: Person,
  { user, own }: Standing,
): Verdict {
  const stays: Verdict = { want: "in", reason: `in ${mapping.label}`, cause: "removed" };
  const skip = skipIn(frame.roster, mapping, listed);
  if (skip === undefined) {
    if (!isLeaver(user) || ownSideIn(own, mapping) === true) return stays;
    const message = `${user.userid} stays disabled: their own side does not say ${mapping.config.name}`;
    return { ...stays, want: "stay", finding: disagrees(frame, user.userid, message) };
  }
  const confirmed = own?.kind === "person" && ruledOut(frame.roster, mapping, own.person);
  if (!skip.left || !confirmed) return { ...stays, want: "stay", reason: skip.why };
  return { want: "out", reason: skip.why, cause: "removed" };
}

function absentFromList(
  frame: Frame,
  standing: Standing & { state: "active" },
  mapping: Mapping,
): Verdict {
  const { user, own } = standing;
  const stay = (why: string, finding?: Finding): Verdict => ({
    want: "stay",
    reason: why,
    cause: "removed",
    ...(finding === undefined ? {} : { finding }),
  });
  if (!mapping.complete) return stay("the Entra group could not be read whole");
  const inside = ownSideIn(own, mapping);
  if (inside === false) return noLonger(mapping);
  const why =
    inside === true
      ? "the list lacks them, their own side says member"
      : own?.kind === "unknown"
        ? own.finding.message
        : "their own side did not say";
  const message = `${user.userid} stays in ${mapping.config.name}: ${why}`;
  return stay(why, disagrees(frame, user.userid, message));
}

function disagrees(frame: Frame, subject: string, message: string): Finding {
  return { code: "SYNC_DISAGREES", message, realm: frame.roster.realm.name, subject };
}
