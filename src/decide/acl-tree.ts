/**
 * The access control list as a tree of paths, with the privileges of roles as bit masks: what the
 * walk of `privileges.ts` reads. Entries of API tokens are left out: a token never has more than
 * its user, and nothing here ever writes one.
 */
import type { AclEntry, AclPath, GroupId, Privilege, RoleId } from "./facts.js";

/** A set of privileges: bit 0 is the role NoAccess, bit n+1 is `RoleMasks.privileges[n]`. */
export type Mask = bigint;

export const NO_ACCESS: Mask = 1n;

/** PVE's role that beats all others: among the roles found, it leaves nothing (FACTS-pve). */
export const NO_ACCESS_ROLE: RoleId = "NoAccess";

export interface RoleMasks {
  readonly privileges: readonly Privilege[];
  readonly masks: ReadonlyMap<RoleId, Mask>;
  /** Every privilege that any role has: what root@pam holds. */
  readonly everything: Mask;
}

/** The roles that one user or group has at one path, each with "propagates". */
export interface RoleSet {
  readonly roles: ReadonlyMap<RoleId, boolean>;
  /** All of them together; what counts where the walk ends. */
  readonly here: Mask;
  /** Those that propagate; what counts on the way. Undefined: none does. */
  readonly below: Mask | undefined;
}

export interface AclNode {
  readonly users: ReadonlyMap<string, RoleSet>;
  readonly groups: ReadonlyMap<GroupId, RoleSet>;
}

export type AclTree = Map<AclPath, AclNode>;

export const EMPTY_NODE: AclNode = { users: new Map(), groups: new Map() };

export function roleMasks(roles: ReadonlyMap<RoleId, ReadonlySet<Privilege>>): RoleMasks {
  const privileges = [...new Set([...roles.values()].flatMap((set) => [...set]))].sort();
  const bits = new Map(privileges.map((privilege, n) => [privilege, 1n << BigInt(n + 1)]));
  const masks = new Map<RoleId, Mask>();
  let everything = 0n;
  for (const [role, set] of roles) {
    let mask = role === NO_ACCESS_ROLE ? NO_ACCESS : 0n;
    for (const privilege of set) mask |= bits.get(privilege) ?? 0n;
    masks.set(role, mask);
    everything |= mask;
  }
  return { privileges, masks, everything: everything & ~NO_ACCESS };
}

/** The names behind a mask, in alphabetical order. */
export function privilegesOf(masks: RoleMasks, mask: Mask): Privilege[] {
  return masks.privileges.filter((_, n) => (mask & (1n << BigInt(n + 1))) !== 0n);
}

/** A role that PVE does not list counts as an entry, and gives nothing. */
export function roleMask(masks: RoleMasks, role: RoleId): Mask {
  return masks.masks.get(role) ?? (role === NO_ACCESS_ROLE ? NO_ACCESS : 0n);
}

export function roleSet(masks: RoleMasks, roles: ReadonlyMap<RoleId, boolean>): RoleSet {
  let here = 0n;
  let below: Mask | undefined;
  for (const [role, propagate] of roles) {
    const mask = roleMask(masks, role);
    here |= mask;
    if (propagate) below = (below ?? 0n) | mask;
  }
  return { roles, here, below };
}

export function aclTree(masks: RoleMasks, entries: readonly AclEntry[]): AclTree {
  const tree: AclTree = new Map();
  for (const entry of entries) {
    if (entry.type === "token") continue;
    const node = tree.get(entry.path) ?? EMPTY_NODE;
    const side = entry.type === "user" ? node.users : node.groups;
    const roles = new Map(side.get(entry.ugid)?.roles).set(entry.role, entry.propagate);
    tree.set(entry.path, withRoles(node, entry.type, entry.ugid, roleSet(masks, roles)));
  }
  return tree;
}

/** The node with this one's roles replaced; an empty set takes the entry away. */
export function withRoles(
  node: AclNode,
  type: "user" | "group",
  ugid: string,
  roles: RoleSet,
): AclNode {
  const side = new Map<string, RoleSet>(type === "user" ? node.users : node.groups);
  if (roles.roles.size === 0) side.delete(ugid);
  else side.set(ugid, roles);
  return type === "user"
    ? { users: side, groups: node.groups }
    : { users: node.users, groups: side };
}
