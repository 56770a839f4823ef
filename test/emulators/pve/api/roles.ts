import type { Methods, Permitted } from "../call.js";
import { perm } from "../checks.js";
import { ParamError, PlainError } from "../errors.js";
import { isTrue, sorted, splitList } from "../perl.js";
import { BUILT_IN_ROLES } from "../privileges.js";
import type { Property, Schema } from "../schema.js";
import type { UserCfg } from "../user-cfg.js";

const ROLEID: Property = { type: "string", format: "roleid" };
const FIELDS: Schema = {
  roleid: ROLEID,
  privs: { type: "string", format: "privilege", list: true, optional: true },
};
const permission = perm("/access", ["Sys.Modify"]);

const roleOf = (call: Permitted): string => call.params.roleid ?? "";

function requireRole(cfg: UserCfg, name: string): ReadonlySet<string> {
  const role = cfg.roles.get(name);
  if (!role) throw new PlainError(`role '${name}' does not exist\n`);
  return role;
}

const given = (call: Permitted): string[] =>
  isTrue(call.params.privs) ? splitList(call.params.privs) : [];

function refuseBuiltIn(name: string, what: string): void {
  if (BUILT_IN_ROLES.has(name)) {
    throw new PlainError(`auto-generated role '${name}' cannot be ${what}\n`);
  }
}

function list(call: Permitted): unknown {
  return [...call.state.users.roles].map(([roleid, privileges]) => ({
    roleid,
    privs: sorted(privileges).join(","),
    special: BUILT_IN_ROLES.has(roleid) ? 1 : 0,
  }));
}

function create(call: Permitted): null {
  const name = roleOf(call);
  if (/^PVE/i.test(name)) {
    throw new ParamError({
      roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace",
    });
  }
  call.state.changeUsers("create role failed", (cfg) => {
    if (cfg.roles.has(name)) throw new PlainError(`role '${name}' already exists\n`);
    cfg.roles.set(name, new Set(given(call)));
  });
  return null;
}

function read(call: Permitted): unknown {
  const privileges = requireRole(call.state.users, roleOf(call));
  return Object.fromEntries([...privileges].map((privilege) => [privilege, 1]));
}

function update(call: Permitted): null {
  const name = roleOf(call);
  refuseBuiltIn(name, "modified");
  call.state.changeUsers("update role failed", (cfg) => {
    const before = requireRole(cfg, name);
    const kept = isTrue(call.params.append) ? before : [];
    cfg.roles.set(name, new Set([...kept, ...given(call)]));
  });
  return null;
}

function remove(call: Permitted): null {
  const name = roleOf(call);
  refuseBuiltIn(name, "deleted");
  call.state.changeUsers("delete role failed", (cfg) => {
    requireRole(cfg, name);
    cfg.roles.delete(name);
  });
  return null;
}

export const roles: Methods = {
  GET: { permission: "all", parameters: {}, run: list },
  POST: { protected: true, permission, parameters: FIELDS, run: create },
};

export const role: Methods = {
  GET: { permission: "all", parameters: { roleid: ROLEID }, run: read },
  PUT: {
    protected: true,
    permission,
    parameters: { ...FIELDS, append: { type: "boolean", optional: true, requires: "privs" } },
    run: update,
  },
  DELETE: { protected: true, permission, parameters: { roleid: ROLEID }, run: remove },
};
