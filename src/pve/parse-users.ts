import type { PveGroup, PveToken, PveUser, UserId } from "../decide/facts.js";
import { realmOf } from "../decide/userid.js";
import type { GroupRead } from "../ports.js";
import {
  bad,
  byName,
  commaList,
  count,
  fields,
  flag,
  list,
  optionalFlag,
  optionalText,
  text,
} from "./shape.js";
import type { Fields } from "./shape.js";

/** `GET /access/users?full=1`. Throws PVE_BAD_ANSWER. */
export function parseUsers(data: unknown): ReadonlyMap<UserId, PveUser> {
  const users = list(data, "users").map((item, at) => {
    const from = fields(item, `users[${at}]`);
    const userid = text(from, "userid", `users[${at}]`);
    const groups = commaList(from, "groups", `user ${userid}`);
    return user(userid, from, groups);
  });
  return byName(users, (user) => user.userid, "users");
}

/** `GET /access/users/{userid}`, which does not repeat the userid and lists groups as a list. */
export function parseUser(userid: UserId, data: unknown): PveUser {
  const from = fields(data, `user ${userid}`);
  const groups = list(from.groups, `user ${userid}: groups`).map((group) => {
    if (typeof group !== "string") throw bad(`user ${userid}: a group's name is not text`);
    return group;
  });
  return user(userid, from, groups);
}

/** `GET /access/groups`. Who is in them is read from the users. */
export function parseGroups(data: unknown): ReadonlyMap<string, PveGroup> {
  const groups = list(data, "groups").map((item, at): PveGroup => {
    const from = fields(item, `groups[${at}]`);
    const groupid = text(from, "groupid", `groups[${at}]`);
    return { groupid, comment: optionalText(from, "comment", `group ${groupid}`) };
  });
  return byName(groups, (group) => group.groupid, "groups");
}

/** `GET /access/groups/{group}`, which does not repeat the group's name. */
export function parseGroup(groupid: string, data: unknown): GroupRead {
  const where = `group ${groupid}`;
  const from = fields(data, where);
  const members = list(from.members, `${where}: members`).map((member) => {
    if (typeof member !== "string") throw bad(`${where}: a member's name is not text`);
    return member as UserId;
  });
  return { groupid, comment: optionalText(from, "comment", where), members };
}

function user(userid: string, from: Fields, groups: readonly string[]): PveUser {
  const where = `user ${userid}`;
  // PVE takes any name before the last `@`, one that begins with another `@` too (FACTS-pve).
  if (!/.@[^@]+$/.test(userid)) throw bad(`${where}: no name or no realm`);
  return {
    userid: userid as UserId,
    realm: realmOf(userid as UserId),
    enable: flag(from, "enable", where),
    expire: count(from, "expire", where),
    comment: optionalText(from, "comment", where),
    firstname: optionalText(from, "firstname", where),
    lastname: optionalText(from, "lastname", where),
    email: optionalText(from, "email", where),
    keys: optionalText(from, "keys", where),
    groups,
    tokens: tokens(from.tokens, where),
  };
}

/** Null, a list (all users), or an object by token id (one user). */
function tokens(value: unknown, where: string): readonly PveToken[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) {
    return (value as unknown[]).map((item) => {
      const from = fields(item, `${where}: token`);
      return token(text(from, "tokenid", `${where}: token`), from, where);
    });
  }
  const named = Object.entries(fields(value, `${where}: tokens`));
  return named.map(([tokenid, item]) => token(tokenid, fields(item, `${where}: token`), where));
}

function token(tokenid: string, from: Fields, where: string): PveToken {
  const comment = optionalText(from, "comment", `${where}: token ${tokenid}`);
  return {
    tokenid,
    privsep: optionalFlag(from, "privsep", `${where}: token ${tokenid}`),
    expire: count(from, "expire", `${where}: token ${tokenid}`),
    ...(comment === "" ? {} : { comment }),
  };
}
