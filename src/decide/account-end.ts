/** The end of an account: deleted when it has been disabled long enough, or is another person's. */
import type { Frame, Notes } from "./frame.js";
import { clockIsOff, dayOf } from "./frame.js";
import { commentField, confirmation, leaverFields } from "./account-fields.js";
import { inAnyMapping, keptBecause } from "./account-kept.js";
import type { PveUser } from "./facts.js";
import type { UserMark } from "./mark.js";
import type { Change, UserFields } from "./plan.js";
import { readGroups } from "./roster.js";
import type { Seat } from "./seats.js";
import { standingOf } from "./standing.js";
import type { Standing } from "./standing.js";

/** Disabled at once, then deleted, so that tokens, entries and TFA of the predecessor die. */
export function reusedChanges(
  frame: Frame,
  standing: Standing & { state: "reused" },
  notes: Notes,
): readonly Change[] {
  const { user, text, mark, id, successor } = standing;
  const { realm } = frame.roster;
  const reason = `Entra gives this name to another person now (${successor})`;
  const common = { realm: realm.name, userid: user.userid, person: id, losers: [user.userid] };
  notes.findings.push({
    code: "SYNC_NAME_REUSED",
    message: `${user.userid} was ${id} and is now ${successor}`,
    realm: realm.name,
    subject: user.userid,
  });
  // Marked as whom we disabled: the deletion may be held, and the name be given back meanwhile.
  const off = (): UserFields =>
    leaverFields(frame, user, text, { id, jit: mark?.jit === true }, notes);
  const disable: readonly Change[] = user.enable
    ? [{ ...common, kind: "disable-user", because: "reused", fields: off(), reason }]
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

/** A disabled account that nothing enables: a moment that nobody ended, or a leaver of old. */
export function sleeping(
  frame: Frame,
  user: PveUser,
  mark: UserMark | undefined,
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  if (mark === undefined || user.enable) return [];
  if (mark.left !== undefined) return aged(frame, user, mark, mark.left, notes);
  return mark.moment ? leftInMoment(frame, user, mark, seats, notes) : [];
}

/**
 * Somebody disabled for the moment (P3) whom a kill left so, and who has left meanwhile: from now
 * on a leaver like any other, or enabled again where a leaver would have been kept.
 */
function leftInMoment(
  frame: Frame,
  user: PveUser,
  mark: UserMark,
  seats: readonly Seat[],
  notes: Notes,
): readonly Change[] {
  const standing = outside(frame, user);
  if (standing === undefined) return [];
  const kept = standing.state === "active" ? keptBecause(frame, user, mark, seats) : undefined;
  const common = { realm: frame.roster.realm.name, userid: user.userid, person: mark.id };
  const { text } = standing;
  // Outside all mappings Entra confirms nothing: only a journal that knows of the moment enables.
  if (kept !== undefined && frame.history.inMoment.has(user.userid)) {
    const plain = { id: mark.id, jit: mark.jit, moment: false };
    const fields = { enable: true, ...commentField(frame, user, text, plain, notes) };
    return [{ ...common, kind: "enable-user", fields, reason: `the moment is over, and ${kept}` }];
  }
  const fields = leaverFields(frame, user, text, { id: mark.id, jit: mark.jit }, notes);
  const reason = "left while they were disabled for the moment";
  return [{ ...common, kind: "disable-user", because: "left", fields, reason }];
}

/** Deletes whom we disabled long enough ago, when they still are in no mapping. */
function aged(
  frame: Frame,
  user: PveUser,
  mark: UserMark,
  left: string,
  notes: Notes,
): readonly Change[] {
  const { realm } = frame.roster;
  const after = realm.deleteAfterSeconds;
  if (after === undefined) return [];
  const since = leftSince(frame, user, left, notes);
  if (since === undefined || frame.time.now < since + after * 1000) return [];
  if (clockIsOff(frame.time)) return waitsForClock(frame, user, notes);
  const standing = outside(frame, user);
  if (standing === undefined) return [];
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

/** How somebody stands who is in no mapping for certain; undefined: they may be in one. */
function outside(frame: Frame, user: PveUser): Standing | undefined {
  const standing = standingOf(frame, user, readGroups(frame.roster), true);
  if (standing.state === "gone" || standing.state === "renamed") return standing;
  const whole = frame.roster.mappings.every(({ complete }) => complete);
  return standing.state === "active" && whole && !inAnyMapping(frame, standing)
    ? standing
    : undefined;
}

/** A journal that knows the user, and not our disabling last, speaks against a mark that says so. */
export function neverDisabled({ history }: Frame, { userid }: PveUser): boolean {
  return history.knownUsers.has(userid) && !history.disabledByUs.has(userid);
}

/** The date in a mark can be forged to hasten a deletion: it counts where the journal has it. */
function leftSince(frame: Frame, user: PveUser, left: string, notes: Notes): number | undefined {
  const ours = frame.history.disabledByUs.get(user.userid);
  if (ours !== undefined && dayOf(ours) === left) return ours;
  const seen = frame.history.leftSeen.get(user.userid);
  if (seen === undefined) notes.leavers.push(user.userid);
  return seen;
}

export function waitsForClock(frame: Frame, user: PveUser, notes: Notes): readonly Change[] {
  const minutes = Math.round(frame.time.localOffsetMs / 60_000);
  const why = Number.isFinite(minutes)
    ? `the local clock is off by ${minutes} min`
    : "Entra has not told the time yet";
  notes.findings.push({
    code: "SYNC_CLOCK_OFF",
    message: `${why}: ${user.userid} is not deleted`,
    realm: frame.roster.realm.name,
    subject: user.userid,
  });
  return [];
}
