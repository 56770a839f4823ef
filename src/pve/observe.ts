/**
 * One observation of PVE: six reads, and one more for each further realm. PVE answers a list that
 * we may not see with 200 and an empty or shortened list (FACTS-pve), so our own permissions are
 * looked at before anything else is believed.
 */
import type { Proxmox } from "proxmox-api";
import type { Access, RealmFacts, UserId } from "../decide/facts.js";
import { isRealm } from "../decide/facts.js";
import { AgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { Observation, RealmKey } from "../ports.js";
import { holds, holdsBelow } from "./own-permissions.js";
import type { OwnRights } from "./own-permissions.js";
import type { RealmRead } from "./parse-realm.js";
import { parseAcl, parseOwn, parseRoles } from "./parse-rights.js";
import { parseGroups, parseUsers } from "./parse-users.js";
import { findRealm } from "./realm.js";
import { bad } from "./shape.js";

/**
 * Throws PVE_NO_PRIVILEGE where a list could be a filtered one, and whatever the first failed read
 * gave. A realm that is missing, or in which we may not make users, is a finding of its own.
 */
export async function observe(
  api: Proxmox.Api,
  realms: readonly string[],
  ownUser: UserId,
): Promise<Observation> {
  const { access } = api;
  const [own, acl, ...others] = await Promise.allSettled([
    access.permissions.$get(),
    access.acl.$get(),
    access.users.$get({ full: true }),
    access.groups.$get(),
    access.roles.$get(),
    Promise.all(realms.map((realm) => findRealm(api, realm))),
  ]);
  const rights = { own: parseOwn(value(own)), acl: parseAcl(value(acl)) };
  requireWholeLists(rights);
  const [users, groups, roles, found] = others;
  const seen = {
    users: parseUsers(value(users)),
    groups: parseGroups(value(groups)),
    ...parseRoles(value(roles)),
    ...rights,
    ownUser,
  };
  refuseTheImpossible(seen);
  return { ...withRealms(seen, realms, value(found)) };
}

/** Users are listed whole with User.Modify at /access/groups, groups with Group.Allocate at each. */
function requireWholeLists(rights: OwnRights): void {
  const needed: [path: string, privilege: string, has: typeof holds][] = [
    ["/access", "Sys.Audit", holds],
    ["/access/groups", "User.Modify", holdsBelow],
    ["/access/groups", "Group.Allocate", holdsBelow],
    ["/access/realm", "Realm.Allocate", holds],
  ];
  const missing = needed.filter(([path, privilege, has]) => !has(rights, path, privilege));
  if (missing.length === 0) return;
  throw new AgentError("PVE_NO_PRIVILEGE", missing.map(lacks).join("; "));
}

function lacks([path, privilege, has]: [path: string, privilege: string, has: unknown]): string {
  const below = has === holdsBelow ? " and everywhere below (propagate)" : "";
  return `the token lacks ${privilege} at ${path}${below}`;
}

type Seen = Omit<Access, "realms">;

/** What no PVE can look like for a token that may see all of it: an answer lost something. */
function refuseTheImpossible(seen: Seen): void {
  if (!seen.users.has(seen.ownUser)) throw bad(`users: our own ${seen.ownUser} is missing`);
  if (seen.acl.length === 0 && seen.ownUser !== "root@pam") {
    throw bad("acl: empty, although our own token has rights");
  }
  const inUse = [...seen.users.values()].some((user) => user.groups.length > 0);
  if (inUse && seen.groups.size === 0) throw bad("groups: empty, although users have groups");
}

function withRealms(
  seen: Seen,
  names: readonly string[],
  found: readonly (RealmRead | { readonly facts: Finding })[],
): Observation {
  const realms = new Map<string, RealmFacts | Finding>();
  const keys = new Map<string, RealmKey>();
  found.forEach((read, at) => {
    const name = names[at] ?? "";
    realms.set(name, isRealm(read.facts) ? (mayNotAllocate(seen, name) ?? read.facts) : read.facts);
    if ("key" in read && read.key !== undefined) keys.set(name, read.key);
  });
  return { access: { ...seen, realms }, keys };
}

function mayNotAllocate(seen: Seen, realm: string): Finding | undefined {
  const path = `/access/realm/${realm}`;
  if (holds(seen, path, "Realm.AllocateUser")) return undefined;
  const message = `the token lacks Realm.AllocateUser at ${path}`;
  return { code: "PVE_NO_PRIVILEGE", message, realm };
}

function value<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "fulfilled") return settled.value;
  throw settled.reason;
}
