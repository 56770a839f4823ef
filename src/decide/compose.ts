/** Changes become writes: as few requests as PVE allows. */
import type { GroupId, UserId } from "./facts.js";
import type { Action, Change, UserFields, Write } from "./plan.js";
import { changeKey } from "./plan.js";

/**
 * One write for each user, one for each group, and one for all groups with the same path, role and
 * propagation. The result is in no particular order.
 */
export function compose(changes: readonly Change[]): readonly Action[] {
  const users = new Map<UserId, Change[]>();
  const entries = new Map<string, (Change & { kind: "grant" | "revoke" })[]>();
  const actions: Action[] = [];
  for (const change of changes) {
    switch (change.kind) {
      case "grant":
      case "revoke": {
        const key = `${change.kind}|${change.path}|${change.role}|${change.propagate}`;
        entries.set(key, [...(entries.get(key) ?? []), change]);
        break;
      }
      case "create-group":
      case "update-group":
      case "adopt-group":
      case "delete-group":
        actions.push(action(groupWrite(change), [change]));
        break;
      case "join":
      case "leave":
      case "create-user":
      case "update-user":
      case "disable-user":
      case "enable-user":
      case "delete-user":
        users.set(change.userid, [...(users.get(change.userid) ?? []), change]);
        break;
    }
  }
  for (const [userid, own] of users) actions.push(...userActions(userid, own));
  for (const same of entries.values()) actions.push(aclAction(same));
  return actions;
}

function action(write: Write, changes: readonly Change[]): Action {
  return {
    id: changes.map(changeKey).sort().join("&"),
    realm: changes[0]?.realm ?? "",
    write,
    changes,
  };
}

function groupWrite(
  change: Change & { kind: "create-group" | "update-group" | "adopt-group" | "delete-group" },
): Write {
  if (change.kind === "delete-group") return { kind: "delete-group", group: change.group };
  const kind = change.kind === "create-group" ? "create-group" : "update-group";
  return { kind, group: change.group, comment: change.comment };
}

function aclAction(changes: readonly (Change & { kind: "grant" | "revoke" })[]): Action {
  const first = changes[0];
  if (first === undefined) throw new RangeError("an ACL write needs at least one entry");
  const { path, role, propagate, kind } = first;
  const groups = changes.map(({ group }) => group).sort();
  return action({ kind: "acl", path, role, propagate, groups, delete: kind === "revoke" }, changes);
}

/**
 * Usually one write. A name that another person took over is three: the old account is disabled,
 * deleted, and made anew.
 */
function userActions(userid: UserId, changes: readonly Change[]): Action[] {
  const creates = changes.filter(({ kind }) => kind === "create-user" || kind === "join");
  const made = changes.find((change) => change.kind === "create-user");
  const deleted = changes.find((change) => change.kind === "delete-user");
  if (deleted?.kind === "delete-user" && deleted.because === "reused") {
    const rest = changes.filter((change) => change !== deleted && !creates.includes(change));
    // Only a disabling cannot wait for the deletion. A leaving alone goes with it: as a write of its
    // own it could come after the account was made anew, and take the group from the successor.
    const first = rest.some(({ kind }) => kind === "disable-user") ? rest : [];
    const along = first.length > 0 ? [] : rest;
    return [
      ...(first.length > 0 ? [updateAction(userid, first)] : []),
      action({ kind: "delete-user", userid }, [deleted, ...along]),
      ...(made === undefined ? [] : [createAction(userid, creates)]),
    ];
  }
  if (deleted !== undefined) return [action({ kind: "delete-user", userid }, changes)];
  if (made === undefined) return [updateAction(userid, changes)];
  const rest = changes.filter((change) => !creates.includes(change));
  return [...(rest.length > 0 ? [updateAction(userid, rest)] : []), createAction(userid, creates)];
}

function createAction(userid: UserId, changes: readonly Change[]): Action {
  return action(
    { kind: "create-user", userid, fields: fieldsOf(changes), groups: groupsOf(changes, "join") },
    changes,
  );
}

function updateAction(userid: UserId, changes: readonly Change[]): Action {
  return action(
    {
      kind: "update-user",
      userid,
      fields: fieldsOf(changes),
      join: groupsOf(changes, "join"),
      leave: groupsOf(changes, "leave"),
    },
    changes,
  );
}

function fieldsOf(changes: readonly Change[]): UserFields {
  return Object.assign({}, ...changes.map((c) => ("fields" in c ? c.fields : {}))) as UserFields;
}

function groupsOf(changes: readonly Change[], kind: "join" | "leave"): readonly GroupId[] {
  return changes.flatMap((change) => (change.kind === kind ? [change.group] : [])).sort();
}
