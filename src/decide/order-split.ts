/**
 * One write as two, where no order of single writes is safe: a move between groups as leaving and
 * joining, an ACL entry of several groups as entries of some of them and of the others. Each half
 * keeps its share of the changes; which half is safe first is for the caller to try.
 */
import type { GroupId } from "./facts.js";
import type { Action, Change, UserFields, Write } from "./plan.js";

/** Two actions that together do what the one does, in the order in which they are done. */
export type Halves = readonly [Action, Action];

/** The ways to split a user's write that both joins and leaves; none for any other. */
export function splitMove(action: Action): Halves[] {
  const { write } = action;
  if (write.kind !== "update-user" || write.join.length === 0 || write.leave.length === 0) {
    return [];
  }
  return [
    [userHalf(action, write, "leave", "first"), userHalf(action, write, "join", "second")],
    [userHalf(action, write, "join", "first"), userHalf(action, write, "leave", "second")],
  ];
}

/** Splits an ACL write: these groups first, the others afterwards. */
export function splitAcl(action: Action, first: ReadonlySet<GroupId>): Halves | undefined {
  const { write } = action;
  if (write.kind !== "acl" || first.size === 0) return undefined;
  const rest = write.groups.filter((group) => !first.has(group));
  if (rest.length === 0) return undefined;
  const part = (groups: readonly GroupId[], nth: string): Action => ({
    ...action,
    id: `${action.id}/${nth}`,
    write: { ...write, groups },
    changes: action.changes.filter((change) => isOfGroups(change, groups)),
  });
  return [part([...first], "1"), part(rest, "2")];
}

/** Enabling goes with the second half, every other field with the first. */
function userHalf(
  action: Action,
  write: Write & { kind: "update-user" },
  half: "join" | "leave",
  turn: "first" | "second",
): Action {
  const { fields, userid } = write;
  const own: UserFields = (fields.enable === true) === (turn === "second") ? fields : {};
  const [join, leave] = half === "join" ? [write.join, []] : [[], write.leave];
  const carriesFields = own === fields;
  return {
    ...action,
    id: `${action.id}/${half}`,
    write: { kind: "update-user", userid, fields: own, join, leave },
    changes: action.changes.filter((change) =>
      change.kind === "join" || change.kind === "leave" ? change.kind === half : carriesFields,
    ),
  };
}

function isOfGroups(change: Change, groups: readonly GroupId[]): boolean {
  return !("group" in change) || groups.includes(change.group);
}
