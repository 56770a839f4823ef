/** ACL entries of our groups. */
import type { AclConfig } from "../config/types.js";
import type { Finding } from "../errors.js";
import type { Frame, Notes } from "./frame.js";
import { aclKey } from "./facts.js";
import type { AclEntry, AclPath } from "./facts.js";
import { membersOf } from "./group-changes.js";
import type { GroupState } from "./group-state.js";
import type { Change } from "./plan.js";
import { privilegedRole } from "./privileged.js";
import type { Sitting } from "./realm-changes.js";
import { ownSideIn } from "./standing.js";
import { mayModify } from "./own-permissions.js";

export function aclChanges(
  frame: Frame,
  sittings: readonly Sitting[],
  stops: ReadonlyMap<string, Finding>,
  notes: Notes,
): readonly Change[] {
  return [...frame.groups.values()].flatMap((group) => {
    if (group.ownership === "foreign") return [];
    if (group.mapping === undefined) {
      if (group.goesElsewhere === true) return [];
      return entriesOf(frame, group).flatMap((entry) => revoke(frame, group, entry, notes));
    }
    const wanted = group.mapping.config.acl;
    if (wanted === undefined) return notOurs(frame, group, notes);
    return mappedChanges(frame, group, wanted, sittings, stops, notes);
  });
}

/** Where what replaces an entry may not be given yet, the entry stays: a swap adds first. */
function mappedChanges(
  frame: Frame,
  group: GroupState,
  wanted: readonly AclConfig[],
  sittings: readonly Sitting[],
  stops: ReadonlyMap<string, Finding>,
  notes: Notes,
): readonly Change[] {
  const changes: Change[] = [];
  const putOff = new Set<AclPath>();
  for (const entry of missing(frame, group, wanted)) {
    const stop = grantStop(frame, group, entry, sittings);
    if (stop !== undefined) {
      notes.findings.push(stop);
      putOff.add(entry.path);
    } else if (!stops.has(group.id)) changes.push(grant(frame, group, entry));
  }
  for (const entry of extra(frame, group, wanted)) {
    if (!putOff.has(entry.path)) changes.push(...extraEntry(frame, group, entry, notes));
  }
  return changes;
}

/** Whether an entry that this group still lacks would give it privileges over others. */
export function grantsPrivilege(frame: Frame, group: GroupState): boolean {
  return missing(frame, group, group.mapping?.config.acl ?? []).some(({ role }) =>
    privilegedRole(frame.access, role),
  );
}

function entriesOf(frame: Frame, group: GroupState): readonly AclEntry[] {
  return frame.access.acl.filter(({ type, ugid }) => type === "group" && ugid === group.id);
}

function missing(frame: Frame, group: GroupState, wanted: readonly AclConfig[]): AclConfig[] {
  const have = entriesOf(frame, group);
  return wanted.filter(
    ({ path, role, propagate }) =>
      !have.some((e) => e.path === path && e.role === role && e.propagate === propagate),
  );
}

function extra(frame: Frame, group: GroupState, wanted: readonly AclConfig[]): AclEntry[] {
  return entriesOf(frame, group).filter(
    ({ path, role }) => !wanted.some((e) => e.path === path && e.role === role),
  );
}

function grant(frame: Frame, group: GroupState, entry: AclConfig): Change {
  const present = entriesOf(frame, group).find(
    (e) => e.path === entry.path && e.role === entry.role,
  );
  const narrows = present?.propagate === true && !entry.propagate;
  const foreign = present !== undefined && !frame.history.ownAcl.has(aclKey(present));
  return {
    kind: "grant",
    realm: frame.roster.realm.name,
    group: group.id,
    path: entry.path,
    role: entry.role,
    propagate: entry.propagate,
    reason: present === undefined ? "the mapping gives it" : "the mapping says propagate otherwise",
    ...(narrows ? { losers: losersOf(frame, group), counted: "removed" as const } : {}),
    ...(narrows && foreign ? { needsApproval: "the entry is not one that we wrote" } : {}),
  };
}

function grantStop(
  frame: Frame,
  group: GroupState,
  entry: AclConfig,
  sittings: readonly Sitting[],
): Finding | undefined {
  const at = { realm: frame.roster.realm.name, subject: `${entry.path} ${entry.role}` };
  if (!frame.access.roles.has(entry.role)) {
    return { code: "SYNC_ROLE_MISSING", message: `role ${entry.role} does not exist`, ...at };
  }
  if (!mayModify(frame.access, entry.path)) return notAllowed(frame, entry.path);
  if (!privilegedRole(frame.access, entry.role)) return undefined;
  const first = sittings.find(({ seats, standing }) =>
    seats.some(
      ({ group: { id, mapping }, has, want }) =>
        id === group.id &&
        has &&
        want !== "out" &&
        (mapping === undefined || ownSideIn(standing?.own, mapping) !== true),
    ),
  );
  if (first === undefined) return undefined;
  const message = `${group.id} does not get ${entry.role} at ${entry.path} yet: ${first.userid}'s own side does not agree`;
  return { code: "SYNC_DISAGREES", message, ...at };
}

function extraEntry(frame: Frame, group: GroupState, entry: AclEntry, notes: Notes): Change[] {
  if (group.mapping?.config.aclExtra === "keep" && !frame.history.ownAcl.has(aclKey(entry))) {
    notes.untouched.push(`${entry.role} of ${group.id} at ${entry.path}: acl_extra = "keep"`);
    return [];
  }
  return revoke(frame, group, entry, notes);
}

function revoke(frame: Frame, group: GroupState, entry: AclEntry, notes: Notes): Change[] {
  const ours = frame.history.ownAcl.has(aclKey(entry));
  if (!ours) {
    notes.findings.push({
      code: "SYNC_ACL_EXTRA",
      message: `${group.id} has ${entry.role} at ${entry.path}, which we did not write`,
      realm: frame.roster.realm.name,
      subject: `${entry.path} ${entry.role}`,
    });
  }
  if (!mayModify(frame.access, entry.path)) {
    notes.findings.push(notAllowed(frame, entry.path));
    return [];
  }
  const adopting = group.ownership === "adopting" && !group.known;
  const needsApproval = adopting
    ? `part of adopting ${group.id}`
    : ours
      ? group.disputed
      : "the entry is not one that we wrote";
  return [
    {
      kind: "revoke",
      realm: frame.roster.realm.name,
      group: group.id,
      path: entry.path,
      role: entry.role,
      propagate: entry.propagate,
      reason:
        group.mapping === undefined ? "no mapping names the group any more" : "not in the mapping",
      losers: losersOf(frame, group),
      counted: "removed",
      ...(needsApproval === undefined ? {} : { needsApproval }),
    },
  ];
}

function notOurs(frame: Frame, group: GroupState, notes: Notes): Change[] {
  for (const { path, role } of entriesOf(frame, group)) {
    notes.untouched.push(`${role} of ${group.id} at ${path}: the mapping gives no acl`);
  }
  return [];
}

function losersOf(frame: Frame, group: GroupState): Change["losers"] & object {
  return membersOf(frame, group.id).map(({ userid }) => userid);
}

function notAllowed(frame: Frame, path: AclPath): Finding {
  return {
    code: "SYNC_PATH_NOT_ALLOWED",
    message: `the token lacks Permissions.Modify at ${path}`,
    realm: frame.roster.realm.name,
    subject: path,
  };
}
