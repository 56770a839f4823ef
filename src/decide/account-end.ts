/** The end of an account: deleted when it has been disabled long enough, or is another person's. */
import type { Frame, Notes } from "./frame.js";
import { clockIsOff, dayOf } from "./frame.js";
import { confirmation } from "./account-fields.js";
import type { PveUser } from "./facts.js";
import type { UserMark } from "./mark.js";
import type { Change } from "./plan.js";
import { standingOf } from "./standing.js";
import type { Standing } from "./standing.js";

/** Disabled at once, then deleted, so that tokens, entries and TFA of the predecessor die. */
export function reusedChanges(
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
export function aged(
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

export function waitsForClock(frame: Frame, user: PveUser, notes: Notes): readonly Change[] {
  const minutes = Math.round(frame.time.localOffsetMs / 60_000);
  notes.findings.push({
    code: "SYNC_CLOCK_OFF",
    message: `the local clock is off by ${minutes} min: ${user.userid} is not deleted`,
    realm: frame.roster.realm.name,
    subject: user.userid,
  });
  return [];
}

export function inAnyMapping(frame: Frame, standing: Standing): boolean {
  const { own } = standing;
  if (own?.kind !== "person") return true;
  return frame.roster.mappings.some(({ entra }) => entra.some((group) => own.memberOf.has(group)));
}
