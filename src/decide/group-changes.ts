/** Groups themselves: making, adopting, marking and deleting them. */
import type { Frame, Notes } from "./frame.js";
import type { PveUser } from "./facts.js";
import type { GroupState } from "./group-state.js";
import { writeGroupMark } from "./mark.js";
import type { Change } from "./plan.js";
import { mayModify } from "./own-permissions.js";
import type { Sitting } from "./realm-changes.js";
import { realmOf } from "./userid.js";

export function groupChanges(
  frame: Frame,
  sittings: readonly Sitting[],
  notes: Notes,
): readonly Change[] {
  return [...frame.groups.values()].flatMap((group) => {
    reportForeignMembers(frame, group, notes);
    if (group.mapping === undefined) return orphanDeletion(frame, group);
    if (group.ownership === "adopting") return [adoption(frame, group, sittings)];
    if (group.ownership === "new" && frame.roster.stops.length === 0) {
      return [
        {
          kind: "create-group" as const,
          realm: frame.roster.realm.name,
          group: group.id,
          comment: writeGroupMark("", frame.roster.realm.name),
          reason: "a mapping names it",
          entraGroups: group.mapping.entra,
        },
      ];
    }
    return [];
  });
}

/** Taking over a group of ours by name: the held change itself says what would be lost. */
export function adoption(frame: Frame, group: GroupState, sittings: readonly Sitting[]): Change {
  const losers = sittings
    .filter(({ seats }) => seats.some((s) => s.group.id === group.id && s.has && s.want === "out"))
    .map(({ userid }) => userid);
  const extra = frame.access.acl.filter(
    ({ type, ugid, path, role }) =>
      type === "group" &&
      ugid === group.id &&
      group.mapping?.config.acl?.some((e) => e.path === path && e.role === role) === false,
  );
  const people =
    losers.length === 0 ? "nobody would lose it" : `${losers.join(", ")} would lose it`;
  const entries =
    extra.length === 0
      ? "no entry would go"
      : `the entries ${extra.map((e) => `${e.path} ${e.role}`).join(", ")} would go`;
  return {
    kind: "adopt-group",
    realm: frame.roster.realm.name,
    group: group.id,
    comment: writeGroupMark(group.comment, frame.roster.realm.name),
    reason: `adopt = true: ${people}; ${entries}`,
    needsApproval: "taking over a group is always asked",
  };
}

/** Members of a group, from PVE's users. */
export function membersOf(frame: Frame, group: string): readonly PveUser[] {
  return [...frame.access.users.values()].filter(({ groups }) => groups.includes(group));
}

/**
 * Deletes a marked group without a mapping when nothing else is left in it: its members of ours
 * and its entries go first. What we may not remove stays, and the group with it.
 */
function orphanDeletion(frame: Frame, group: GroupState): Change[] {
  const { realm } = frame.roster;
  if (group.goesElsewhere === true) return [];
  const foreign = membersOf(frame, group.id).some(({ userid }) => realmOf(userid) !== realm.name);
  const entries = frame.access.acl.filter(
    ({ type, ugid }) => type === "group" && ugid === group.id,
  );
  if (foreign || entries.some(({ path }) => !mayModify(frame.access, path))) return [];
  return [
    {
      kind: "delete-group",
      realm: realm.name,
      group: group.id,
      reason: "no mapping names it any more, and nothing else is left in it",
      ...(group.disputed === undefined ? {} : { needsApproval: group.disputed }),
    },
  ];
}

function reportForeignMembers(frame: Frame, group: GroupState, notes: Notes): void {
  if (group.ownership === "foreign" || group.ownership === "new") return;
  const { realm } = frame.roster;
  const foreign = membersOf(frame, group.id).filter(({ userid }) => realmOf(userid) !== realm.name);
  if (foreign.length === 0) return;
  const names = foreign.map(({ userid }) => userid).join(", ");
  notes.untouched.push(`${names} of other realms in ${group.id}`);
  notes.findings.push({
    code: "SYNC_FOREIGN_MEMBER",
    message: `group ${group.id} has members of other realms: ${names}`,
    realm: realm.name,
    subject: group.id,
  });
}
