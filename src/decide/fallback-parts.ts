/** Actions taken apart, where one part of a write may go on and another may not. */
import type { Action, Change, UserFields, Write } from "./plan.js";

/** What an action takes away (or leaves as it is), and what it gives. */
export function takingAndGiving(action: Action): { taking?: Action; giving?: Action } {
  const { write } = action;
  switch (write.kind) {
    case "create-user":
    case "create-group":
      return { giving: action };
    case "acl":
      return write.delete ? { taking: action } : { giving: action };
    case "update-user": {
      if (action.moment === true && write.join.length === 0) return { taking: action };
      const enables = write.fields.enable === true;
      if (!enables && write.join.length === 0) return { taking: action };
      if (write.leave.length === 0 && write.fields.enable !== false) return { giving: action };
      const taken: UserFields = enables ? {} : write.fields;
      const given: UserFields = enables ? write.fields : {};
      const gives = remade(action, [{ ...write, fields: given, leave: [] }], "/giving");
      const takes = remade(action, [{ ...write, fields: taken, join: [] }], "");
      return { ...(takes && { taking: takes }), ...(gives && { giving: gives }) };
    }
    case "delete-user":
    case "update-group":
    case "delete-group":
      return { taking: action };
  }
}

/** The smallest writes that together do the same. */
export function partsOf(write: Write): Write[] {
  if (write.kind === "acl") return write.groups.map((group) => ({ ...write, groups: [group] }));
  if (write.kind !== "update-user") return [write];
  const none: Write = { ...write, fields: {}, join: [], leave: [] };
  const leaves = write.leave.map((group): Write => ({ ...none, leave: [group] }));
  const parts = [...leaves, ...write.join.map((group): Write => ({ ...none, join: [group] }))];
  if (Object.keys(write.fields).length > 0) parts.unshift({ ...none, fields: write.fields });
  return parts;
}

/** The action with only these parts of its write, and the changes that belong to them. */
export function remade(
  action: Action,
  parts: readonly Write[],
  suffix: string,
): Action | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const write = parts.slice(1).reduce(together, first);
  const changes = action.changes.filter((change) => belongs(change, write));
  return { ...action, id: `${action.id}${suffix}`, write, changes };
}

function together(a: Write, b: Write): Write {
  if (a.kind === "acl" && b.kind === "acl") return { ...a, groups: [...a.groups, ...b.groups] };
  if (a.kind !== "update-user" || b.kind !== "update-user") return a;
  const fields = { ...a.fields, ...b.fields };
  return { ...a, fields, join: [...a.join, ...b.join], leave: [...a.leave, ...b.leave] };
}

function belongs(change: Change, write: Write): boolean {
  if (write.kind === "acl") return !("group" in change) || write.groups.includes(change.group);
  if (write.kind !== "update-user") return true;
  if (change.kind === "join") return write.join.includes(change.group);
  if (change.kind === "leave") return write.leave.includes(change.group);
  return Object.keys(write.fields).length > 0;
}
