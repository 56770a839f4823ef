import { aclNodeAt, grant, type HolderKind } from "./acl-tree.js";
import { carryOut, type Orders, type WorldOrder } from "../common/control.js";
import { aclNodes } from "./acl-tree.js";
import type { PveState } from "./state.js";
import { setToken } from "./user-cfg.js";

/** What an administrator can write about a user. */
export interface UserFields {
  enable?: boolean;
  /** Seconds since 1970; 0: never. */
  expire?: number;
  firstname?: string;
  lastname?: string;
  email?: string;
  comment?: string;
}

/** An ACL entry, or several with the same path, role and propagation. */
export interface AclOrder {
  path: string;
  role: string;
  users?: string[];
  groups?: string[];
  tokens?: string[];
  /** true by default. */
  propagate?: boolean;
}

/** What an administrator, or fate, does behind everybody's back: past the API, its locks and its checks. */
export interface PveWorld {
  createUser(userid: string, fields?: UserFields & { groups?: string[] }): void;
  editUser(userid: string, fields: UserFields): void;
  disableUser(userid: string): void;
  enableUser(userid: string): void;
  deleteUser(userid: string): void;
  addToGroup(userid: string, group: string): void;
  removeFromGroup(userid: string, group: string): void;
  createGroup(group: string, comment?: string): void;
  /** The comment holds the mark of ownership: here it is forged, or taken away. */
  editGroup(group: string, comment: string): void;
  deleteGroup(group: string): void;
  /** Makes a role, or replaces what it holds. */
  setRole(role: string, privileges: string[]): void;
  addAcl(entry: AclOrder): void;
  removeAcl(entry: Omit<AclOrder, "propagate">): void;
  /** Changes a realm's properties; null removes one. */
  setRealm(realm: string, properties: Record<string, string | number | null>): void;
  createToken(tokenid: string, secret: string, privsep?: boolean): void;
  tokenSecret(tokenid: string, secret: string): void;
  /** false: nothing can be written in the cluster. */
  quorum(there: boolean): void;
  /** Somebody else holds the lock of a file. */
  lock(file: "user.cfg" | "domains.cfg", held: boolean): void;
  /** pvedaemon stops, or runs again. */
  daemon(running: boolean): void;
  load(files: { userCfg?: string; domainsCfg?: string }): void;
}

const HOLDERS: readonly HolderKind[] = ["users", "groups", "tokens"];

export function pveWorld(state: PveState): PveWorld {
  const user = (userid: string, fields: UserFields): void =>
    state.editUsers((cfg) => {
      const found = cfg.users.get(userid);
      if (!found) throw new TypeError(`no user ${userid}`);
      cfg.users.set(userid, { ...found, ...fields });
    });
  const members = (group: string, change: (members: Set<string>) => void): void =>
    state.editUsers((cfg) => {
      const found = cfg.groups.get(group);
      if (!found) throw new TypeError(`no group ${group}`);
      change(found.users);
    });
  const world: PveWorld = {
    createUser: (userid, { groups = [], ...fields } = {}) =>
      state.editUsers((cfg) => {
        cfg.users.set(userid, { enable: true, expire: 0, ...fields });
        groups.forEach((group) => cfg.groups.get(group)?.users.add(userid));
      }),
    editUser: user,
    disableUser: (userid) => user(userid, { enable: false }),
    enableUser: (userid) => user(userid, { enable: true }),
    deleteUser: (userid) =>
      state.editUsers((cfg) => {
        cfg.users.delete(userid);
        cfg.groups.forEach((group) => group.users.delete(userid));
        for (const [, node] of aclNodes(cfg.acl)) node.users.delete(userid);
      }),
    addToGroup: (userid, group) => members(group, (of) => void of.add(userid)),
    removeFromGroup: (userid, group) => members(group, (of) => void of.delete(userid)),
    createGroup: (group, comment) =>
      state.editUsers((cfg) => {
        cfg.groups.set(group, { users: new Set(), ...(comment !== undefined && { comment }) });
      }),
    editGroup: (group, comment) =>
      state.editUsers((cfg) => {
        const found = cfg.groups.get(group);
        if (!found) throw new TypeError(`no group ${group}`);
        found.comment = comment;
      }),
    deleteGroup: (group) =>
      state.editUsers((cfg) => {
        cfg.groups.delete(group);
        for (const [, node] of aclNodes(cfg.acl)) node.groups.delete(group);
      }),
    setRole: (role, privileges) =>
      state.editUsers((cfg) => void cfg.roles.set(role, new Set(privileges))),
    addAcl: ({ path, role, propagate = true, ...holders }) =>
      state.editUsers((cfg) => {
        const node = aclNodeAt(cfg.acl, path);
        for (const kind of HOLDERS) {
          holders[kind]?.forEach((holder) => grant(node, kind, holder, role, propagate));
        }
      }),
    removeAcl: ({ path, role, ...holders }) =>
      state.editUsers((cfg) => {
        const node = aclNodeAt(cfg.acl, path);
        for (const kind of HOLDERS) {
          holders[kind]?.forEach((holder) => node[kind].get(holder)?.delete(role));
        }
      }),
    setRealm: (realm, properties) =>
      state.editDomains((cfg) => {
        const found = cfg.realms.get(realm);
        if (!found) throw new TypeError(`no realm ${realm}`);
        for (const [name, value] of Object.entries(properties)) {
          if (value === null) found.properties.delete(name);
          else found.properties.set(name, value);
        }
      }),
    createToken: (tokenid, secret, privsep = true) => {
      const [userid = "", name = ""] = tokenid.split("!");
      state.editUsers((cfg) => setToken(cfg, userid, name, { privsep, expire: 0 }));
      state.tokenSecrets.set(tokenid, secret);
    },
    tokenSecret: (tokenid, secret) => void state.tokenSecrets.set(tokenid, secret),
    quorum: (there) => void (state.trouble.quorum = there),
    lock: (file, held) =>
      void (held ? state.trouble.locked.add(file) : state.trouble.locked.delete(file)),
    daemon: (running) => void (state.trouble.daemonDown = !running),
    load: (files) => state.load(files),
  };
  return world;
}

