import { type AclNode, aclNodeAt, grant, newAclNode } from "./acl-tree.js";
import { isFileName, isPoolName, isUserid, normalizePath, splitTokenid } from "./names.js";
import { decodeText, isTrue, splitFields, splitList, trimBytes } from "./perl.js";
import { BUILT_IN_ROLES, PRIVILEGES } from "./privileges.js";

export interface Token {
  privsep: boolean;
  /** Seconds since 1970; 0: never. */
  expire: number;
  comment?: string;
}

export interface User {
  enable: boolean;
  /** Seconds since 1970; 0: never. */
  expire: number;
  firstname?: string;
  lastname?: string;
  /** Not escaped in the file, unlike the names and the comment. */
  email?: string;
  comment?: string;
  keys?: string;
  groups: Set<string>;
  /** PVE tells "no tokens yet" (`null` in its answers) from an empty list. */
  tokens?: Map<string, Token>;
}

export interface Group {
  comment?: string;
  /** Userids as the file lists them, those of nobody included. */
  users: Set<string>;
}

export interface Pool {
  comment?: string;
  vms: Set<string>;
  storage: Set<string>;
}

/** What user.cfg says. */
export interface UserCfg {
  users: Map<string, User>;
  groups: Map<string, Group>;
  /** The built-in ones included. */
  roles: Map<string, ReadonlySet<string>>;
  pools: Map<string, Pool>;
  /** The pool of each guest. */
  vms: Map<string, string>;
  acl: AclNode;
}

type Fields = (string | undefined)[];

const DIGITS = /^[0-9]+$/;
const STORAGE = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;

const text = (field: string | undefined): string | undefined =>
  isTrue(field) ? decodeText(field ?? "") : undefined;

/** Seconds of an `expire` field; nothing where it is no number, and PVE then drops the whole line. */
function expiry(field: string | undefined): number | undefined {
  if (!isTrue(field)) return 0;
  return DIGITS.test(field ?? "") ? Number(field) : undefined;
}

function readUser(cfg: UserCfg, fields: Fields): void {
  const [userid = "", enable, expire, firstname, lastname, email, comment, keys] = fields;
  const until = expiry(expire);
  if (!isUserid(userid, "bytes") || until === undefined) return;
  const user: User = { enable: isTrue(enable), expire: until, groups: new Set() };
  const first = text(firstname);
  const last = text(lastname);
  const about = text(comment);
  if (first !== undefined) user.firstname = first;
  if (last !== undefined) user.lastname = last;
  if (email !== undefined) user.email = email;
  if (about !== undefined) user.comment = about;
  if (isTrue(keys) && keys !== undefined) user.keys = keys;
  cfg.users.set(userid, user);
}

function readToken(cfg: UserCfg, fields: Fields): void {
  const [tokenid = "", expire, privsep, comment] = fields;
  const id = splitTokenid(tokenid, "bytes");
  const until = expiry(expire);
  const owner = id && cfg.users.get(id.user);
  if (!id || !owner || until === undefined) return;
  const token: Token = { privsep: isTrue(privsep), expire: until };
  const about = text(comment);
  if (about !== undefined) token.comment = about;
  owner.tokens ??= new Map();
  owner.tokens.set(id.token, token);
}

function readGroup(cfg: UserCfg, fields: Fields): void {
  const [name = "", members, comment] = fields;
  if (!isFileName(name)) return;
  const group = cfg.groups.get(name) ?? { users: new Set<string>() };
  cfg.groups.set(name, group);
  const about = text(comment);
  if (about !== undefined) group.comment = about;
  for (const member of splitList(members)) {
    if (!isUserid(member, "bytes")) continue;
    cfg.users.get(member)?.groups.add(name);
    // PVE keeps the name of a user that does not exist: whoever gets it later is a member.
    group.users.add(member);
  }
}

function readPool(cfg: UserCfg, fields: Fields): void {
  const [name = "", comment, vms, storage] = fields;
  if (!isPoolName(name)) return;
  const pool = poolOf(cfg, name);
  for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
    poolOf(cfg, name.slice(0, end));
  }
  const about = text(comment);
  if (about !== undefined) pool.comment = about;
  for (const vm of splitList(vms)) {
    if (!DIGITS.test(vm)) continue;
    const vmid = String(Number(vm));
    if (cfg.vms.has(vmid)) continue;
    pool.vms.add(vmid);
    cfg.vms.set(vmid, name);
  }
  for (const id of splitList(storage)) if (STORAGE.test(id)) pool.storage.add(id);
}

function poolOf(cfg: UserCfg, name: string): Pool {
  let pool = cfg.pools.get(name);
  if (!pool) {
    pool = { vms: new Set(), storage: new Set() };
    cfg.pools.set(name, pool);
  }
  return pool;
}

function readRole(cfg: UserCfg, fields: Fields): void {
  const [name = "", privileges] = fields;
  if (!isFileName(name) || BUILT_IN_ROLES.has(name)) return;
  const known = splitList(privileges).filter((privilege) => PRIVILEGES.has(privilege));
  cfg.roles.set(name, new Set([...(cfg.roles.get(name) ?? []), ...known]));
}

function readAcl(cfg: UserCfg, fields: Fields): void {
  const [flag, where, holders, roles] = fields;
  const path = normalizePath(where);
  if (path === undefined) return;
  const propagate = isTrue(flag);
  for (const role of splitList(roles)) {
    if (!isFileName(role) || !cfg.roles.has(role)) continue;
    for (const holder of splitList(holders)) readAclEntry(cfg, path, holder, role, propagate);
  }
}

function readAclEntry(
  cfg: UserCfg,
  path: string,
  holder: string,
  role: string,
  propagate: boolean,
): void {
  const group = holder.startsWith("@") ? holder.slice(1) : "";
  if (isFileName(group)) {
    grant(aclNodeAt(cfg.acl, path), "groups", group, role, propagate);
  } else if (isUserid(holder, "bytes")) {
    grant(aclNodeAt(cfg.acl, path), "users", holder, role, propagate);
  } else {
    const id = splitTokenid(holder, "bytes");
    // Users and groups in an ACL may be missing, tokens may not.
    if (!id || !cfg.users.get(id.user)?.tokens?.has(id.token)) return;
    grant(aclNodeAt(cfg.acl, path), "tokens", holder, role, propagate);
  }
}

const READERS: Record<string, (cfg: UserCfg, fields: Fields) => void> = {
  user: readUser,
  token: readToken,
  group: readGroup,
  pool: readPool,
  role: readRole,
  acl: readAcl,
};

/**
 * Reads user.cfg as PVE does: line by line, what it does not understand is left out without an
 * error, and entries can only refer to what stands above them.
 * @param raw the file as a byte string
 */
export function parseUserCfg(raw: string): UserCfg {
  const cfg: UserCfg = {
    users: new Map(),
    groups: new Map(),
    roles: new Map(BUILT_IN_ROLES),
    pools: new Map(),
    vms: new Map(),
    acl: newAclNode(),
  };
  for (const line of raw.split("\n")) {
    const fields = splitFields(trimBytes(line), ":").map(trimBytes);
    const kind = fields.shift();
    if (kind !== undefined && Object.hasOwn(READERS, kind)) READERS[kind]?.(cfg, fields);
  }
  if (!cfg.users.has("root@pam")) {
    cfg.users.set("root@pam", { enable: true, expire: 0, groups: new Set() });
  }
  return cfg;
}
