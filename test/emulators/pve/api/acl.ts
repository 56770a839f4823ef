import {
  aclNodeAt,
  aclNodes,
  type AclNode,
  grant,
  HOLDER_KINDS,
  type HolderKind,
} from "../acl-tree.js";
import type { Methods, Permitted } from "../call.js";
import { modifiesPath } from "../checks.js";
import { ParamError, PlainError } from "../errors.js";
import { isAclPath, normalizePath, splitTokenid, verifyUserid } from "../names.js";
import { isTrue, splitList } from "../perl.js";
import { type Held, modifyPrivileges } from "../permissions.js";
import type { UserCfg } from "../user-cfg.js";
import { requireToken } from "./tokens.js";

const SINGULAR: Record<HolderKind, string> = { users: "user", groups: "group", tokens: "token" };

/** The whole ACL for an auditor of /access; else the paths that the caller could change. */
function list(call: Permitted): unknown {
  const audits = call.access.has(call.caller, "/access", ["Sys.Audit"]);
  const entries: unknown[] = [];
  for (const [path, node] of aclNodes(call.state.users.acl)) {
    if (!audits && !call.access.hasAny(call.caller, path, modifyPrivileges(path))) continue;
    for (const kind of HOLDER_KINDS) {
      for (const [ugid, grants] of node[kind]) {
        for (const [roleid, propagate] of grants) {
          entries.push({ path, type: SINGULAR[kind], ugid, roleid, propagate: propagate ? 1 : 0 });
        }
      }
    }
  }
  return entries;
}

/** The normal form of the path, or PVE's refusal; what is removed may be at a path that cannot be given. */
function targetPath(call: Permitted): string {
  const given = call.params.path ?? "";
  const path = normalizePath(given);
  if (path === undefined || !(isTrue(call.params.delete) || isAclPath(path))) {
    throw new ParamError({ path: `invalid ACL path '${given}'` });
  }
  return path;
}

function requireHolders(call: Permitted): void {
  if (HOLDER_KINDS.some((kind) => isTrue(call.params[kind]))) return;
  const complaint = "either 'users', 'groups' or 'tokens' is required.";
  throw new ParamError({ users: complaint, groups: complaint, tokens: complaint });
}

/** Without Permissions.Modify one hands on, or takes, no more than one holds there oneself. */
function requireSuperset(
  cfg: UserCfg,
  role: string,
  held: Held,
  removing: boolean,
  propagate: boolean,
): void {
  if (held.has("Permissions.Modify")) return;
  const cannot = `Cannot ${removing ? "remove" : "add"} role '${role}'`;
  for (const privilege of cfg.roles.get(role) ?? []) {
    const propagates = held.get(privilege);
    if (propagates === undefined) {
      const needed = "'Permissions.Modify' or superset of privileges.";
      throw new ParamError({ role: `${cannot} - requires ${needed}` });
    }
    if (propagate && !propagates && !removing) {
      const needed = "'Permissions.Modify' or propagated superset of privileges.";
      throw new ParamError({ role: `${cannot} with propagation - requires ${needed}` });
    }
  }
  if (role === "NoAccess") {
    throw new ParamError({ role: `${cannot} - requires 'Permissions.Modify'` });
  }
}

function requireHolder(cfg: UserCfg, kind: HolderKind, holder: string): void {
  if (kind === "groups") {
    if (!cfg.groups.has(holder)) throw new PlainError(`group '${holder}' does not exist\n`);
  } else if (kind === "users") {
    const { userid } = verifyUserid(holder);
    if (!cfg.users.has(userid)) throw new PlainError(`user '${userid}' does not exist\n`);
  } else {
    const id = splitTokenid(holder, "text");
    if (id) requireToken(cfg, id.user, id.token);
  }
}

function update(call: Permitted): null {
  const { params } = call;
  requireHolders(call);
  const path = targetPath(call);
  const removing = isTrue(params.delete);
  const propagate = params.propagate === undefined || isTrue(params.propagate);
  call.state.changeUsers("ACL update failed", (cfg) => {
    const held = call.access.permissions(call.caller, path);
    const node: AclNode = aclNodeAt(cfg.acl, path);
    for (const role of splitList(params.roles)) {
      if (!cfg.roles.has(role)) throw new PlainError(`role '${role}' does not exist\n`);
      requireSuperset(cfg, role, held, removing, propagate);
      for (const kind of ["groups", "users", "tokens"] as const) {
        for (const holder of splitList(params[kind])) {
          requireHolder(cfg, kind, holder);
          if (removing) node[kind].get(holder)?.delete(role);
          else grant(node, kind, holder, role, propagate);
        }
      }
    }
  });
  return null;
}

export const acl: Methods = {
  GET: { permission: "all", parameters: {}, run: list },
  PUT: {
    protected: true,
    permission: modifiesPath,
    parameters: {
      propagate: { type: "boolean", optional: true },
      path: { type: "string" },
      users: { type: "string", format: "userid", list: true, optional: true },
      groups: { type: "string", format: "groupid", list: true, optional: true },
      tokens: { type: "string", format: "tokenid", list: true, optional: true },
      roles: { type: "string", format: "roleid", list: true },
      delete: { type: "boolean", optional: true },
    },
    run: update,
  },
};
