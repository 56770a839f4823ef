import { aclNodes, type AclNode, type Grants } from "./acl-tree.js";
import { PermissionError } from "./errors.js";
import { isUserid, splitTokenid } from "./names.js";
import { splitFields, splitList } from "./perl.js";
import { PRIVILEGES } from "./privileges.js";
import type { UserCfg } from "./user-cfg.js";

/** Privileges held at a path; the value says whether they reach below it. */
export type Held = ReadonlyMap<string, boolean>;
type Roles = Map<string, boolean>;

const ROOT = "root@pam";

/** Those of a holder's grants that count at a level. */
function counting(grants: Grants | undefined, last: boolean, into: Roles = new Map()): Roles {
  for (const [role, propagate] of grants ?? []) if (last || propagate) into.set(role, propagate);
  return into;
}

function rolesAtLevel(cfg: UserCfg, who: string, node: AclNode, last: boolean): Roles {
  for (const kind of ["tokens", "users"] as const) {
    const own = counting(node[kind].get(who), last);
    if (own.size > 0) return own;
  }
  const ofGroups: Roles = new Map();
  for (const [group, grants] of node.groups) {
    if (cfg.groups.get(group)?.users.has(who)) counting(grants, last, ofGroups);
  }
  return ofGroups;
}

/** The roles that the ACL itself gives at a path: the deepest level that says anything wins. */
function rolesAt(cfg: UserCfg, who: string, path: string): Roles {
  const parts = path === "/" ? [""] : splitFields(path, "/");
  let node: AclNode | undefined = cfg.acl;
  let roles: Roles = new Map();
  for (const [index, part] of parts.entries()) {
    if (part !== "") node = node?.children.get(part);
    if (!node) break;
    const found = rolesAtLevel(cfg, who, node, index === parts.length - 1);
    if (found.size > 0) roles = found;
  }
  const noAccess = roles.get("NoAccess");
  return noAccess === undefined ? roles : new Map([["NoAccess", noAccess]]);
}

/** What a user or token may do, by the user.cfg that it is made from. */
export class Access {
  readonly #cfg: UserCfg;
  readonly #held = new Map<string, Map<string, Held>>();
  readonly #pool = new Map<string, Map<string, Set<string>>>();

  constructor(cfg: UserCfg) {
    this.#cfg = cfg;
  }

  /** The privileges at a path, computed as PVE does; nothing for whoever does not exist. */
  permissions(who: string, path: string): Held {
    if (who === ROOT) return new Map([...PRIVILEGES].map((privilege) => [privilege, true]));
    const id = splitTokenid(who, "bytes");
    if (id) {
      const token = this.#cfg.users.get(id.user)?.tokens?.get(id.token);
      if (!token) return new Map();
      if (!token.privsep) return this.permissions(id.user, path);
    } else if (!isUserid(who, "bytes")) {
      return new Map();
    }
    const cached = this.#held.get(who)?.get(path);
    if (cached) return cached;
    const own = this.#privileges(this.#roles(who, path));
    const held = id && id.user !== ROOT ? intersect(own, this.permissions(id.user, path)) : own;
    const byPath = this.#held.get(who) ?? new Map<string, Held>();
    this.#held.set(who, byPath.set(path, held));
    return held;
  }

