/** The full desired state of a plan, held and waiting changes included: change by change. */
import type { Change, Plan } from "../../src/decide/plan.js";
import { aclNodeAt, aclNodes, grant } from "../emulators/pve/acl-tree.js";
import type { UserCfg } from "../emulators/pve/oracle.js";

/** Makes of `file` what all of the plan would make of it. */
export function makeDesired(file: UserCfg, plan: Plan): UserCfg {
  const actions = [...plan.actions, ...plan.waiting.map(({ action }) => action)];
  const meant = actions.filter(({ moment }) => moment !== true).flatMap(({ changes }) => changes);
  // The first half of a moment may be carried by a write of the plan: its changes count.
  const carried = actions
    .filter(({ moment, id }) => moment === true && !id.startsWith("moment/"))
    .flatMap(({ changes }) => changes);
  const all = [...meant, ...carried, ...plan.holds.map(({ change }) => change)];
  for (const change of [...all].sort((a, b) => TURN[a.kind] - TURN[b.kind])) apply(file, change);
  return file;
}

/** Everything of an old account before its deletion, everything of a new one after its making. */
const TURN: Record<Change["kind"], number> = {
  "create-group": 0,
  "update-group": 0,
  "adopt-group": 0,
  "disable-user": 1,
  leave: 1,
  "update-user": 1,
  "enable-user": 1,
  "delete-user": 2,
  "create-user": 3,
  join: 4,
  revoke: 5,
  grant: 6,
  "delete-group": 7,
};

function apply(file: UserCfg, change: Change): void {
  switch (change.kind) {
    case "create-group":
      if (!file.groups.has(change.group)) file.groups.set(change.group, { users: new Set() });
      return;
    case "update-group":
    case "adopt-group":
      return;
    case "delete-group":
      file.groups.delete(change.group);
      for (const [, node] of aclNodes(file.acl)) node.groups.delete(change.group);
      return;
    case "create-user":
      file.users.set(change.userid, { enable: change.fields.enable ?? true, expire: 0 });
      return;
    case "update-user":
    case "enable-user":
    case "disable-user": {
      const user = file.users.get(change.userid);
      const off = change.kind === "disable-user" ? false : undefined;
      const enable = off ?? change.fields.enable ?? user?.enable ?? true;
      if (user !== undefined) file.users.set(change.userid, { ...user, enable });
      return;
    }
    case "delete-user":
      file.users.delete(change.userid);
      for (const group of file.groups.values()) group.users.delete(change.userid);
      for (const [, node] of aclNodes(file.acl)) node.users.delete(change.userid);
      return;
    case "join":
      file.groups.get(change.group)?.users.add(change.userid);
      return;
    case "leave":
      file.groups.get(change.group)?.users.delete(change.userid);
      return;
    case "grant":
      grant(
        aclNodeAt(file.acl, change.path),
        "groups",
        change.group,
        change.role,
        change.propagate,
      );
      return;
    case "revoke":
      aclNodeAt(file.acl, change.path).groups.get(change.group)?.delete(change.role);
  }
}