const text = (order: WorldOrder, name: string): string => {
  const value = order[name];
  if (typeof value !== "string") throw new TypeError(`the order needs "${name}", a text`);
  return value;
};
const flag = (order: WorldOrder, name: string): boolean => {
  const value = order[name];
  if (typeof value !== "boolean") throw new TypeError(`the order needs "${name}", true or false`);
  return value;
};

/** What is left of an order once its name and subject are taken: its fields. */
function rest<T>(order: WorldOrder, ...taken: string[]): T {
  const left = Object.entries(order).filter(([name]) => name !== "do" && !taken.includes(name));
  return Object.fromEntries(left) as T;
}

/** The same orders as they come over the control port, arguments by name. */
export function carryOutOrder(world: PveWorld, order: WorldOrder): unknown {
  const orders: Orders = {
    createUser: (o) => world.createUser(text(o, "userid"), rest(o, "userid")),
    editUser: (o) => world.editUser(text(o, "userid"), rest(o, "userid")),
    disableUser: (o) => world.disableUser(text(o, "userid")),
    enableUser: (o) => world.enableUser(text(o, "userid")),
    deleteUser: (o) => world.deleteUser(text(o, "userid")),
    addToGroup: (o) => world.addToGroup(text(o, "userid"), text(o, "group")),
    removeFromGroup: (o) => world.removeFromGroup(text(o, "userid"), text(o, "group")),
    createGroup: (o) => world.createGroup(text(o, "group"), rest<{ comment?: string }>(o).comment),
    editGroup: (o) => world.editGroup(text(o, "group"), text(o, "comment")),
    deleteGroup: (o) => world.deleteGroup(text(o, "group")),
    setRole: (o) => world.setRole(text(o, "role"), o.privileges as string[]),
    addAcl: (o) => world.addAcl(rest(o)),
    removeAcl: (o) => world.removeAcl(rest(o)),
    setRealm: (o) => world.setRealm(text(o, "realm"), rest(o, "realm")),
    createToken: (o) =>
      world.createToken(text(o, "tokenid"), text(o, "secret"), o.privsep !== false),
    tokenSecret: (o) => world.tokenSecret(text(o, "tokenid"), text(o, "secret")),
    quorum: (o) => world.quorum(flag(o, "there")),
    lock: (o) => world.lock(text(o, "file") as "user.cfg" | "domains.cfg", flag(o, "held")),
    daemon: (o) => world.daemon(flag(o, "running")),
    load: (o) => world.load(rest(o)),
  };
  return carryOut(orders, order);
}
