import type { Methods, Permitted } from "../call.js";
import { aclNodes } from "../acl-tree.js";
import { allocatesUser, and, kindOf, onGroupsOfUser } from "../checks.js";
import { PlainError } from "../errors.js";
import { verifyUserid } from "../names.js";
import { isTrue, sorted, splitList } from "../perl.js";
import type { Params, Property, Schema } from "../schema.js";
import { memberships, type Token, type User, type UserCfg } from "../user-cfg.js";

export const USERID: Property = { type: "string", format: "userid", maxLength: 64 };

const FIELDS: Schema = {
  enable: { type: "boolean", optional: true },
  expire: { type: "integer", minimum: 0, optional: true },
  firstname: { type: "string", maxLength: 1024, optional: true },
  lastname: { type: "string", maxLength: 1024, optional: true },
  email: { type: "string", format: "email", orEmpty: true, maxLength: 254, optional: true },
  comment: { type: "string", maxLength: 2048, optional: true },
  keys: { type: "string", pattern: /^[0-9a-zA-Z!=]{0,4096}$/, optional: true },
  groups: { type: "string", format: "groupid", list: true, optional: true },
};
const TEXTS = ["firstname", "lastname", "email", "comment", "keys"] as const;

/** The userid that a call is about, verified; a path's bytes and a body's text differ in what is white space. */
export function useridOf(call: Permitted): ReturnType<typeof verifyUserid> {
  return verifyUserid(call.params.userid, kindOf(call, "userid"));
}

/** The user, or PVE's complaint that there is none. */
export function requireUser(cfg: UserCfg, userid: string): User {
  const user = cfg.users.get(userid);
  if (!user) throw new PlainError(`no such user ('${userid}')\n`);
  return user;
}

export function tokenInfo(token: Token): Record<string, unknown> {
  const info = { privsep: token.privsep ? 1 : 0, expire: token.expire };
  return token.comment === undefined ? info : { ...info, comment: token.comment };
}

function basics(user: User): Record<string, unknown> {
  const entry: Record<string, unknown> = { enable: user.enable ? 1 : 0, expire: user.expire };
  for (const field of TEXTS) if (user[field] !== undefined) entry[field] = user[field];
  return entry;
}

function listedTokens(user: User): unknown {
  if (!user.tokens) return null;
  return sorted(user.tokens.keys()).map((tokenid) => {
    const token = user.tokens?.get(tokenid);
    return { tokenid, ...(token && tokenInfo(token)) };
  });
}

function listEntry(
  call: Permitted,
  userid: string,
  user: User,
  groups: string[],
): Record<string, unknown> {
  const entry = basics(user);
  entry.userid = userid;
  const realm = call.state.domains.realms.get(userid.slice(userid.lastIndexOf("@") + 1));
  if (realm) entry["realm-type"] = realm.type;
  if (isTrue(call.params.full)) {
    entry.groups = groups.join(",");
    entry.tokens = listedTokens(user);
  }
  return entry;
}

/** Everybody for whoever may change or audit all groups; else oneself and the members of the groups one may. */
function list(call: Permitted): unknown {
  const cfg = call.state.users;
  const privileges = ["User.Modify", "Sys.Audit"];
  const all = call.access.hasAny(call.caller, "/access/groups", privileges);
  const visible = all
    ? new Set<string>()
    : call.access.membersOf(call.access.groupsWith(call.caller, privileges));
  const groups = memberships(cfg);
  const { enabled } = call.params;
  return sorted(cfg.users.keys()).flatMap((userid) => {
    const user = cfg.users.get(userid);
    if (!user || !(all || userid === call.caller || visible.has(userid))) return [];
    if (enabled !== undefined && user.enable !== isTrue(enabled)) return [];
    return [listEntry(call, userid, user, groups.get(userid) ?? [])];
  });
}

function join(cfg: UserCfg, userid: string, groups: string | undefined): void {
  if (!isTrue(groups)) return;
  for (const name of splitList(groups)) {
    const group = cfg.groups.get(name);
    if (!group) throw new PlainError(`no such group '${name}'\n`);
    group.users.add(userid);
  }
}

function leaveAll(cfg: UserCfg, userid: string): void {
  for (const group of cfg.groups.values()) group.users.delete(userid);
}

