/**
 * Names on their way to Proxmox VE. What PVE or its paths would take for something else never
 * leaves the program (FACTS-pve, `encoding.json`, `users.json`): a raw `#` in a path cuts the rest
 * off, so that *another user* is meant; `%2F` and `%20` end in 501; a comma or semicolon in a
 * userid makes whoever stands behind it a member of the group; a non-ASCII userid becomes a user
 * that no path reaches.
 * Every function here throws PVE_UNSAFE_ID, or gives the name back ready for its place.
 */
import type { UserId } from "../decide/facts.js";
import { oddCharacter, USERID_MAX, USERID_MIN } from "../decide/userid.js";
import { AgentError } from "../errors.js";

/** A userid that is to be created, or to be named in a group's list: nothing odd at all. */
export function newUserid(userid: string): string {
  const odd = oddCharacter(userid);
  if (odd !== undefined) throw unsafe("user", userid, `it has ${odd}`);
  const at = userid.lastIndexOf("@");
  if (at < 1 || at === userid.length - 1) throw unsafe("user", userid, "it has no name or realm");
  if (userid.length > USERID_MAX || userid.length < USERID_MIN) {
    throw unsafe("user", userid, `PVE allows ${USERID_MIN} to ${USERID_MAX} characters`);
  }
  return userid;
}

/**
 * An existing user's userid as a part of a path. A comma or semicolon works in a path (`%2C`), so
 * such a user can be disabled and deleted; what no path reaches is refused.
 */
export function useridInPath(userid: UserId): string {
  newUserid(userid.replace(/[,;]/g, "_"));
  return encodeURIComponent(userid);
}

/** A group's id, for lists and bodies. PVE forgets a group called `0` at the next write. */
export function groupId(group: string): string {
  if (!/^[A-Za-z0-9._-]+$/.test(group) || group === "0" || group === "." || group === "..") {
    throw unsafe("group", group, "PVE allows A-Z a-z 0-9 . _ - and not 0 alone");
  }
  return group;
}

export function groupInPath(group: string): string {
  return encodeURIComponent(groupId(group));
}

/** PVE splits lists at commas, semicolons and white space; `groupId` lets none of them through. */
export function groupList(groups: readonly string[]): string {
  return groups.map(groupId).join(",");
}

export function roleId(role: string): string {
  if (!/^[A-Za-z0-9._-]+$/.test(role)) throw unsafe("role", role, "PVE allows A-Z a-z 0-9 . _ -");
  return role;
}

/** An ACL path for a request's body. Only its form: which paths exist in PVE, PVE itself says. */
export function aclPath(path: string): string {
  if (!/^\/$|^(\/[A-Za-z0-9._-]+)+$/.test(path)) {
    throw unsafe("ACL path", path, "it must be / or parts of A-Z a-z 0-9 . _ - after slashes");
  }
  return path;
}

export function realmInPath(realm: string): string {
  if (!/^[A-Za-z][A-Za-z0-9._-]+$/.test(realm)) {
    throw unsafe("realm", realm, "PVE allows A-Z a-z 0-9 . _ - after a letter");
  }
  return encodeURIComponent(realm);
}

// What encodeURIComponent leaves as it is, and percent codes of visible ASCII but `/` and space.
const PATH = /^(\/([A-Za-z0-9._~!'()*-]|%2[1-9A-E]|%[3-6][0-9A-F]|%7[0-9A-E])+)+$/;

/** The last door: whatever built the path, only one that PVE reads as it was meant goes out. */
export function checkPath(path: string): string {
  if (!PATH.test(path) || path.split("/").some(isDots)) {
    throw unsafe("path", path, "PVE would read it as another one");
  }
  return path;
}

function isDots(part: string): boolean {
  return /^(\.|%2E){1,2}$/.test(part);
}

function unsafe(what: string, name: string, why: string): AgentError {
  return new AgentError("PVE_UNSAFE_ID", `${what} ${JSON.stringify(name)} was not sent: ${why}`);
}
