/** What a change means in plain values: as it was seen before, and as it was asked for. */
import type { PveUser } from "../decide/facts.js";
import type { Action, Change, UserFields } from "../decide/plan.js";
import type { Seen } from "./types.js";

/** `null`: it was not there. `undefined`: nobody said what was there. */
export function before(change: Change, seen: Seen | undefined): unknown {
  if (!seen) return undefined;
  switch (change.kind) {
    case "join":
    case "leave":
      return { member: seen.users.get(change.userid)?.groups.includes(change.group) ?? false };
    case "create-user":
    case "delete-user":
      return wholeUser(seen.users.get(change.userid));
    case "update-user":
    case "enable-user":
    case "disable-user":
      return sameFields(seen.users.get(change.userid), wanted(change));
    case "create-group":
    case "update-group":
    case "adopt-group":
    case "delete-group": {
      const group = seen.groups.get(change.group);
      return group ? { comment: group.comment } : null;
    }
    case "grant":
    case "revoke": {
      const entry = seen.acl.find(
        ({ type, path, ugid, role }) =>
          type === "group" && path === change.path && ugid === change.group && role === change.role,
      );
      return entry ? { propagate: entry.propagate } : null;
    }
  }
}

/** `null`: it is not to be there any more. */
export function after(change: Change, action: Action): unknown {
  switch (change.kind) {
    case "join":
      return { member: true };
    case "leave":
      return { member: false };
    case "create-user":
      return { ...wanted(change), groups: joinsOf(change, action) };
    case "update-user":
    case "enable-user":
    case "disable-user":
      return wanted(change);
    case "delete-user":
    case "delete-group":
    case "revoke":
      return null;
    case "create-group":
    case "update-group":
    case "adopt-group":
      return { comment: change.comment };
    case "grant":
      return { propagate: change.propagate };
  }
}

/** The groups that somebody comes into by this change. */
export function joinsOf(change: Change, action: Action): readonly string[] {
  if (change.kind === "join") return [change.group];
  if (change.kind !== "create-user" || action.write.kind !== "create-user") return [];
  return action.write.groups;
}

/** What the change does to `enable`: absent when it leaves it alone. */
export function enableOf(change: Change): boolean | undefined {
  switch (change.kind) {
    case "disable-user":
      return false;
    case "enable-user":
      return true;
    case "create-user":
      return change.fields.enable ?? true;
    case "update-user":
      return change.fields.enable;
    default:
      return undefined;
  }
}

function wanted(change: Change & { readonly fields: UserFields }): UserFields {
  const enable = enableOf(change);
  return enable === undefined ? change.fields : { ...change.fields, enable };
}

function sameFields(user: PveUser | undefined, fields: UserFields): unknown {
  if (!user) return null;
  const names = Object.keys(fields) as (keyof UserFields)[];
  return Object.fromEntries(names.map((name) => [name, user[name]]));
}

function wholeUser(user: PveUser | undefined): unknown {
  if (!user) return null;
  const { enable, expire, comment, firstname, lastname, email, groups, tokens } = user;
  const tokenIds = tokens.map(({ tokenid }) => tokenid);
  return { enable, expire, comment, firstname, lastname, email, groups, tokens: tokenIds };
}
