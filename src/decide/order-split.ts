/**
 * One write as two, where no order of single writes is safe: a move between groups as leaving and
 * joining, an ACL entry of several groups as entries of some of them and of the others. Each half
 * keeps its share of the changes; which half is safe first is for the caller to try. And a write that cannot be done as a whole, as
 * what can and what cannot.
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

/**
 * What of a write can be done although some of its groups do not exist and will not, and what
 * waits for them; undefined: nothing can. Nobody is created or enabled for a group that is not
 * there.
 */
export function splitMissing(
  action: Action,
  isMissing: (group: GroupId) => boolean,
): Halves | undefined {
  const { write } = action;
  if (write.kind === "acl") {
    return splitAcl(action, new Set(write.groups.filter((group) => !isMissing(group))));
  }
  if (write.kind === "create-user") return splitNewcomer(action, write, isMissing);
  if (write.kind !== "update-user") return undefined;
  const join = write.join.filter((group) => !isMissing(group));
  const waits = write.fields.enable === true && join.length === 0;
  const [now, later]: readonly [UserFields, UserFields] = waits
    ? [{}, write.fields]
    : [write.fields, {}];
  if (join.length + write.leave.length + Object.keys(now).length === 0) return undefined;
  const first: Write = { ...write, fields: now, join };
  const missing = write.join.filter(isMissing);
  const second: Write = { ...write, fields: later, join: missing, leave: [] };
  return [
    part(action, "possible", first, (change) => isOfUserWrite(change, first, !waits)),
    part(action, "missing", second, (change) => isOfUserWrite(change, second, waits)),
  ];
}

function splitNewcomer(
  action: Action,
  write: Write & { kind: "create-user" },
  isMissing: (group: GroupId) => boolean,
): Halves | undefined {
  const { userid } = write;
  const groups = write.groups.filter((group) => !isMissing(group));
  const join = write.groups.filter(isMissing);
  if (groups.length === 0 || join.length === 0) return undefined;
  const later: Write = { kind: "update-user", userid, fields: {}, join, leave: [] };
  const isLater = (change: Change): boolean =>
    change.kind === "join" && join.includes(change.group);
  return [
    part(action, "possible", { ...write, groups }, (change) => !isLater(change)),
    part(action, "missing", later, isLater),
  ];
}

function part(
  action: Action,
  name: string,
  write: Write,
  belongs: (change: Change) => boolean,
): Action {
  const changes = action.changes.filter(belongs);
  return { ...action, id: `${action.id}/${name}`, write, changes };
}

function isOfUserWrite(
  change: Change,
  write: Write & { kind: "update-user" },
  carriesFields: boolean,
): boolean {
  if (change.kind === "join") return write.join.includes(change.group);
  if (change.kind === "leave") return write.leave.includes(change.group);
  return carriesFields;
}

/**
 * A write as the smallest ones that make sense alone, what takes away first: an entry of several
 * groups as one for each, a user's write as leaving, joining, the comment and the names. Nothing
 * where it is one already.
 */
export function splitApart(action: Action): Action[] {
  return action.write.kind === "update-user"
    ? splitUser(action, action.write)
    : splitEntries(action);
}

/**
 * A user's write of which Entra no longer confirms everything: what certainly is to be left, and
 * the rest. An account closes with its last membership, so that its fields go with what is doubtful.
 */
export function splitCertain(action: Action, doubtful: readonly Change[]): Action[] {
  const { write } = action;
  if (write.kind !== "update-user") return [];
  const doubted = new Set(doubtful.flatMap((one) => (one.kind === "leave" ? [one.group] : [])));
  const [leave, late] = [
    write.leave.filter((group) => !doubted.has(group)),
    write.leave.filter((group) => doubted.has(group)),
  ];
  if (leave.length === 0) return [];
  const certain: Write = { ...write, fields: {}, join: [], leave };
  const rest: Write = { ...write, leave: late };
  if (isNothing(rest)) return [];
  return [
    part(action, "certain", certain, (change) => isOfUserWrite(change, certain, false)),
    part(action, "doubtful", rest, (change) => isOfUserWrite(change, rest, true)),
  ];
}

/** Nobody is enabled without the groups and the mark for which they are. */
function splitUser(action: Action, write: Write & { kind: "update-user" }): Action[] {
  const { enable, comment, ...names } = write.fields;
  const marked: UserFields = comment === undefined ? {} : { comment };
  const off: UserFields = enable === false ? { enable } : {};
  const on: UserFields = enable === true ? { enable, ...marked } : {};
  const none = { ...write, fields: {}, join: [], leave: [] };
  const shares: Record<string, Write & { kind: "update-user" }> = {
    taking: { ...none, fields: off, leave: write.leave },
    giving: { ...none, fields: on, join: write.join },
    comment: { ...none, fields: enable === true ? {} : marked },
    names: { ...none, fields: names },
  };
  const parts = Object.entries(shares).filter(([, share]) => !isNothing(share));
  if (parts.length < 2) return [];
  return parts.map(([name, share]) => ({
    ...part(action, name, share, () => false),
    changes: action.changes.flatMap((change) => shareOf(change, share)),
  }));
}

function isNothing({ fields, join, leave }: Write & { kind: "update-user" }): boolean {
  return Object.keys(fields).length + join.length + leave.length === 0;
}

/** What of a change a part of its write does: without the enabling, only fields are updated. */
function shareOf(change: Change, share: Write & { kind: "update-user" }): Change[] {
  if (change.kind === "join") return share.join.includes(change.group) ? [change] : [];
  if (change.kind === "leave") return share.leave.includes(change.group) ? [change] : [];
  const { fields } = share;
  if (!("fields" in change) || Object.keys(fields).length === 0) return [];
  if (change.kind === "update-user" || fields.enable !== undefined) return [{ ...change, fields }];
  const { realm, userid, reason, person, personName } = change;
  return [
    {
      kind: "update-user",
      ...{ realm, userid, reason, fields },
      ...(person === undefined ? {} : { person }),
      ...(personName === undefined ? {} : { personName }),
    },
  ];
}

function splitEntries(action: Action): Action[] {
  const { write } = action;
  if (write.kind !== "acl" || write.groups.length < 2) return [];
  return write.groups.map((group) =>
    part(action, group, { ...write, groups: [group] }, (change) => isOfGroups(change, [group])),
  );
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
