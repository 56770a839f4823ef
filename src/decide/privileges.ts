/**
 * Effective privileges as PVE resolves them (FACTS-pve, "Effective privileges"): from `/` down to
 * the path, an entry counts if it propagates or the walk ends there; counting entries of the user
 * replace all roles found so far, else the union of those of the user's groups does; at the end
 * NoAccess among the roles leaves nothing. Expiry is not looked at: it is never written here, and
 * an administrator may move it at any time.
 */
import { NO_ACCESS, privilegesOf, type AclNode, type Mask } from "./acl-tree.js";
import type { Access, AclPath, GroupId, Privilege, UserId } from "./facts.js";
import type { RightsDelta } from "./plan.js";
import { stateOf, type AccessState, type StateUser } from "./simulation.js";
import { placeName, universe, type Place, type Universe } from "./universe.js";

/** What somebody holds at a place of the universe, as a mask without the NoAccess bit. */
export type RightsAt = (place: Place) => Mask;

/** Effective privileges of one user, computed place by place as they are asked for. */
export function rightsOf(state: AccessState, all: Universe, user: StateUser | undefined): RightsAt {
  if (user?.enabled !== true) return () => 0n;
  if (user.userid === "root@pam") return () => state.roles.everything;
  const inherited: (Mask | undefined)[] = [];
  const passedDown = (path: number): Mask => {
    if (path < 0) return 0n;
    const known = inherited[path];
    if (known !== undefined) return known;
    const own = counting(state.acl.get(all.paths[path] ?? "/"), user, false);
    return (inherited[path] = own ?? passedDown(all.parent[path] ?? -1));
  };
  const roles = (place: Place): Mask => {
    const path = place >> 1;
    if (place % 2 === 1) return passedDown(path);
    const own = counting(state.acl.get(all.paths[path] ?? "/"), user, true);
    return own ?? passedDown(all.parent[path] ?? -1);
  };
  return (place) => {
    const pair = all.pairs[place - 2 * all.paths.length];
    const found = pair === undefined ? roles(place) : roles(pair[0]) | roles(pair[1]);
    return (found & NO_ACCESS) === 0n ? found : 0n;
  };
}

/** `rightsOf` for the whole universe at once: one walk down, ancestors before descendants. */
export function rightsVector(
  state: AccessState,
  all: Universe,
  user: StateUser | undefined,
): Mask[] {
  if (user?.enabled !== true) return filled(all.size, 0n);
  if (user.userid === "root@pam") return filled(all.size, state.roles.everything);
  const roles: Mask[] = [];
  all.paths.forEach((path, n) => {
    const node = state.acl.get(path);
    // What holds below the parent is what comes down to here.
    const inherited = roles[2 * (all.parent[n] ?? -1) + 1] ?? 0n;
    roles.push(counting(node, user, true) ?? inherited, counting(node, user, false) ?? inherited);
  });
  for (const [a, b] of all.pairs) roles.push((roles[a] ?? 0n) | (roles[b] ?? 0n));
  return roles.map((found) => ((found & NO_ACCESS) === 0n ? found : 0n));
}

function filled(size: number, mask: Mask): Mask[] {
  return Array.from({ length: size }, () => mask);
}

/** The roles that count for this user at one level of the walk; undefined: none does. */
function counting(node: AclNode | undefined, user: StateUser, last: boolean): Mask | undefined {
  if (node === undefined) return undefined;
  const own = node.users.get(user.userid);
  if (own !== undefined) {
    if (last) return own.here;
    if (own.below !== undefined) return own.below;
  }
  let found: Mask | undefined;
  for (const group of user.groups) {
    const roles = node.groups.get(group);
    const mask = last ? roles?.here : roles?.below;
    if (mask !== undefined) found = (found ?? 0n) | mask;
  }
  return found;
}

/** What the user holds at any path, by the access as read. Nobody and the disabled hold nothing. */
export function privilegesAt(access: Access, userid: UserId, path: AclPath): Set<Privilege> {
  return privilegesIn(stateOf(access), userid, path);
}

