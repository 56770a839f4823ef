/**
 * What PVE's user database becomes when a write is done: just as much of it as effective
 * privileges depend on, and the comments. `apply` changes the state in place and gives back how to
 * undo it, so that the order can try a write at the cost of what the write touches.
 */
import {
  aclTree,
  EMPTY_NODE,
  roleMasks,
  roleSet,
  withRoles,
  type AclNode,
  type AclTree,
  type RoleMasks,
} from "./acl-tree.js";
import type { Access, AclPath, GroupId, PveUser, UserId } from "./facts.js";
import type { Action, UserFields, Write } from "./plan.js";

export interface StateUser {
  readonly userid: UserId;
  readonly realm: string;
  readonly enabled: boolean;
  readonly comment: string;
  readonly groups: ReadonlySet<GroupId>;
  /** The groups in one string: who has the same is in the same groups. */
  readonly groupKey: string;
}

export interface AccessState {
  readonly users: Map<UserId, StateUser>;
  /** Every group that exists, with who is in it. */
  readonly members: Map<GroupId, Set<UserId>>;
  readonly acl: AclTree;
  readonly roles: RoleMasks;
  /** Userids that were deleted since the state was read: who bears one now is somebody else. */
  readonly deleted: Set<UserId>;
  /** Groups that a write is still to take over (`update-group`): nothing is given to them before. */
  readonly toAdopt: Set<GroupId>;
  /** Another number for another ACL; undoing brings the number back. */
  aclVersion: number;
  versions: number;
}

/** Takes back what one `apply` did. Several are undone in reverse order. */
export type Undo = () => void;

/** Why a write cannot be done now, and on whose existence that hangs. */
export interface Obstacle {
  readonly why: string;
  readonly on:
    | { readonly kind: "user"; readonly userid: UserId }
    | { readonly kind: "group"; readonly group: GroupId }
    | { readonly kind: "role" };
}

export function stateOf(access: Access): AccessState {
  const roles = roleMasks(access.roles);
  const members = new Map<GroupId, Set<UserId>>();
  for (const group of access.groups.keys()) members.set(group, new Set());
  const users = new Map<UserId, StateUser>();
  for (const [userid, user] of access.users) {
    users.set(userid, asRead(user));
    for (const group of user.groups) {
      const known = members.get(group) ?? new Set();
      members.set(group, known.add(userid));
    }
  }
  const acl = aclTree(roles, access.acl);
  const [deleted, toAdopt] = [new Set<UserId>(), new Set<GroupId>()];
  return { users, members, acl, roles, deleted, toAdopt, aclVersion: 0, versions: 0 };
}

/** Facts never change, and every decision makes several states of the same ones. */
const READ = new WeakMap<PveUser, StateUser>();

function asRead(user: PveUser): StateUser {
  const known = READ.get(user);
  if (known !== undefined) return known;
  const { userid, realm, enable, comment, groups } = user;
  const read = inGroups({ userid, realm, enabled: enable, comment }, groups);
  READ.set(user, read);
  return read;
}

function inGroups(
  user: Omit<StateUser, "groups" | "groupKey">,
  groups: Iterable<GroupId>,
): StateUser {
  const set = new Set(groups);
  return { ...user, groups: set, groupKey: [...set].sort().join("\n") };
}

/**
 * The state after all these writes, in whatever order they were given. A plan never both grants
 * and revokes one (path, group, role).
 */
export function newState(access: Access, actions: readonly Action[]): AccessState {
  const state = stateOf(access);
  const writes = actions.map((action) => action.write);
  writes.sort((a, b) => STEP[stepOf(a)] - STEP[stepOf(b)]);
  for (const write of writes) apply(state, write);
  return state;
}

const STEP = {
  "create-group": 0,
  "update-group": 1,
  disable: 2,
  "update-user": 3,
  "delete-user": 4,
  "create-user": 5,
  revoke: 6,
  grant: 7,
  "delete-group": 8,
} as const;

