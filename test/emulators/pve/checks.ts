import type { Call } from "./call.js";
import { PermissionError, PlainError } from "./errors.js";
import { type Kind, normalizePath, verifyUserid } from "./names.js";
import { isTrue, splitList } from "./perl.js";
import { modifyPrivileges } from "./permissions.js";
import { printed } from "./schema.js";

/*
 * Permission checks of the methods, as their descriptions in PVE's API name them. They run before
 * the parameters are verified. In `quiet` a check answers false instead of throwing 403; what is
 * wrong with a userid is thrown even then.
 */
export type Check = (call: Call, who: string, quiet: boolean) => boolean;

const rawText = (call: Call, name: string): string | undefined => printed(call.raw[name]);

export const kindOf = (call: Call, name: string): Kind =>
  call.fromPath.has(name) ? "bytes" : "text";

function refuse(quiet: boolean, what?: string): boolean {
  if (quiet) return false;
  throw new PermissionError(what);
}

/** All of the privileges at a fixed path. */
export const perm =
  (path: string, privileges: string[]): Check =>
  (call, who, quiet) => {
    if (quiet) return call.access.has(who, path, privileges);
    call.access.require(who, path, privileges);
    return true;
  };

/** One of the privileges at a fixed path. */
export const anyPerm =
  (path: string, privileges: string[]): Check =>
  (call, who, quiet) => {
    if (quiet) return call.access.hasAny(who, path, privileges);
    call.access.requireAny(who, path, privileges);
    return true;
  };

export const and =
  (...checks: Check[]): Check =>
  (call, who) => {
    for (const check of checks) check(call, who, false);
    return true;
  };

export const or =
  (...checks: Check[]): Check =>
  (call, who, quiet) =>
    checks.some((check) => check(call, who, true)) || refuse(quiet);

function existing(call: Call, userid: string, quiet: boolean): boolean {
  if (call.access.userExists(userid)) return true;
  if (quiet) return false;
  throw new PlainError(`no such user ('${userid}')\n`);
}

function givenUserid(call: Call): ReturnType<typeof verifyUserid> {
  return verifyUserid(rawText(call, "userid"), kindOf(call, "userid"));
}

/** The caller is the user that the call is about. A token never is. */
export const self: Check = (call, who, quiet) => {
  const { userid } = givenUserid(call);
  if (!existing(call, userid, quiet)) return false;
  return who === userid || refuse(quiet);
};

/** Realm.AllocateUser on the realm of the user that the call is about. */
export const allocatesUser: Check = (call, who, quiet) => {
  const { realm } = givenUserid(call);
  return perm(`/access/realm/${realm}`, ["Realm.AllocateUser"])(call, who, quiet);
};

/**
 * One of the privileges on all groups, or on those that matter: each of the groups given (where
 * the call gives groups), and some group that the user is in (where the user exists already).
 */
export const onGroupsOfUser =
  (privileges: string[], groups: "none" | "create" | "update" = "none"): Check =>
  (call, who, quiet) => {
    const userid = rawText(call, "userid") ?? "";
    const exists = groups !== "create";
    if (exists && !existing(call, givenUserid(call).userid, quiet)) return false;
    if (call.access.hasAny(who, "/access/groups", privileges)) return true;
    const allowed = call.access.groupsWith(who, privileges);
    if (groups !== "none") requireGroups(call, allowed, privileges);
    if (!exists) return true;
    return call.access.membersOf(allowed).has(userid) || refuse(quiet);
  };

function requireGroups(call: Call, allowed: Set<string>, privileges: string[]): void {
  const given = splitList(rawText(call, "groups"));
  const needed = privileges.join("|");
  if (given.length === 0) throw new PermissionError(`/access/groups, ${needed}`);
  const missing = given.find((group) => !allowed.has(group));
  if (missing !== undefined) throw new PermissionError(`/access/groups/${missing}, ${needed}`);
}

/** The right to change the ACL of the path that the call gives; a missing one counts as "/-". */
export const modifiesPath: Check = (call, who, quiet) => {
  const given = rawText(call, "path");
  const path = normalizePath(isTrue(given) ? given : "-");
  // A path that has no normal form passes here: the method itself refuses it.
  if (path === undefined) return false;
  return anyPerm(path, modifyPrivileges(path))(call, who, quiet);
};
