/**
 * How full the cluster's user database is (P13). PVE keeps users, tokens, groups, roles and the
 * ACL of the whole cluster in one file, `user.cfg`. The cluster file system takes 1 MiB a file,
 * and a file within the last 23 bytes of that makes *every authenticated call of the cluster* fail
 * (FACTS-pve), so writes that would take it past 80 % are held.
 *
 * The API does not tell the size: it is estimated by writing the file out from what was read.
 * Pools are in the file too and cannot be seen by our reads: `[guard] user_db_reserve` is for them.
 */
import type { Access, AclEntry, GroupId, PveUser, UserId } from "./facts.js";
import type { UserFields, Write } from "./plan.js";

/** The most that user.cfg may hold, in bytes. */
export const USER_DATABASE_LIMIT = 1_048_576;
/** Past this share of the limit nothing is added. */
export const USER_DATABASE_SHARE = 0.8;

/** Bytes up to which writes are let through, with the configured reserve taken off. */
export function userDatabaseRoom(reserveBytes: number): number {
  return Math.floor(USER_DATABASE_LIMIT * USER_DATABASE_SHARE) - reserveBytes;
}

/** Estimated bytes of user.cfg, pools left out. */
export function userDatabaseBytes(access: Access): number {
  const users = sum([...access.users.values()].map(userBytes));
  const groups = sum(
    [...access.groups.values()].map((group) => groupBytes(group.groupid, group.comment)),
  );
  const members = sum([...access.users.values()].map((user) => memberBytes(user, user.groups)));
  const roles = sum(
    [...access.roles].map(([role, privileges]) =>
      access.specialRoles.has(role) ? 0 : lineBytes("role", role, [...privileges].join(","), ""),
    ),
  );
  const acl = sum([...byPath(access.acl).values()].map(aclBytes));
  const emptyLinesBetweenSections = 4;
  return users + groups + members + roles + acl + emptyLinesBetweenSections;
}

/**
 * How many bytes a write adds to user.cfg (negative: takes away), seen from `access` alone: writes
 * before it that are not in `access` yet are not known, so sums over a plan are an estimate. ACL
 * entries that vanish with their user or group are left in: the estimate errs to the full side.
 */
export function bytesOf(write: Write, access: Access): number {
  switch (write.kind) {
    case "create-user":
      return (
        userLine(write.userid, write.fields) +
        memberBytes({ userid: write.userid }, newGroups(access, write.userid, write.groups))
      );
    case "update-user":
      return updateBytes(write, access);
    case "delete-user": {
      const user = access.users.get(write.userid);
      return user === undefined ? 0 : -userBytes(user) - memberBytes(user, user.groups);
    }
    case "create-group":
      return groupBytes(write.group, write.comment);
    case "update-group": {
      const before = access.groups.get(write.group)?.comment ?? "";
      return textBytes(write.comment) - textBytes(before);
    }
    case "delete-group":
      return -deletedGroupBytes(write.group, access);
    case "acl":
      return aclChangeBytes(write, access);
  }
}

// ---------------------------------------------------------------- users and groups

function updateBytes(write: Extract<Write, { kind: "update-user" }>, access: Access): number {
  const before = access.users.get(write.userid);
  if (before === undefined) return 0;
  const after = { ...before, ...write.fields };
  const who = { userid: write.userid };
  const left = write.leave.filter((group) => before.groups.includes(group));
  return (
    userLine(write.userid, after) -
    userLine(write.userid, before) +
    memberBytes(who, newGroups(access, write.userid, write.join)) -
    memberBytes(who, left)
  );
}

function newGroups(access: Access, userid: UserId, groups: readonly GroupId[]): GroupId[] {
  const has = access.users.get(userid)?.groups ?? [];
  return groups.filter((group) => !has.includes(group));
}

function userBytes(user: PveUser): number {
  const tokens = user.tokens.map((token) =>
    lineBytes(
      "token",
      `${user.userid}!${token.tokenid}`,
      String(token.expire),
      "1",
      encoded(token.comment ?? ""),
    ),
  );
  return userLine(user.userid, user) + sum(tokens);
}

