import { aclNodes } from "../acl-tree.js";
import type { Methods, Permitted } from "../call.js";
import { anyPerm, perm } from "../checks.js";
import { PlainError } from "../errors.js";
import { isTrue, sorted } from "../perl.js";
import type { Property, Schema } from "../schema.js";
import type { Group, UserCfg } from "../user-cfg.js";

const GROUPID: Property = { type: "string", format: "groupid" };
const FIELDS: Schema = { groupid: GROUPID, comment: { type: "string", optional: true } };
const permission = perm("/access/groups", ["Group.Allocate"]);

function requireGroup(cfg: UserCfg, name: string): Group {
  const group = cfg.groups.get(name);
  if (!group) throw new PlainError(`group '${name}' does not exist\n`);
  return group;
}

const groupOf = (call: Permitted): string => call.params.groupid ?? "";
const comment = (group: Group): object =>
  group.comment === undefined ? {} : { comment: group.comment };

function list(call: Permitted): unknown {
  const visible = call.access.groupsWith(call.caller, [
    "User.Modify",
    "Sys.Audit",
    "Group.Allocate",
  ]);
  return [...call.state.users.groups].flatMap(([groupid, group]) =>
    visible.has(groupid)
      ? [{ groupid, users: sorted(group.users).join(","), ...comment(group) }]
      : [],
  );
}

function create(call: Permitted): null {
  const name = groupOf(call);
  call.state.changeUsers("create group failed", (cfg) => {
    if (cfg.groups.has(name)) throw new PlainError(`group '${name}' already exists\n`);
    const group: Group = { users: new Set() };
    if (call.params.comment !== undefined && isTrue(call.params.comment)) {
      group.comment = call.params.comment;
    }
    cfg.groups.set(name, group);
  });
  return null;
}

function update(call: Permitted): null {
  call.state.changeUsers("update group failed", (cfg) => {
    const group = requireGroup(cfg, groupOf(call));
    if (call.params.comment !== undefined) group.comment = call.params.comment;
  });
  return null;
}

function read(call: Permitted): unknown {
  const group = requireGroup(call.state.users, groupOf(call));
  return { members: [...group.users], ...comment(group) };
}

function remove(call: Permitted): null {
  const name = groupOf(call);
  call.state.changeUsers("delete group failed", (cfg) => {
    requireGroup(cfg, name);
    cfg.groups.delete(name);
    for (const [, node] of aclNodes(cfg.acl)) node.groups.delete(name);
  });
  return null;
}

export const groups: Methods = {
  GET: { permission: "all", parameters: {}, run: list },
  POST: { protected: true, permission, parameters: FIELDS, run: create },
};

export const group: Methods = {
  GET: {
    permission: anyPerm("/access/groups", ["Sys.Audit", "Group.Allocate"]),
    parameters: { groupid: GROUPID },
    run: read,
  },
  PUT: { protected: true, permission, parameters: FIELDS, run: update },
  DELETE: { protected: true, permission, parameters: { groupid: GROUPID }, run: remove },
};
