import { access, password, permissions, ticket } from "./api/access.js";
import { acl } from "./api/acl.js";
import { domain, domains } from "./api/domains.js";
import { group, groups } from "./api/groups.js";
import { role, roles } from "./api/roles.js";
import { clusterStatus, index, nodes, version } from "./api/system.js";
import { token, tokens } from "./api/tokens.js";
import { user, users } from "./api/users.js";
import type { Method, Methods } from "./call.js";

/** Paths of the API; `{name}` stands for one part without white space. */
const ROUTES: Record<string, Methods> = {
  "/": index,
  "/version": version,
  "/nodes": nodes,
  "/cluster/status": clusterStatus,
  "/access": access,
  "/access/users": users,
  "/access/users/{userid}": user,
  "/access/users/{userid}/token": tokens,
  "/access/users/{userid}/token/{tokenid}": token,
  "/access/groups": groups,
  "/access/groups/{groupid}": group,
  "/access/roles": roles,
  "/access/roles/{roleid}": role,
  "/access/acl": acl,
  "/access/domains": domains,
  "/access/domains/{realm}": domain,
  "/access/permissions": permissions,
  "/access/ticket": ticket,
  "/access/password": password,
};

const parts = (path: string): string[] => path.split("/").filter((part) => part !== "");
const TABLE = Object.entries(ROUTES).map(([path, methods]) => ({ pattern: parts(path), methods }));

export interface Route {
  method: Method;
  /** Parameters that came in the path. */
  params: Record<string, string>;
}

function match(pattern: string[], given: string[]): Record<string, string> | undefined {
  if (pattern.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [position, part] of pattern.entries()) {
    const value = given[position] ?? "";
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== value : /[\t\n\v\f\r ]/.test(value)) return undefined;
    if (name !== undefined) params[name] = value;
  }
  return params;
}

/** Finds the method for a path; empty parts of the path do not count. */
export function findRoute(httpMethod: string, path: string): Route | undefined {
  const given = parts(path);
  for (const { pattern, methods } of TABLE) {
    const params = match(pattern, given);
    if (!params) continue;
    const method = methods[httpMethod as keyof Methods];
    return method && { method, params };
  }
  return undefined;
}
