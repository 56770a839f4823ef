import { type AclNode, aclNodes, type Grants } from "./acl-tree.js";
import { encodeText, isTrue, printBytes, sorted } from "./perl.js";
import { BUILT_IN_ROLES } from "./privileges.js";
import type { User, UserCfg } from "./user-cfg.js";

const escaped = (value: string | undefined): string =>
  isTrue(value) && value !== undefined ? encodeText(value) : "";
const verbatim = (value: string | undefined): string => (isTrue(value) ? (value ?? "") : "");

/** Users are replaced, not changed: what was once written of one holds as long as it lives. */
const written = new WeakMap<User, string>();

function userLines(userid: string, user: User): string {
  const known = written.get(user);
  if (known?.startsWith(`user:${userid}:`)) return known;
  const lines = newUserLines(userid, user);
  written.set(user, lines);
  return lines;
}

function newUserLines(userid: string, user: User): string {
  const fields = [
    userid,
    user.enable ? 1 : 0,
    user.expire,
    escaped(user.firstname),
    escaped(user.lastname),
    verbatim(user.email),
    escaped(user.comment),
    verbatim(user.keys),
  ];
  let lines = `user:${fields.join(":")}:\n`;
  for (const name of sorted(user.tokens?.keys() ?? [])) {
    const token = user.tokens?.get(name);
    if (!token) continue;
    const privsep = token.privsep ? 1 : 0;
    lines += `token:${userid}!${name}:${token.expire}:${privsep}:${escaped(token.comment)}:\n`;
  }
  return lines;
}

function usersSection(cfg: UserCfg): string {
  let out = "";
  for (const userid of sorted(cfg.users.keys())) {
    const user = cfg.users.get(userid);
    if (user) out += userLines(userid, user);
  }
  return out;
}

function groupsSection(cfg: UserCfg): string {
  let out = "";
  for (const name of sorted(cfg.groups.keys())) {
    const group = cfg.groups.get(name);
    out += `group:${name}:${sorted(group?.users ?? []).join(",")}:${escaped(group?.comment)}:\n`;
  }
  return out;
}

function poolsSection(cfg: UserCfg): string {
  let out = "";
  for (const name of sorted(cfg.pools.keys())) {
    const pool = cfg.pools.get(name);
    const vms = sorted(pool?.vms ?? []).join(",");
    const storage = sorted(pool?.storage ?? []).join(",");
    out += `pool:${name}:${escaped(pool?.comment)}:${vms}:${storage}:\n`;
  }
  return out;
}

function rolesSection(cfg: UserCfg): string {
  let out = "";
  for (const name of sorted(cfg.roles.keys())) {
    if (BUILT_IN_ROLES.has(name)) continue;
    out += `role:${name}:${sorted(cfg.roles.get(name) ?? []).join(",")}:\n`;
  }
  return out;
}

/** Holders with the very same roles and propagation share a line. */
type HoldersByRoles = Map<string, Set<string>>;

function collect(
  holders: Map<string, Grants>,
  prefix: string,
  propagate: boolean,
  into: HoldersByRoles,
): void {
  for (const [holder, grants] of holders) {
    const roles = sorted([...grants].filter(([, flag]) => flag === propagate).map(([r]) => r));
    if (roles.length === 0) continue;
    const key = roles.join(",");
    const sharing = into.get(key) ?? new Set<string>();
    sharing.add(`${prefix}${holder}`);
    into.set(key, sharing);
  }
}

function aclLines(path: string, node: AclNode): string {
  const users = new Map([...node.users].filter(([userid]) => userid !== "root@pam"));
  let out = "";
  for (const propagate of [false, true]) {
    const byRoles: HoldersByRoles = new Map();
    collect(node.groups, "@", propagate, byRoles);
    collect(users, "", propagate, byRoles);
    collect(node.tokens, "", propagate, byRoles);
    for (const roles of sorted(byRoles.keys())) {
      const holders = sorted(byRoles.get(roles) ?? []).join(",");
      out += `acl:${propagate ? 1 : 0}:${path}:${holders}:${roles}:\n`;
    }
  }
  return out;
}

/**
 * Writes user.cfg as PVE does: sections users (each with its tokens), groups, pools, roles, ACL,
 * with a blank line between, everything sorted.
 * @returns the file as a byte string
 */
export function writeUserCfg(cfg: UserCfg): string {
  let acl = "";
  for (const [path, node] of aclNodes(cfg.acl)) acl += aclLines(path, node);
  const sections = [
    usersSection(cfg),
    groupsSection(cfg),
    poolsSection(cfg),
    rolesSection(cfg),
    acl,
  ];
  return printBytes(sections.join("\n"));
}
