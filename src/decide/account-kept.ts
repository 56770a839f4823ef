/** Who is in no mapping any more, and who of them keeps the account all the same. */
import type { Frame, Notes } from "./frame.js";
import type { ObjectId, PveUser } from "./facts.js";
import type { UserMark } from "./mark.js";
import { ruledOut } from "./roster.js";
import type { Seat } from "./seats.js";
import type { Standing } from "./standing.js";

export const ENABLED_AGAIN = "an administrator enabled the account again";

/** Why an account outside all mappings stays enabled; undefined: it does not. */
export function keptBecause(
  frame: Frame,
  user: PveUser,
  mark: UserMark,
  seats: readonly Seat[],
): string | undefined {
  if (isEnabledAgain(frame, user, mark, seats)) return ENABLED_AGAIN;
  if (frame.roster.realm.onLeave === "keep") return 'on_leave = "keep"';
  if (staysJit(frame, mark, seats)) return "only just-in-time mappings ever brought them";
  if (seats.some(({ has, group }) => has && group.privileged)) return undefined;
  if (lostPrivilege(frame, user)) return undefined;
  return ownBelongings(frame, user);
}

/**
 * Enabled, with the mark of somebody whom we disabled. Whoever is about to leave could forge it to
 * stay: a journal that knows them and no disabling of ours speaks against it, and where it knows
 * nothing, a group of ours that they are still in, which nobody is whom we disabled.
 */
export function isEnabledAgain(
  { history }: Frame,
  { userid }: PveUser,
  mark: UserMark,
  seats: readonly Seat[],
): boolean {
  if (mark.left === undefined) return false;
  if (history.disabledByUs.has(userid) || history.enabledAgain.has(userid)) return true;
  return !history.knownUsers.has(userid) && !seats.some(({ has }) => has);
}

/**
 * Whether only just-in-time mappings ever brought them, as the mark says. It says nothing in a realm
 * that has none any more, and not the truth about a member of any other mapping.
 */
export function staysJit({ roster }: Frame, mark: UserMark, seats: readonly Seat[]): boolean {
  return (
    mark.jit &&
    roster.mappings.some(({ config }) => config.justInTime) &&
    !seats.some(({ has, group }) => has && group.mapping?.config.justInTime === false)
  );
}

/**
 * The last mapping may lapse long after the privileged one, be it that a group could not be read or
 * that something was held: and what they gave themselves while they could is theirs for as long.
 */
function lostPrivilege({ history }: Frame, { userid }: PveUser): boolean {
  return history.lostPrivilege.has(userid);
}

/** Who is kept for what they have of their own is also told, for that may not be meant. */
export function noteKept(frame: Frame, user: PveUser, why: string, notes: Notes): void {
  const realm = frame.roster.realm.name;
  notes.kept.push({ realm, userid: user.userid, why });
  if (why !== ownBelongings(frame, user)) return;
  const message = `${user.userid} left every mapping and stays enabled: ${why}`;
  notes.findings.push({ code: "SYNC_KEPT", message, realm, subject: user.userid });
}

function ownBelongings({ access, groups }: Frame, user: PveUser): string | undefined {
  const manual = user.groups.filter((group) => !groups.has(group));
  if (manual.length > 0) return `in the manual group ${manual.join(", ")}`;
  const entries = access.acl.filter(
    ({ type, ugid }) =>
      (type === "user" && ugid === user.userid) ||
      (type === "token" && ugid.startsWith(`${user.userid}!`)),
  );
  if (entries.length === 0) return undefined;
  return `has ACL entries of their own at ${entries.map(({ path }) => path).join(", ")}`;
}

/** Whether their own side says that they are in a mapping, and may be; true where it says nothing. */
export function inAnyMapping({ roster }: Frame, { own }: Standing): boolean {
  if (own?.kind !== "person") return true;
  return roster.mappings.some(
    (mapping) =>
      mapping.entra.some((group) => own.memberOf.has(group)) &&
      !ruledOut(roster, mapping, own.person),
  );
}

/** The Entra groups that would still bring this person, had they come back meanwhile. */
export function groupsThatBring({ roster }: Frame, { own }: Standing): readonly ObjectId[] {
  return roster.mappings
    .filter((mapping) => own?.kind !== "person" || !ruledOut(roster, mapping, own.person))
    .flatMap(({ entra }) => entra);
}
