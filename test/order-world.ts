/**
 * A second, naive opinion on rights and their order: plain lists, no masks, no memory, written
 * from PVE's rules alone and sharing nothing with `src/decide/` but the types.
 */
import type { Access, PveUser, UserId } from "../src/decide/facts.js";
import type { OrderInput } from "../src/decide/order.js";
import type { Action, UserFields, Write } from "../src/decide/plan.js";

export const ROLES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["Administrator", new Set(["VM.Audit", "VM.Console", "Sys.Modify", "Permissions.Modify"])],
  ["Audit", new Set(["VM.Audit"])],
  ["Console", new Set(["VM.Console"])],
  ["Modify", new Set(["Sys.Modify"])],
  ["Both", new Set(["VM.Audit", "VM.Console"])],
  ["Empty", new Set<string>()],
  ["NoAccess", new Set<string>()],
]);

export interface NaiveUser {
  enabled: boolean;
  groups: string[];
  comment?: string;
}

export interface NaiveAcl {
  path: string;
  type: "user" | "group";
  ugid: string;
  role: string;
  propagate: boolean;
}

/** Users by name without realm, groups by name, entries. */
export interface World {
  users: Record<string, NaiveUser>;
  groups: string[];
  acl: NaiveAcl[];
}

export function copy(world: World): World {
  return structuredClone(world);
}

export function uid(name: string): UserId {
  return (name.includes("@") ? name : `${name}@x`) as UserId;
}

/** `entry("/vms", "g1", "Audit")`; a user's entry has a name with `@`. */
export function entry(path: string, ugid: string, role: string, propagate = true): NaiveAcl {
  return { path, type: ugid.includes("@") ? "user" : "group", ugid, role, propagate };
}

export function accessOf(world: World): Access {
  const users = new Map<UserId, PveUser>();
  for (const [name, user] of Object.entries(world.users)) {
    const userid = uid(name);
    users.set(userid, {
      userid,
      realm: userid.slice(userid.lastIndexOf("@") + 1),
      enable: user.enabled,
      expire: 0,
      comment: user.comment ?? "",
      firstname: "",
      lastname: "",
      email: "",
      keys: "",
      groups: user.groups,
      tokens: [],
    });
  }
  return {
    users,
    groups: new Map(world.groups.map((groupid) => [groupid, { groupid, comment: "" }])),
    acl: world.acl,
    roles: ROLES,
    specialRoles: new Set(),
    realms: new Map(),
    own: new Map(),
    ownUser: uid("agent@pve"),
  };
}

/** What PVE would answer with a refusal throws. */
export function naiveApply(world: World, write: Write): void {
  const need = (ok: boolean, what: string): void => {
    if (!ok) throw new Error(`PVE would refuse: ${what}`);
  };
  const known = (groups: readonly string[]): boolean =>
    groups.every((g) => world.groups.includes(g));
  const name = "userid" in write ? nameOf(write.userid) : "";
  const user = world.users[name];
  switch (write.kind) {
    case "create-user":
      need(user === undefined && known(write.groups), `create ${name}`);
      world.users[name] = { enabled: write.fields.enable ?? true, groups: [...write.groups] };
      setComment(world.users[name], write.fields);
      return;
    case "update-user": {
      need(user !== undefined && known(write.join), `update ${name}`);
      if (user === undefined) return;
      user.groups = user.groups.filter((g) => !write.leave.includes(g));
      user.groups = [...new Set([...user.groups, ...write.join])];
      user.enabled = write.fields.enable ?? user.enabled;
      setComment(user, write.fields);
      return;
    }
    case "delete-user":
      need(user !== undefined, `delete ${name}`);
      delete world.users[name];
      world.acl = world.acl.filter((e) => !(e.type === "user" && e.ugid === write.userid));
      return;
    case "create-group":
      need(!world.groups.includes(write.group), `create ${write.group}`);
      world.groups.push(write.group);
      return;
    case "update-group":
      need(world.groups.includes(write.group), `update ${write.group}`);
      return;
    case "delete-group":
      need(world.groups.includes(write.group), `delete ${write.group}`);
      world.groups = world.groups.filter((g) => g !== write.group);
      world.acl = world.acl.filter((e) => !(e.type === "group" && e.ugid === write.group));
      for (const one of Object.values(world.users)) {
        one.groups = one.groups.filter((g) => g !== write.group);
      }
      return;
    case "acl":
      need(known(write.groups), `entry of ${write.groups.join()}`);
      for (const group of write.groups) {
        world.acl = world.acl.filter(
          (e) => !(e.path === write.path && e.ugid === group && e.role === write.role),
        );
        if (!write.delete) {
          world.acl.push(entry(write.path, group, write.role, write.propagate));
        }
      }
  }
}

function setComment(user: NaiveUser, fields: UserFields): void {
  if (fields.comment !== undefined) user.comment = fields.comment;
}

export function nameOf(userid: string): string {
  return userid.endsWith("@x") ? userid.slice(0, -2) : userid;
}

