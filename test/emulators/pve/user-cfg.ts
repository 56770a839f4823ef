import { type AclNode, aclNodeAt, grant, newAclNode } from "./acl-tree.js";
import { isFileName, isPoolName, isUserid, normalizePath, splitTokenid } from "./names.js";
import { decodeText, isTrue, sorted, splitFields, splitList, trimBytes } from "./perl.js";
import { BUILT_IN_ROLES, PRIVILEGES } from "./privileges.js";

export interface Token {
  privsep: boolean;
  /** Seconds since 1970; 0: never. */
  expire: number;
  comment?: string;
}

/** A user; never changed, only replaced, so that whoever read the same line can share it. */
export interface User {
  readonly enable: boolean;
  /** Seconds since 1970; 0: never. */
  readonly expire: number;
  readonly firstname?: string;
  readonly lastname?: string;
  /** Not escaped in the file, unlike the names and the comment. */
  readonly email?: string;
  readonly comment?: string;
  readonly keys?: string;
  /** PVE tells "no tokens yet" (`null` in its answers) from an empty list. */
  readonly tokens?: ReadonlyMap<string, Token>;
}

export interface Group {
  comment?: string;
  /** Userids as the file lists them, those of nobody included. */
  users: Set<string>;
  /** Those of them that the file had not named as users when it came to the group. */
  strangers?: Set<string>;
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

/** What a `user` line says. */
function userFrom(fields: Fields): [userid: string, user: User] | null {
  const [userid = "", enable, expire, firstname, lastname, email, comment, keys] = fields;
  const until = expiry(expire);
  if (!isUserid(userid, "bytes") || until === undefined) return null;
  const texts = {
    firstname: text(firstname),
    lastname: text(lastname),
    email,
    comment: text(comment),
    keys: isTrue(keys) ? keys : undefined,
  };
  const present = Object.entries(texts).filter(([, value]) => value !== undefined);
  return [userid, { enable: isTrue(enable), expire: until, ...Object.fromEntries(present) }];
}

/** Gives a user a token, or takes it away. */
export function setToken(cfg: UserCfg, userid: string, name: string, token: Token | null): void {
  const owner = cfg.users.get(userid);
  if (!owner) return;
  const tokens = new Map(owner.tokens);
  if (token) tokens.set(name, token);
  else tokens.delete(name);
  cfg.users.set(userid, { ...owner, tokens });
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
  setToken(cfg, id.user, id.token, token);
}

/** What a `group` line says; a userid that is none is left out. */
function groupFrom([name = "", members, comment]: Fields): [name: string, group: Group] | null {
  if (!isFileName(name)) return null;
  const group: Group = { users: new Set(splitList(members).filter((id) => isUserid(id, "bytes"))) };
  const about = text(comment);
  if (about !== undefined) group.comment = about;
  return [name, group];
}

function addGroup(cfg: UserCfg, name: string, said: Group): void {
  const group: Group = cfg.groups.get(name) ?? { users: new Set() };
  cfg.groups.set(name, group);
  if (said.comment !== undefined) group.comment = said.comment;
  for (const member of said.users) {
    // PVE keeps the name of a user that does not exist: whoever gets it later is a member.
    group.users.add(member);
    if (!cfg.users.has(member)) (group.strangers ??= new Set()).add(member);
  }
}

/** The groups of each user, sorted. */
export function memberships(cfg: UserCfg): Map<string, string[]> {
  const byUser = new Map<string, string[]>();
  for (const name of sorted(cfg.groups.keys())) {
    const group = cfg.groups.get(name);
    for (const userid of group?.users ?? []) {
      if (group?.strangers?.has(userid)) continue;
      const groups = byUser.get(userid);
      if (groups) groups.push(name);
      else byUser.set(userid, [name]);
    }
  }
  return byUser;
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
  token: readToken,
  pool: readPool,
  role: readRole,
  acl: readAcl,
};

const fieldsOf = (line: string): string[] => splitFields(trimBytes(line), ":").map(trimBytes);

/** What a long line says depends on nothing else, and most lines stay as they are between two writes. */
type Said = ["user", ReturnType<typeof userFrom>] | ["group", ReturnType<typeof groupFrom>];
const said = new Map<string, Said>();
const REMEMBERED_LINES = 50_000;

function sayingOf(line: string): Said | undefined {
  const known = said.get(line);
  if (known) return known;
  const [kind, ...fields] = fieldsOf(line);
  if (kind !== "user" && kind !== "group") return undefined;
  const saying: Said = kind === "user" ? ["user", userFrom(fields)] : ["group", groupFrom(fields)];
  if (said.size >= REMEMBERED_LINES) said.clear();
  said.set(line, saying);
  return saying;
}

function readLine(cfg: UserCfg, line: string): void {
  const saying = sayingOf(line);
  if (saying?.[0] === "user") {
    if (saying[1]) cfg.users.set(...saying[1]);
  } else if (saying) {
    if (saying[1]) addGroup(cfg, ...saying[1]);
  } else {
    const [kind, ...fields] = fieldsOf(line);
    if (kind !== undefined && Object.hasOwn(READERS, kind)) READERS[kind]?.(cfg, fields);
  }
}

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
  for (const line of raw.split("\n")) readLine(cfg, line);
  if (!cfg.users.has("root@pam")) {
    cfg.users.set("root@pam", { enable: true, expire: 0 });
  }
  return cfg;
}
