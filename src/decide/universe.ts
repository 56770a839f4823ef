/**
 * All the places at which somebody's privileges can differ: every path that an ACL entry of the
 * state before, after or in between names, one virtual child `<path>/*` for everything below it
 * that has no entry of its own, and `/`. A path without an entry has the rights of `<p>/*` of its
 * nearest ancestor in here, so that what holds for the universe holds for every path of PVE.
 *
 * Pools: a guest or storage in a pool also gets the roles of `/pool/<name>`, and NoAccess on
 * either side leaves nothing. Without NoAccess the rights of the pair are the union of both sides,
 * so that "never more than old ∪ new" on each path alone gives it for the pair. With NoAccess it
 * does not: old {guest: NoAccess, pool: a}, new {guest: nothing, pool: NoAccess} gives nothing
 * before and after, yet `a` in between when the guest's entry goes first. Which guest is in which
 * pool cannot be read with the agent's privileges, so where a NoAccess entry can reach either
 * side, every pair counts as a place of its own. A storage that is in several pools at once can
 * still need three of them looked at together; that corner is left open.
 */
import { NO_ACCESS_ROLE } from "./acl-tree.js";
import type { AclPath, RoleId } from "./facts.js";

/** The place number `2 n` is path n itself, `2 n + 1` is everything below it; then the pairs. */
export type Place = number;

export interface Universe {
  /** Ancestors before descendants. */
  readonly paths: readonly AclPath[];
  /** For each path the nearest ancestor in `paths`; -1 for `/`. */
  readonly parent: readonly number[];
  readonly pairs: readonly (readonly [Place, Place])[];
  /** How many places there are. */
  readonly size: number;
  readonly below: Map<AclPath, readonly Place[]>;
}

/** Builds it from the path and role of all ACL entries that may ever stand, whoever has them. */
export function universe(
  entries: Iterable<{ readonly path: AclPath; readonly role: RoleId }>,
): Universe {
  const found = new Set<AclPath>(["/"]);
  const blocked = new Set<AclPath>();
  for (const { path, role } of entries) {
    found.add(path);
    if (role === NO_ACCESS_ROLE) blocked.add(path);
  }
  const paths = [...found].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const index = new Map(paths.map((path, n) => [path, n]));
  const parent = paths.map((path) => nearestAncestor(path, index));
  const pairs = blocked.size === 0 ? [] : poolPairs(paths, index, blocked);
  return { paths, parent, pairs, size: 2 * paths.length + pairs.length, below: new Map() };
}

/** Whether `path` is `top` or lies below it. */
export function isAtOrBelow(path: AclPath, top: AclPath): boolean {
  return top === "/" || path === top || path.startsWith(`${top}/`);
}

/** The places that an entry at this path can change. */
export function placesBelow(all: Universe, top: AclPath): readonly Place[] {
  const known = all.below.get(top);
  if (known !== undefined) return known;
  const places: Place[] = [];
  all.paths.forEach((path, n) => {
    if (isAtOrBelow(path, top)) places.push(2 * n, 2 * n + 1);
  });
  const single = new Set(places);
  all.pairs.forEach(([a, b], n) => {
    if (single.has(a) || single.has(b)) places.push(2 * all.paths.length + n);
  });
  all.below.set(top, places);
  return places;
}

/** How a person reads it: `/vms/100`, `/vms/*`, or `/vms/100 in /pool/x`. */
export function placeName(all: Universe, place: Place): string {
  const pair = all.pairs[place - 2 * all.paths.length];
  if (pair !== undefined) return `${placeName(all, pair[0])} in ${placeName(all, pair[1])}`;
  const path = all.paths[place >> 1] ?? "/";
  if (place % 2 === 0) return path;
  return path === "/" ? "/*" : `${path}/*`;
}

function nearestAncestor(path: AclPath, index: ReadonlyMap<AclPath, number>): number {
  if (path === "/") return -1;
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const found = index.get(path.slice(0, end));
    if (found !== undefined) return found;
  }
  return index.get("/") ?? -1;
}

function poolPairs(
  paths: readonly AclPath[],
  index: ReadonlyMap<AclPath, number>,
  blocked: ReadonlySet<AclPath>,
): [Place, Place][] {
  const objects = new Set([restOf("/vms", index), restOf("/storage", index)]);
  const pools = new Set([restOf("/pool", index)]);
  paths.forEach((path, n) => {
    if (/^\/(?:vms|storage)\/[^/]+$/.test(path)) objects.add(2 * n);
    if (path.startsWith("/pool/")) pools.add(2 * n).add(2 * n + 1);
  });
  const canBlock = (place: Place): boolean => {
    const path = paths[place >> 1] ?? "/";
    return [...blocked].some((top) => isAtOrBelow(path, top));
  };
  const pairs: [Place, Place][] = [];
  for (const object of objects) {
    for (const pool of pools) {
      if (object !== pool && (canBlock(object) || canBlock(pool))) pairs.push([object, pool]);
    }
  }
  return pairs;
}

/** The place that stands for what lies below `path` and has no entry of its own. */
function restOf(path: AclPath, index: ReadonlyMap<AclPath, number>): Place {
  return 2 * (index.get(path) ?? index.get("/") ?? 0) + 1;
}