  #privileges(roles: Roles): Held {
    const held = new Map<string, boolean>();
    for (const [role, propagate] of roles) {
      for (const privilege of this.#cfg.roles.get(role) ?? []) {
        held.set(privilege, (held.get(privilege) ?? false) || propagate);
      }
    }
    return held;
  }

  /** The ACL's roles, and those that the pool of a guest or storage adds; they never propagate. */
  #roles(who: string, path: string): Roles {
    const roles = rolesAt(this.#cfg, who, path);
    const fromPool = this.#poolRoles(who).get(path);
    if (!fromPool || roles.has("NoAccess")) return roles;
    if (fromPool.has("NoAccess")) return new Map([["NoAccess", false]]);
    for (const role of fromPool) if (!roles.has(role)) roles.set(role, false);
    return roles;
  }

  #poolRoles(who: string): Map<string, Set<string>> {
    const known = this.#pool.get(who);
    if (known) return known;
    const byPath = new Map<string, Set<string>>();
    for (const [name, pool] of this.#cfg.pools) {
      const roles = rolesAt(this.#cfg, who, `/pool/${name}`).keys();
      const members = [...pool.vms].map((vm) => `/vms/${vm}`);
      members.push(...[...pool.storage].map((id) => `/storage/${id}`));
      for (const role of roles) {
        for (const member of members) {
          byPath.set(member, (byPath.get(member) ?? new Set()).add(role));
        }
      }
    }
    this.#pool.set(who, byPath);
    return byPath;
  }

  /** Whether all the privileges are held there. */
  has(who: string, path: string, privileges: readonly string[]): boolean {
    const held = this.permissions(who, path);
    return privileges.every((privilege) => held.has(privilege));
  }

  /** Whether one of them is. */
  hasAny(who: string, path: string, privileges: readonly string[]): boolean {
    const held = this.permissions(who, path);
    return privileges.some((privilege) => held.has(privilege));
  }

  /** Throws 403 for the first privilege that is missing. */
  require(who: string, path: string, privileges: readonly string[]): void {
    const missing = privileges.find((privilege) => !this.permissions(who, path).has(privilege));
    if (missing !== undefined) throw new PermissionError(`${path}, ${missing}`);
  }

  /** Throws 403 where none is held. */
  requireAny(who: string, path: string, privileges: readonly string[]): void {
    if (!this.hasAny(who, path, privileges)) {
      throw new PermissionError(`${path}, ${privileges.join("|")}`);
    }
  }

  /** Groups on whose own path one of the privileges is held. */
  groupsWith(who: string, privileges: readonly string[]): Set<string> {
    const names = [...this.#cfg.groups.keys()];
    return new Set(names.filter((name) => this.hasAny(who, `/access/groups/${name}`, privileges)));
  }

  /** Everybody who is in one of the groups. */
  membersOf(groups: Iterable<string>): Set<string> {
    const members = new Set<string>();
    for (const group of groups) {
      this.#cfg.groups.get(group)?.users.forEach((userid) => members.add(userid));
    }
    return members;
  }

  userExists(userid: string): boolean {
    return this.#cfg.users.has(userid);
  }
}

function intersect(token: Held, user: Held): Held {
  const both = new Map<string, boolean>();
  for (const [privilege, propagate] of token) {
    const ofUser = user.get(privilege);
    if (ofUser !== undefined) both.set(privilege, ofUser && propagate);
  }
  return both;
}

const TOP_PATHS = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];

/** Every path that can differ from its parent: those of the ACL, of pools' guests and storages, and the tops. */
export function allPaths(cfg: UserCfg): string[] {
  const paths = new Set(TOP_PATHS);
  for (const [path] of aclNodes(cfg.acl)) paths.add(path);
  for (const pool of cfg.pools.values()) {
    pool.vms.forEach((vm) => paths.add(`/vms/${vm}`));
    pool.storage.forEach((id) => paths.add(`/storage/${id}`));
  }
  return [...paths];
}

/** Who may hand out rights at a path: besides Permissions.Modify, some privilege of its subject. */
export function modifyPrivileges(path: string): string[] {
  const more = [
    { below: "/storage/", privilege: "Datastore.Allocate" },
    { below: "/vms/", privilege: "VM.Allocate" },
    { below: "/pool/", privilege: "Pool.Allocate" },
  ].filter(({ below }) => path.startsWith(below) && path.length > below.length);
  return ["Permissions.Modify", ...more.map(({ privilege }) => privilege)];
}

/** Privileges named in a list parameter. */
export const privilegeList = (value: string | undefined): string[] => splitList(value);
