import type { WorldOrder, Orders } from "../common/control.js";
import type { NextLag } from "./directory.js";
import { isRole, type Role } from "./roles.js";
import type { SecretPolicy } from "./settings.js";
import type { NewApp, NewSecret } from "./world/apps.js";
import type { NewGroup } from "./world/groups.js";
import type { EntraWorld } from "./world/index.js";
import type { NewGuest, NewUser, PersonEdit } from "./world/people.js";

/** Orders over the control port: the same as the world's methods, with named arguments. */

function text(order: WorldOrder, name: string): string {
  const value = order[name];
  if (typeof value !== "string") throw new TypeError(`"${order.do}" needs "${name}": a text`);
  return value;
}

function optional(order: WorldOrder, name: string): string | undefined {
  return order[name] === undefined ? undefined : text(order, name);
}

function number(order: WorldOrder, name: string, otherwise?: number): number {
  const value = order[name] ?? otherwise;
  if (typeof value !== "number") throw new TypeError(`"${order.do}" needs "${name}": a number`);
  return value;
}

function role(order: WorldOrder): Role {
  const name = text(order, "role");
  if (!isRole(name)) throw new TypeError(`no role "${name}"`);
  return name;
}

/** Members as one text or a list. */
function members(order: WorldOrder): string[] {
  const { member, members: many } = order;
  if (typeof member === "string") return [member];
  if (Array.isArray(many) && many.every((one) => typeof one === "string")) return many;
  throw new TypeError(`"${order.do}" needs "member" or "members"`);
}

/** The order without its name (and another argument): what the world's method takes as one object. */
function rest<T>(order: WorldOrder, besides = "do"): T {
  const given = Object.entries(order).filter(([name]) => name !== "do" && name !== besides);
  return Object.fromEntries(given) as T;
}

function peopleAndGroups(world: EntraWorld): Orders {
  return {
    addUser: (order) => world.addUser({ ...rest<NewUser>(order), upn: text(order, "upn") }),
    addGuest: (order) => world.addGuest({ ...rest<NewGuest>(order), mail: text(order, "mail") }),
    editUser: (order) => {
      return world.editUser(text(order, "user"), rest<PersonEdit>(order, "user"));
    },
    rename: (order) => world.rename(text(order, "user"), text(order, "upn")),
    disable: (order) => world.disable(text(order, "user")),
    enable: (order) => world.enable(text(order, "user")),
    deleteUser: (order) => world.deleteUser(text(order, "user")),
    purgeUser: (order) => world.purgeUser(text(order, "user")),
    restoreUser: (order) => world.restoreUser(text(order, "user")),
    newPersonUnderOldName: (order) => world.newPersonUnderOldName(text(order, "user")),
    addGroup: (order) =>
      world.addGroup({ ...rest<NewGroup>(order), displayName: text(order, "displayName") }),
    addDevice: (order) => world.addDevice(text(order, "displayName")),
    join: (order) => world.join(text(order, "group"), ...members(order)),
    leave: (order) => world.leave(text(order, "group"), ...members(order)),
    nest: (order) => world.nest(text(order, "outer"), text(order, "inner")),
    unnest: (order) => world.unnest(text(order, "outer"), text(order, "inner")),
    hideGroup: (order) => world.hideGroup(text(order, "group")),
    showGroup: (order) => world.showGroup(text(order, "group")),
    deleteGroup: (order) => world.deleteGroup(text(order, "group")),
  };
}

function apps(world: EntraWorld): Orders {
  return {
    addApp: (order) =>
      world.addApp({ ...rest<NewApp>(order), displayName: text(order, "displayName") }),
    addSecret: (order) => {
      return world.addSecret(text(order, "app"), rest<NewSecret>(order, "app"));
    },
    removeSecretByHand: (order) =>
      world.removeSecretByHand(text(order, "app"), text(order, "keyId")),
    grantRole: (order) => world.grantRole(text(order, "app"), role(order)),
    revokeRole: (order) => world.revokeRole(text(order, "app"), role(order)),
    setOwner: (order) => world.setOwner(text(order, "app"), text(order, "owner")),
    removeOwner: (order) => world.removeOwner(text(order, "app"), text(order, "owner")),
    disableApp: (order) => world.disableApp(text(order, "app")),
    enableApp: (order) => world.enableApp(text(order, "app")),
    requireAssignment: (order) => world.requireAssignment(text(order, "app")),
  };
}

function moods(world: EntraWorld): Orders {
  return {
    setPolicy: (order) =>
      world.setPolicy(order.policy as SecretPolicy | undefined, optional(order, "app")),
    conditionalAccess: (order) =>
      world.conditionalAccess(text(order, "app"), order.block !== false),
    slowNext: (order) => world.slowNext(rest<NextLag>(order)),
    setLag: (order) => world.setLag(number(order, "min"), number(order, "max")),
    flickerSecret: (order) =>
      world.flickerSecret(text(order, "app"), text(order, "keyId"), {
        after: number(order, "after", 0),
        seconds: number(order, "seconds"),
      }),
    settle: () => world.settle(),
    pin: (order) => world.pin(order.replica === null ? null : number(order, "replica")),
    conflictNext: (order) =>
      world.conflictNext(number(order, "times", 1), order.status === 400 ? 400 : 409),
    setConflictWindow: (order) => world.setConflictWindow(number(order, "ms")),
    expirePages: (order) => world.expirePages(number(order, "times", 1)),
    expireDelta: () => world.expireDelta(),
    resetDelta: () => world.resetDelta(),
    throttleNext: (order) =>
      world.throttleNext(
        number(order, "times", 1),
        order.retryAfter === undefined ? undefined : number(order, "retryAfter"),
      ),
    setNow: (order) => world.setNow(number(order, "now")),
  };
}

/** All orders by name. */
export function ordersOf(world: EntraWorld): Orders {
  return { ...peopleAndGroups(world), ...apps(world), ...moods(world) };
}