/** A moment's end comes after its beginning, a deletion before the userid is made anew. */
function stepOf(write: Write): keyof typeof STEP {
  if (write.kind === "acl") return write.delete ? "revoke" : "grant";
  if (write.kind === "update-user" && write.fields.enable === false) return "disable";
  return write.kind;
}

/** What stands in the way of this write: PVE would refuse it, or it would mean something else. */
export function obstacle(state: AccessState, write: Write): Obstacle | undefined {
  switch (write.kind) {
    case "create-user":
      if (state.users.has(write.userid)) return onUser(write.userid, "still exists");
      return closedGroup(state, write.groups);
    case "update-user":
      if (!state.users.has(write.userid)) return onUser(write.userid, "does not exist");
      return closedGroup(state, write.join);
    case "delete-user":
      return state.users.has(write.userid) ? undefined : onUser(write.userid, "does not exist");
    case "create-group":
      return state.members.has(write.group) ? onGroup(write.group, "exists already") : undefined;
    case "update-group":
    case "delete-group":
      return missingGroup(state, [write.group]);
    case "acl":
      if (!state.roles.masks.has(write.role)) {
        return { why: `role ${write.role} does not exist`, on: { kind: "role" } };
      }
      return write.delete ? missingGroup(state, write.groups) : closedGroup(state, write.groups);
  }
}

/** Whether somebody or something may come into this group as things stand. */
export function isOpen(state: AccessState, group: GroupId): boolean {
  return state.members.has(group) && !state.toAdopt.has(group);
}

/** Whether PVE would accept the write as things stand. */
export function possible(state: AccessState, write: Write): boolean {
  return obstacle(state, write) === undefined;
}

/** A group that is not there, or not ours yet: had its adoption been refused, it would stay theirs. */
function closedGroup(state: AccessState, groups: readonly GroupId[]): Obstacle | undefined {
  const theirs = groups.find((group) => state.members.has(group) && !isOpen(state, group));
  return (
    missingGroup(state, groups) ??
    (theirs === undefined ? undefined : onGroup(theirs, "is not taken over yet"))
  );
}

function missingGroup(state: AccessState, groups: readonly GroupId[]): Obstacle | undefined {
  const missing = groups.find((group) => !state.members.has(group));
  return missing === undefined ? undefined : onGroup(missing, "does not exist");
}

function onUser(userid: UserId, what: string): Obstacle {
  return { why: `user ${userid} ${what}`, on: { kind: "user", userid } };
}

function onGroup(group: GroupId, what: string): Obstacle {
  return { why: `group ${group} ${what}`, on: { kind: "group", group } };
}

/** Does a write that nothing stands in the way of. */
export function apply(state: AccessState, write: Write): Undo {
  switch (write.kind) {
    case "create-user":
      return setUser(state, write.userid, created(write));
    case "update-user":
      return setUser(state, write.userid, updated(state.users.get(write.userid), write));
    case "delete-user":
      return deleteUser(state, write.userid);
    case "create-group":
      return createGroup(state, write.group);
    case "update-group":
      return adoptGroup(state, write.group);
    case "delete-group":
      return deleteGroup(state, write.group);
    case "acl":
      return changeAcl(state, write);
  }
}

/** A write is tried many times on its way to PVE, and always makes the same user. */
const CREATED = new WeakMap<Write, StateUser>();

function created(write: Write & { kind: "create-user" }): StateUser {
  const known = CREATED.get(write) ?? newUser(write);
  CREATED.set(write, known);
  return known;
}

function newUser(write: Write & { kind: "create-user" }): StateUser {
  const { userid, fields } = write;
  const realm = userid.slice(userid.lastIndexOf("@") + 1);
  const comment = fields.comment ?? "";
  const enabled = fields.enable ?? true;
  return inGroups({ userid, realm, enabled, comment }, write.groups);
}

