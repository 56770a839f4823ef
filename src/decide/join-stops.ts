/** What stops additions, group by group. Nothing here ever stops a removal. */
import type { Finding } from "../errors.js";
import { changeKey } from "./plan.js";
import type { Frame, Notes } from "./frame.js";
import { adoption } from "./group-changes.js";
import type { GroupState } from "./group-state.js";
import { ownershipFinding } from "./group-state.js";
import type { Sitting } from "./realm-changes.js";

/** Group to the finding that explains why nobody is added there. */
export function joinStops(
  frame: Frame,
  sittings: readonly Sitting[],
  notes: Notes,
): ReadonlyMap<string, Finding> {
  const stops = new Map<string, Finding>();
  for (const group of frame.groups.values()) {
    const finding = stopOf(frame, group, sittings);
    if (finding === undefined) continue;
    stops.set(group.id, finding);
    if (!frame.roster.stops.includes(finding)) notes.findings.push(finding);
  }
  return stops;
}

function stopOf(
  frame: Frame,
  group: GroupState,
  sittings: readonly Sitting[],
): Finding | undefined {
  const realmStop = frame.roster.stops[0];
  if (realmStop !== undefined) return realmStop;
  const ownership = ownershipFinding(group, frame.roster.realm.name);
  if (ownership !== undefined) return ownership;
  if (group.ownership === "adopting" && !adoptionApproved(frame, group, sittings)) {
    return {
      code: "GUARD_HELD",
      message: `adopting group ${group.id} waits for an approval`,
      realm: frame.roster.realm.name,
      subject: group.id,
    };
  }
  return memberStop(frame, group, sittings);
}

function adoptionApproved(frame: Frame, group: GroupState, sittings: readonly Sitting[]): boolean {
  const key = changeKey(adoption(frame, group, sittings));
  return frame.history.approvals.some(({ keys }) => keys.has(key));
}

function memberStop(
  frame: Frame,
  group: GroupState,
  sittings: readonly Sitting[],
): Finding | undefined {
  const config = group.mapping?.config;
  if (config === undefined) return undefined;
  const finding = (message: string): Finding => ({
    code: "SYNC_MAX_MEMBERS",
    message,
    realm: frame.roster.realm.name,
    subject: group.id,
  });
  if (config.maxMembers === undefined) {
    if (group.mapping?.privileged !== true) return undefined;
    return finding(`mapping ${group.id} is privileged and has no max_members`);
  }
  const after = sittings.filter(({ seats }) =>
    seats.some(
      ({ group: { id }, want, has }) =>
        id === group.id && (want === "in" || (want === "stay" && has)),
    ),
  ).length;
  if (after <= config.maxMembers) return undefined;
  return finding(
    `mapping ${group.id} would have ${after} members, max_members is ${config.maxMembers}`,
  );
}
