/**
 * What our token may do, as PVE itself computed it. `GET /access/permissions` tells it for `/`,
 * `/access`, `/access/groups` and a few more, and for every path of the ACL; a path at which we
 * may do nothing is left out. Anywhere else the nearest path above decides, by what propagates.
 */
import type { AclEntry, AclPath, OwnPermissions, Privilege } from "../decide/facts.js";

export interface OwnRights {
  readonly own: OwnPermissions;
  readonly acl: readonly AclEntry[];
}

/** Whether our token has the privilege at just this path. */
export function holds({ own, acl }: OwnRights, path: AclPath, privilege: Privilege): boolean {
  const here = own.get(path);
  if (here !== undefined) return here.has(privilege);
  const paths = new Set(acl.map((entry) => entry.path));
  for (let at = path; ; at = parent(at)) {
    const table = own.get(at);
    if (table !== undefined) return table.get(privilege) === true;
    // An ACL path that the table leaves out: nothing is inherited through it.
    if (paths.has(at) || at === "/") return false;
  }
}

/** Whether our token has the privilege at this path and everywhere below it. */
export function holdsBelow(rights: OwnRights, path: AclPath, privilege: Privilege): boolean {
  if (rights.own.get(path)?.get(privilege) === false) return false;
  const below = rights.acl.map((entry) => entry.path).filter((at) => at.startsWith(`${path}/`));
  return holds(rights, path, privilege) && below.every((at) => holds(rights, at, privilege));
}

function parent(path: AclPath): AclPath {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}
