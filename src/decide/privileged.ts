/** Which mappings are *privileged*: their members could give themselves or others more. */
import type { AclConfig } from "../config/types.js";
import type { Access, GroupId, RoleId } from "./facts.js";

const PRIVILEGED: readonly string[] = [
  "Permissions.Modify",
  "User.Modify",
  "Realm.Allocate",
  "Realm.AllocateUser",
  "Group.Allocate",
  "Sys.Modify",
  "Sys.Console",
];

export function privilegedRole(access: Access, role: RoleId): boolean {
  const privileges = access.roles.get(role);
  return privileges !== undefined && PRIVILEGED.some((privilege) => privileges.has(privilege));
}

/** By the configuration or by the ACL as read, whichever says so. */
export function privilegedGroup(
  access: Access,
  group: GroupId,
  wanted: readonly AclConfig[] | undefined,
): boolean {
  const held = access.acl.filter((entry) => entry.type === "group" && entry.ugid === group);
  return [...held, ...(wanted ?? [])].some((entry) => privilegedRole(access, entry.role));
}