/** `user:<id>:<enable>:<expire>:<first name>:<last name>:<email>:<comment>:<keys>:` */
function userLine(
  userid: UserId,
  user: UserFields & { readonly expire?: number; readonly keys?: string },
): number {
  return lineBytes(
    "user",
    userid,
    "1",
    String(user.expire ?? 0),
    encoded(user.firstname ?? ""),
    encoded(user.lastname ?? ""),
    user.email ?? "",
    encoded(user.comment ?? ""),
    user.keys ?? "",
  );
}

/** `group:<id>:<members>:<comment>:`, members counted apart. */
function groupBytes(group: GroupId, comment: string): number {
  return lineBytes("group", group, "", encoded(comment));
}

/** A name and a comma in the list of each group; the first one's missing comma is let be. */
function memberBytes(user: { readonly userid: UserId }, groups: readonly GroupId[]): number {
  return groups.length * (utf8Bytes(user.userid) + 1);
}

function deletedGroupBytes(groupid: GroupId, access: Access): number {
  const group = access.groups.get(groupid);
  if (group === undefined) return 0;
  const members = [...access.users.values()].filter((user) => user.groups.includes(groupid));
  return (
    groupBytes(groupid, group.comment) + sum(members.map((user) => memberBytes(user, [groupid])))
  );
}

// ---------------------------------------------------------------- the ACL

/**
 * The lines of one path. PVE writes one line for each propagation and *set of roles*, with
 * everybody who has just this set: `acl:<propagate>:<path>:<who,who>:<roles>:`
 */
function aclBytes(entries: readonly AclEntry[]): number {
  const rolesOf = new Map<string, string[]>();
  for (const entry of entries) {
    const who = entry.type === "group" ? `@${entry.ugid}` : entry.ugid;
    const key = `${entry.propagate ? 1 : 0}:${who}`;
    rolesOf.set(key, [...(rolesOf.get(key) ?? []), entry.role]);
  }
  const lines = new Map<string, string[]>();
  for (const [key, roles] of rolesOf) {
    const line = `${key.slice(0, 1)}:${[...roles].sort().join(",")}`;
    lines.set(line, [...(lines.get(line) ?? []), key.slice(2)]);
  }
  const path = entries[0]?.path ?? "";
  return sum(
    [...lines].map(([line, who]) => lineBytes("acl", "1", path, who.join(","), line.slice(2))),
  );
}

function aclChangeBytes(write: Extract<Write, { kind: "acl" }>, access: Access): number {
  const before = access.acl.filter((entry) => entry.path === write.path);
  const touched = (entry: AclEntry): boolean =>
    entry.type === "group" && entry.role === write.role && write.groups.includes(entry.ugid);
  const added = write.groups.map((ugid): AclEntry => {
    return {
      path: write.path,
      type: "group",
      ugid,
      role: write.role,
      propagate: write.propagate,
    };
  });
  const rest = before.filter((entry) => !touched(entry));
  const after = write.delete ? rest : [...rest, ...added];
  return aclBytes(after) - aclBytes(before);
}

function byPath(acl: readonly AclEntry[]): Map<string, AclEntry[]> {
  const paths = new Map<string, AclEntry[]>();
  for (const entry of acl) {
    const same = paths.get(entry.path);
    if (same === undefined) paths.set(entry.path, [entry]);
    else same.push(entry);
  }
  return paths;
}

// ---------------------------------------------------------------- bytes

/** `a:b:c:` and a line feed. */
function lineBytes(...fields: readonly (string | Encoded)[]): number {
  const widths = fields.map((field) =>
    typeof field === "string" ? utf8Bytes(field) : textBytes(field.text),
  );
  return sum(widths) + fields.length + 1;
}

/** A name or a comment: the only fields that PVE encodes. */
interface Encoded {
  readonly text: string;
}

function encoded(text: string): Encoded {
  return { text };
}

/** As PVE writes names and comments: `:`, `%`, control and non-ASCII bytes as three characters. */
function textBytes(text: string): number {
  return measure(text, (code) => (isPlain(code) ? 1 : 3 * utf8Width(code)));
}

function utf8Bytes(text: string): number {
  return measure(text, utf8Width);
}

function measure(text: string, width: (code: number) => number): number {
  let bytes = 0;
  for (const character of text) bytes += width(character.codePointAt(0) ?? 0);
  return bytes;
}

const COLON = 0x3a;
const PERCENT = 0x25;

function isPlain(code: number): boolean {
  return code >= 0x20 && code <= 0x7e && code !== COLON && code !== PERCENT;
}

function utf8Width(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