/** The roles at a path, level by level; no pools. */
function naiveRoles(world: World, name: string, path: string): string[] {
  const user = world.users[name];
  if (!user?.enabled) return [];
  const parts = path === "/" ? [] : path.slice(1).split("/");
  const levels = ["/", ...parts.map((_, n) => `/${parts.slice(0, n + 1).join("/")}`)];
  let roles: string[] = [];
  for (const level of levels) {
    const last = level === path;
    const here = world.acl.filter((e) => e.path === level && (e.propagate || last));
    const own = here.filter((e) => e.type === "user" && e.ugid === uid(name));
    const shared = here.filter((e) => e.type === "group" && user.groups.includes(e.ugid));
    if (own.length > 0) roles = own.map((e) => e.role);
    else if (shared.length > 0) roles = shared.map((e) => e.role);
  }
  return roles;
}

/** Privileges at a path, for a guest in a pool (`pool`) together with the pool's. */
export function naiveRights(world: World, name: string, path: string, pool?: string): Set<string> {
  const roles = naiveRoles(world, name, path);
  if (pool !== undefined) roles.push(...naiveRoles(world, name, pool));
  if (roles.includes("NoAccess")) return new Set();
  return new Set(roles.flatMap((role) => [...(ROLES.get(role) ?? [])]));
}

/** Every path worth asking about, with something below each; guests in pools as pairs. */
export function placesOf(...worlds: readonly World[]): (readonly [string, string?])[] {
  const paths = new Set(["/"]);
  for (const { path } of worlds.flatMap((world) => world.acl)) paths.add(path);
  for (const path of [...paths]) paths.add(path === "/" ? "/other" : `${path}/other`);
  for (const path of ["/vms/7", "/pool/seven", "/pool/seven/eight"]) paths.add(path);
  const all = [...paths];
  const guests = all.filter((path) => /^\/(?:vms|storage)\/[^/]+$/.test(path));
  const pools = all.filter((path) => /^\/pool\/./.test(path));
  const pairs = guests.flatMap((guest) => pools.map((pool) => [guest, pool] as const));
  return [...all.map((path) => [path] as const), ...pairs];
}

const ONCE = new WeakMap<World, Map<string, Set<string>>>();

/** `naiveRights` of a world that does not change any more. */
function rightsOnce(world: World, name: string, path: string, pool?: string): Set<string> {
  const known = ONCE.get(world) ?? new Map<string, Set<string>>();
  ONCE.set(world, known);
  const key = `${name} ${path} ${pool ?? ""}`;
  const rights = known.get(key) ?? naiveRights(world, name, path, pool);
  known.set(key, rights);
  return rights;
}

/**
 * Who holds more in `now` than in `old` and `next` together, as a sentence; nothing if nobody.
 * `reborn`: names whose bearer is another person than in `old`.
 */
export function tooMuch(
  now: World,
  old: World,
  next: World,
  reborn: ReadonlySet<string>,
  places = placesOf(now, old, next),
): string | undefined {
  for (const name of Object.keys(now.users)) {
    for (const [path, pool] of places) {
      const before = reborn.has(name) ? new Set() : rightsOnce(old, name, path, pool);
      const after = rightsOnce(next, name, path, pool);
      for (const privilege of naiveRights(now, name, path, pool)) {
        if (!before.has(privilege) && !after.has(privilege)) {
          return `${name} has ${privilege} on ${path}${pool === undefined ? "" : ` in ${pool}`}`;
        }
      }
    }
  }
  return undefined;
}

// ---------------------------------------------------------------- actions, in few words

let actions = 0;

export function action(write: Write, more: Partial<Action> = {}): Action {
  actions += 1;
  return { id: `a${actions}`, realm: "x", write, changes: [], ...more };
}

export function grant(path: string, role: string, groups: string[], propagate = true): Action {
  return action({ kind: "acl", path, role, propagate, groups, delete: false });
}

export function revoke(path: string, role: string, groups: string[]): Action {
  return action({ kind: "acl", path, role, propagate: true, groups, delete: true });
}

export function update(
  name: string,
  what: { join?: string[]; leave?: string[]; fields?: UserFields },
  more: Partial<Action> = {},
): Action {
  const { join = [], leave = [], fields = {} } = what;
  return action({ kind: "update-user", userid: uid(name), fields, join, leave }, more);
}

export function create(name: string, groups: string[], fields: UserFields = {}): Action {
  return action({ kind: "create-user", userid: uid(name), fields, groups });
}

export function remove(name: string): Action {
  return action({ kind: "delete-user", userid: uid(name) });
}

export function createGroup(group: string): Action {
  return action({ kind: "create-group", group, comment: "" });
}

export function deleteGroup(group: string): Action {
  return action({ kind: "delete-group", group });
}

/** The world after all of it, each write when PVE would take it. */
export function naiveNext(world: World, all: readonly Action[]): World {
  const next = copy(world);
  const step = (w: Write): number =>
    ["create-group", "update-user", "delete-user", "create-user", "acl", "delete-group"].indexOf(
      w.kind,
    ) + (w.kind === "acl" && !w.delete ? 0.5 : 0);
  for (const { write } of [...all].sort((a, b) => step(a.write) - step(b.write))) {
    naiveApply(next, write);
  }
  return next;
}

export function input(
  world: World,
  todo: readonly Action[],
  held: readonly Action[] = [],
  mayDisable: (userid: UserId) => boolean = () => true,
): OrderInput {
  const momentComment = (comment: string): string => `${comment}[moment]`;
  return { access: accessOf(world), actions: todo, held, mayDisable, momentComment };
}