/** In a realm that ignores case, the account that differs in case alone. */
function sameAccount(call: Permitted, cfg: UserCfg, userid: string, realm: string): string {
  const caseSensitive = call.state.domains.realms.get(realm)?.properties.get("case-sensitive") ?? 1;
  if (isTrue(caseSensitive)) return userid;
  const lower = userid.toLowerCase();
  return [...cfg.users.keys()].find((known) => known.toLowerCase() === lower) ?? userid;
}

function storePassword(call: Permitted, userid: string, realm: string): void {
  const { password } = call.params;
  if (password === undefined) return;
  const type = call.state.domains.realms.get(realm)?.type;
  if (type === undefined) throw new PlainError(`auth domain '${realm}' does not exist\n`);
  if (type !== "pve") throw new PlainError(`can't set password on auth type '${type}'\n`);
  call.state.passwords.set(userid, password);
}

/** The texts that a call gives, as far as they are wanted. */
function givenTexts(params: Params, wanted: (value: string) => boolean): Partial<User> {
  const given = TEXTS.map((field) => [field, params[field]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && wanted(value)));
}

function create(call: Permitted): null {
  const { params } = call;
  call.state.changeUsers("create user failed", (cfg) => {
    const given = useridOf(call);
    const userid = sameAccount(call, cfg, given.userid, given.realm);
    if (cfg.users.has(userid)) throw new PlainError(`user '${userid}' already exists\n`);
    storePassword(call, userid, given.realm);
    cfg.users.set(userid, {
      enable: params.enable === undefined || isTrue(params.enable),
      expire: isTrue(params.expire) ? Number(params.expire) : 0,
      ...givenTexts(params, isTrue),
    });
    join(cfg, userid, params.groups);
  });
  return null;
}

function read(call: Permitted): unknown {
  const { userid } = useridOf(call);
  const user = requireUser(call.state.users, userid);
  const groups = memberships(call.state.users).get(userid) ?? [];
  const tokens = user.tokens
    ? Object.fromEntries([...user.tokens].map(([id, token]) => [id, tokenInfo(token)]))
    : null;
  return { ...basics(user), groups, tokens };
}

function update(call: Permitted): null {
  const { params } = call;
  const { userid } = useridOf(call);
  call.state.changeUsers("update user failed", (cfg) => {
    const user = requireUser(cfg, userid);
    cfg.users.set(userid, {
      ...user,
      ...(params.enable !== undefined && { enable: isTrue(params.enable) }),
      ...(params.expire !== undefined && { expire: Number(params.expire) }),
      ...givenTexts(params, () => true),
    });
    if (params.groups !== undefined && !isTrue(params.append)) leaveAll(cfg, userid);
    join(cfg, userid, params.groups);
  });
  return null;
}

/** Deletes the account with its memberships and ACL entries; those of its tokens stay until the next write. */
function remove(call: Permitted): null {
  const { userid } = useridOf(call);
  call.state.changeUsers("delete user failed", (cfg) => {
    cfg.users.delete(userid);
    leaveAll(cfg, userid);
    for (const [, node] of aclNodes(cfg.acl)) node.users.delete(userid);
  });
  call.state.passwords.delete(userid);
  return null;
}

export const users: Methods = {
  GET: {
    protected: true,
    permission: "all",
    parameters: {
      enabled: { type: "boolean", optional: true },
      full: { type: "boolean", optional: true },
    },
    run: list,
  },
  POST: {
    protected: true,
    permission: and(allocatesUser, onGroupsOfUser(["User.Modify"], "create")),
    parameters: {
      userid: USERID,
      ...FIELDS,
      password: { type: "string", minLength: 8, maxLength: 64, optional: true },
    },
    run: create,
  },
};

export const user: Methods = {
  GET: {
    permission: onGroupsOfUser(["User.Modify", "Sys.Audit"]),
    parameters: { userid: USERID },
    run: read,
  },
  PUT: {
    protected: true,
    permission: onGroupsOfUser(["User.Modify"], "update"),
    parameters: {
      userid: USERID,
      ...FIELDS,
      append: { type: "boolean", optional: true, requires: "groups" },
    },
    run: update,
  },
  DELETE: {
    protected: true,
    permission: and(allocatesUser, onGroupsOfUser(["User.Modify"])),
    parameters: { userid: USERID },
    run: remove,
  },
};
