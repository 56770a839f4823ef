/** What our own token may do, from `GET /access/permissions`. */
import type { Access, AclPath } from "./facts.js";

/**
 * Whether the token holds Permissions.Modify at a path: what `PUT /access/acl` asks for. The table
 * lists the paths that have entries; below them a privilege reaches as far as it propagates and
 * no deeper entry replaces it.
 */
export function mayModify(access: Access, path: AclPath): boolean {
  const exact = access.own.get(path);
  if (exact !== undefined) return exact.has("Permissions.Modify");
  for (const parent of parents(path)) {
    const held = access.own.get(parent);
    if (held !== undefined) return held.get("Permissions.Modify") === true;
  }
  return false;
}

/** From the nearest one up to `/`. */
function parents(path: AclPath): readonly AclPath[] {
  const parts = path.split("/").filter((part) => part !== "");
  const above = parts.map((_, at) => `/${parts.slice(0, parts.length - 1 - at).join("/")}`);
  return path === "/" ? [] : above;
}