/** `privilegesAt` of a state that was simulated. */
export function privilegesIn(state: AccessState, userid: UserId, path: AclPath): Set<Privilege> {
  const levels = [...state.acl.keys()].map((known) => ({ path: known, role: "" }));
  const all = universe([...levels, { path, role: "" }]);
  const mask = rightsOf(state, all, state.users.get(userid))(2 * all.paths.indexOf(path));
  return new Set(privilegesOf(state.roles, mask));
}

/** What each of these people loses and gains from one state to the other, per path. */
export function rightsDeltas(
  before: AccessState,
  after: AccessState,
  userids: Iterable<UserId>,
): RightsDelta[] {
  const paths = [...before.acl.keys(), ...after.acl.keys()];
  const all = universe(paths.map((path) => ({ path, role: "" })));
  const named = new Set<string>([
    "root@pam",
    ...usersWithEntries(before),
    ...usersWithEntries(after),
  ]);
  const changed = groupsWithOtherEntries(before, after, all.paths);
  const known = new Map<string, Delta>();
  const deltaOf = (old: StateUser | undefined, now: StateUser | undefined): Delta => {
    const [had, has] = [rightsVector(before, all, old), rightsVector(after, all, now)];
    const lost = perPath(before, all, difference(had, has));
    return { lost, gained: perPath(before, all, difference(has, had)) };
  };
  return [...userids].map((userid) => {
    const [old, now] = [before.users.get(userid), after.users.get(userid)];
    // Of thousands of people few differ in what counts, and few are concerned by a plan at all.
    const own = named.has(userid) ? userid : "";
    const same = own === "" && standingOf(old) === standingOf(now);
    if (same && !inAny(now, changed)) return { userid, ...NO_DELTA };
    const alike = `${own}|${standingOf(old)}|${standingOf(now)}`;
    const delta = known.get(alike) ?? deltaOf(old, now);
    known.set(alike, delta);
    return { userid, ...delta };
  });
}

type Delta = Pick<RightsDelta, "lost" | "gained">;

const NO_DELTA: Delta = { lost: new Map(), gained: new Map() };

/** All of a user without entries of their own that rights depend on. */
function standingOf(user: StateUser | undefined): string {
  return user?.enabled === true ? `in ${user.groupKey}` : "";
}

function inAny(user: StateUser | undefined, groups: ReadonlySet<GroupId>): boolean {
  if (user === undefined || groups.size === 0) return false;
  return [...user.groups].some((group) => groups.has(group));
}

function usersWithEntries(state: AccessState): string[] {
  return [...state.acl.values()].flatMap((node) => [...node.users.keys()]);
}

/** The groups whose entries are not the same in both states. */
function groupsWithOtherEntries(
  before: AccessState,
  after: AccessState,
  paths: readonly AclPath[],
): ReadonlySet<GroupId> {
  const changed = new Set<GroupId>();
  for (const path of paths) {
    const [old, now] = [before.acl.get(path)?.groups, after.acl.get(path)?.groups];
    for (const group of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])) {
      const [had, has] = [old?.get(group), now?.get(group)];
      if (had?.here !== has?.here || had?.below !== has?.below) changed.add(group);
    }
  }
  return changed;
}

/** `rightsDeltas` for one person. */
export function rightsDelta(
  before: AccessState,
  after: AccessState,
  userid: UserId,
): Pick<RightsDelta, "lost" | "gained"> {
  const [delta] = rightsDeltas(before, after, [userid]);
  return { lost: delta?.lost ?? new Map(), gained: delta?.gained ?? new Map() };
}

function difference(from: readonly Mask[], take: readonly Mask[]): Mask[] {
  return from.map((mask, place) => (mask === take[place] ? 0n : mask & ~(take[place] ?? 0n)));
}

/** A path's `/*` is shown only where it differs from the path's own. */
function perPath(
  state: AccessState,
  all: Universe,
  masks: readonly Mask[],
): ReadonlyMap<AclPath, readonly Privilege[]> {
  const shown = new Map<AclPath, readonly Privilege[]>();
  masks.forEach((mask, place) => {
    const repeats = place % 2 === 1 && mask === masks[place - 1];
    if (mask === 0n || repeats) return;
    shown.set(placeName(all, place), privilegesOf(state.roles, mask));
  });
  return shown;
}
