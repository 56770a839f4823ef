/** Each `Write` of a plan as exactly one request to PVE. */
import type { Proxmox } from "proxmox-api";
import type { Write } from "../decide/plan.js";
import { AgentError } from "../errors.js";
import {
  aclPath,
  groupId,
  groupInPath,
  groupList,
  newUserid,
  roleId,
  useridInPath,
} from "./safe-id.js";

/**
 * Sends it once. `groups` is the whole list that the user is to have afterwards, fresh from a read;
 * without it a user only ever joins (`append=1`), so that a manual group nobody read stays.
 */
export async function sendWrite(
  api: Proxmox.Api,
  write: Write,
  groups: readonly string[] | undefined,
): Promise<void> {
  const { users, groups: groupApi, acl } = api.access;
  switch (write.kind) {
    case "create-user":
      await users.$post({
        userid: newUserid(write.userid),
        ...write.fields,
        groups: groupList(groups ?? write.groups),
      });
      return;
    case "update-user":
      await users.$(useridInPath(write.userid)).$put(update(write, groups));
      return;
    case "delete-user":
      await users.$(useridInPath(write.userid)).$delete();
      return;
    case "create-group":
      await groupApi.$post({ groupid: groupId(write.group), comment: write.comment });
      return;
    case "update-group":
      await groupApi.$(groupInPath(write.group)).$put({ comment: write.comment });
      return;
    case "delete-group":
      await groupApi.$(groupInPath(write.group)).$delete();
      return;
    case "acl":
      await acl.$put({
        path: aclPath(write.path),
        groups: groupList(write.groups),
        roles: roleId(write.role),
        ...(write.delete ? { delete: true } : { propagate: write.propagate }),
      });
  }
}

type UpdateUser = Extract<Write, { kind: "update-user" }>;
type UserParams = NonNullable<
  Parameters<ReturnType<Proxmox.Api["access"]["users"]["$"]>["$put"]>[0]
>;

function update(write: UpdateUser, groups: readonly string[] | undefined): UserParams {
  const names = groups ?? write.join;
  // Whoever is named in a group's line has to be written there as PVE can read it again.
  if (names.length > 0) newUserid(write.userid);
  if (groups !== undefined) return { ...write.fields, groups: groupList(groups) };
  if (write.leave.length > 0) {
    throw new AgentError("INTERNAL", `${write.userid} leaves groups without a fresh list of them`);
  }
  if (write.join.length === 0) return { ...write.fields };
  return { ...write.fields, groups: groupList(write.join), append: true };
}
