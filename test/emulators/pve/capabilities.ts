import { aclNodes } from "./acl-tree.js";
import type { Access } from "./permissions.js";
import type { UserCfg } from "./user-cfg.js";

const ALWAYS = ["/", "/nodes", "/access/groups", "/vms", "/storage", "/sdn", "/mapping"];

/** Which privileges the web interface wants to know of, by the first part of a path ("dc" for "/"). */
const INTERESTING: Record<string, RegExp> = {
  vms: /^(?:VM\.|Permissions\.Modify)/,
  access: /^(?:User\.|Group\.|Permissions\.Modify)/,
  storage: /^(?:Datastore\.|Permissions\.Modify)/,
  nodes: /^(?:Sys\.|Permissions\.Modify)/,
  sdn: /^(?:SDN\.|Permissions\.Modify)/,
  dc: /^(?:Sys\.Audit|Sys\.Modify|SDN\.)/,
  mapping: /^(?:Mapping\.|Permissions\.Modify)/,
};

/** A pool's privileges show where its guests and storages do. */
function subjectsOf(path: string, privilege: string): string[] {
  const top = /^\/(\w+)/.exec(path)?.[1] ?? "dc";
  const candidates = top === "pool" ? ["vms", "storage"] : [top];
  return candidates.filter((subject) => INTERESTING[subject]?.test(privilege));
}

/** The `cap` of a ticket: what the web interface shows or hides for somebody. */
export function capabilities(
  access: Access,
  cfg: UserCfg,
  userid: string,
): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = Object.fromEntries(
    Object.keys(INTERESTING).map((subject) => [subject, {}]),
  );
  const paths = new Set(ALWAYS);
  for (const [path] of aclNodes(cfg.acl)) paths.add(path);
  for (const path of paths) {
    for (const privilege of access.permissions(userid, path).keys()) {
      for (const subject of subjectsOf(path, privilege)) {
        Object.assign(found[subject] ?? {}, { [privilege]: 1 });
      }
    }
  }
  return found;
}