function updated(
  user: StateUser | undefined,
  write: Write & { kind: "update-user" },
): StateUser | undefined {
  if (user === undefined) return undefined;
  const { enable, comment }: UserFields = write.fields;
  const groups = new Set(user.groups);
  for (const group of write.leave) groups.delete(group);
  for (const group of write.join) groups.add(group);
  return inGroups(
    { ...user, enabled: enable ?? user.enabled, comment: comment ?? user.comment },
    groups,
  );
}

function setUser(state: AccessState, userid: UserId, after: StateUser | undefined): Undo {
  const before = state.users.get(userid);
  replaceUser(state, userid, before, after);
  return () => replaceUser(state, userid, after, before);
}

function replaceUser(
  state: AccessState,
  userid: UserId,
  from: StateUser | undefined,
  to: StateUser | undefined,
): void {
  for (const group of from?.groups ?? []) state.members.get(group)?.delete(userid);
  for (const group of to?.groups ?? []) state.members.get(group)?.add(userid);
  if (to === undefined) state.users.delete(userid);
  else state.users.set(userid, to);
}

/** PVE deletes the user's own ACL entries (and tokens) with the user. */
function deleteUser(state: AccessState, userid: UserId): Undo {
  const wasDeleted = state.deleted.has(userid);
  const undoUser = setUser(state, userid, undefined);
  const undoAcl = takeFromAcl(state, "user", userid);
  state.deleted.add(userid);
  return () => {
    if (!wasDeleted) state.deleted.delete(userid);
    undoAcl();
    undoUser();
  };
}

function createGroup(state: AccessState, group: GroupId): Undo {
  if (state.members.has(group)) return () => undefined;
  state.members.set(group, new Set());
  return () => state.members.delete(group);
}

function adoptGroup(state: AccessState, group: GroupId): Undo {
  if (!state.toAdopt.delete(group)) return () => undefined;
  return () => void state.toAdopt.add(group);
}

/** PVE deletes the group's memberships and ACL entries with the group. */
function deleteGroup(state: AccessState, group: GroupId): Undo {
  const members = state.members.get(group) ?? new Set();
  const undoUsers = [...members].map((userid) => {
    const user = state.users.get(userid);
    if (user === undefined) return () => undefined;
    const groups = new Set(user.groups);
    groups.delete(group);
    return setUser(state, userid, inGroups(user, groups));
  });
  const undoAcl = takeFromAcl(state, "group", group);
  const existed = state.members.delete(group);
  return () => {
    if (existed) state.members.set(group, members);
    undoAcl();
    for (const undo of undoUsers) undo();
  };
}

function takeFromAcl(state: AccessState, type: "user" | "group", ugid: string): Undo {
  const none = roleSet(state.roles, new Map());
  const touched: [AclPath, AclNode][] = [];
  for (const [path, node] of state.acl) {
    if ((type === "user" ? node.users : node.groups).has(ugid)) touched.push([path, node]);
  }
  if (touched.length === 0) return () => undefined;
  const undoVersion = newVersion(state);
  for (const [path, node] of touched) state.acl.set(path, withRoles(node, type, ugid, none));
  return () => {
    for (const [path, node] of touched) state.acl.set(path, node);
    undoVersion();
  };
}

/** Granting with another `propagate` replaces the entry: PVE keeps one per path, group and role. */
function changeAcl(state: AccessState, write: Write & { kind: "acl" }): Undo {
  const before = state.acl.get(write.path);
  const undoVersion = newVersion(state);
  let node = before ?? EMPTY_NODE;
  for (const group of write.groups) {
    const roles = new Map(node.groups.get(group)?.roles);
    if (write.delete) roles.delete(write.role);
    else roles.set(write.role, write.propagate);
    node = withRoles(node, "group", group, roleSet(state.roles, roles));
  }
  state.acl.set(write.path, node);
  return () => {
    if (before === undefined) state.acl.delete(write.path);
    else state.acl.set(write.path, before);
    undoVersion();
  };
}

function newVersion(state: AccessState): Undo {
  const before = state.aclVersion;
  state.versions += 1;
  state.aclVersion = state.versions;
  return () => {
    state.aclVersion = before;
  };
}
