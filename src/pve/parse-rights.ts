import type { AclEntry, AclPath, OwnPermissions, Privilege, RoleId } from "../decide/facts.js";
import { bad, byName, fields, flag, list, optionalText, text } from "./shape.js";

/** `GET /access/acl`. Throws PVE_BAD_ANSWER. */
export function parseAcl(data: unknown): readonly AclEntry[] {
  return list(data, "acl").map((item, at): AclEntry => {
    const where = `acl[${at}]`;
    const from = fields(item, where);
    return {
      path: text(from, "path", where),
      type: typeOf(text(from, "type", where), where),
      ugid: text(from, "ugid", where),
      role: text(from, "roleid", where),
      propagate: flag(from, "propagate", where),
    };
  });
}

export interface Roles {
  readonly roles: ReadonlyMap<RoleId, ReadonlySet<Privilege>>;
  readonly specialRoles: ReadonlySet<RoleId>;
}

/** `GET /access/roles`. */
export function parseRoles(data: unknown): Roles {
  const all = list(data, "roles").map((item, at) => {
    const from = fields(item, `roles[${at}]`);
    const role = text(from, "roleid", `roles[${at}]`);
    const names = optionalText(from, "privs", `role ${role}`).split(",");
    return {
      role,
      privileges: new Set(names.filter((name) => name !== "")),
      special: flag(from, "special", `role ${role}`),
    };
  });
  const known = byName(all, (one) => one.role, "roles");
  if (!known.has("Administrator")) throw bad("roles: Administrator is missing");
  return {
    roles: new Map(all.map((one) => [one.role, one.privileges])),
    specialRoles: new Set(all.filter((one) => one.special).map((one) => one.role)),
  };
}

/** `GET /access/permissions` without a path: what our own token may do, path by path. */
export function parseOwn(data: unknown): OwnPermissions {
  const paths = Object.entries(fields(data, "permissions"));
  return new Map(paths.map(([path, table]) => [path, privileges(path, table)]));
}

function privileges(path: AclPath, table: unknown): ReadonlyMap<Privilege, boolean> {
  const from = fields(table, `permissions at ${path}`);
  const names = Object.keys(from);
  return new Map(names.map((name) => [name, flag(from, name, `permissions at ${path}`)]));
}

function typeOf(type: string, where: string): AclEntry["type"] {
  if (type === "user" || type === "group" || type === "token") return type;
  throw bad(`${where}: type is neither user, group nor token`);
}
