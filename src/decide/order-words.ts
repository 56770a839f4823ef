/** What an action that was not done waits for, in words. */
import type { Finding } from "../errors.js";
import type { AclPath, GroupId } from "./facts.js";
import { groupsOf, joinsOf, type Run } from "./order-run.js";
import type { Action, Waiting, Write } from "./plan.js";
import type { Excess } from "./safety.js";
import { isAtOrBelow, placeName } from "./universe.js";

/** How many of several are named. */
const NAMED = 3;

export interface Leftovers {
  readonly run: Run;
  readonly held: readonly Action[];
  readonly refused: readonly Action[];
}

/** A write as a person would say it: `grant PVEAdmin on /vms to ops`. */
export function describe(write: Write): string {
  switch (write.kind) {
    case "create-user":
      return `create ${write.userid}${write.groups.length > 0 ? ` in ${write.groups.join(", ")}` : ""}`;
    case "update-user":
      return describeUpdate(write);
    case "delete-user":
      return `delete ${write.userid}`;
    case "create-group":
      return `create group ${write.group}`;
    case "update-group":
      return `update group ${write.group}`;
    case "delete-group":
      return `delete group ${write.group}`;
    case "acl": {
      const groups = write.groups.join(", ");
      return write.delete
        ? `revoke ${write.role} on ${write.path} from ${groups}`
        : `grant ${write.role} on ${write.path} to ${groups}`;
    }
  }
}

function describeUpdate(write: Write & { kind: "update-user" }): string {
  const parts: string[] = [];
  if (write.fields.enable !== undefined) parts.push(write.fields.enable ? "enable" : "disable");
  if (write.leave.length > 0) parts.push(`take from ${write.leave.join(", ")}`);
  if (write.join.length > 0) parts.push(`bring into ${write.join.join(", ")}`);
  return `${parts.length === 0 ? "update" : parts.join(", ")} (${write.userid})`;
}

/** For each action that is left, what it waits for. */
export function waitingFor(leftovers: Leftovers): Waiting[] {
  return leftovers.run
    .remaining()
    .map((action) => ({ action, waitsFor: words(leftovers, action) }));
}

/**
 * SYNC_NO_SAFE_ORDER for each action that waits although nothing that it could wait for is held or
 * was refused, directly or by way of others that wait.
 */
export function unordered(leftovers: Leftovers): Finding[] {
  const left = leftovers.run.remaining();
  const explained = new Set([...leftovers.held, ...leftovers.refused]);
  for (let grown = true; grown;) {
    grown = false;
    for (const action of left) {
      if (explained.has(action) || !isExplained(leftovers, action, explained)) continue;
      explained.add(action);
      grown = true;
    }
  }
  const rest = left.filter((action) => !explained.has(action));
  return rest.map((action) => ({
    code: "SYNC_NO_SAFE_ORDER",
    message: `${describe(action.write)}: ${words(leftovers, action)}`,
    realm: action.realm,
  }));
}

function isExplained({ run }: Leftovers, action: Action, explained: ReadonlySet<Action>): boolean {
  if (run.block(action.id)?.kind === "impossible") return true;
  return [...explained].some((other) => isTied(run, action, other));
}

function words({ run, held, refused }: Leftovers, action: Action): string {
  const block = run.block(action.id);
  const ties: string[] = [];
  const named = (others: readonly Action[], what: string): void => {
    for (const other of others) {
      if (other !== action && isTied(run, action, other)) {
        ties.push(`${describe(other.write)} (${what})`);
      }
    }
  };
  named(held, "held");
  named(refused, "refused");
  if (ties.length === 0) named(run.remaining(), "waits too");
  const list = ties.slice(0, NAMED).join("; ") + (ties.length > NAMED ? "; …" : "");
  const first = list === "" ? "" : `: waits for ${list}`;
  if (block === undefined) return "its turn";
  if (block.kind === "impossible") return `${block.obstacle.why}${first}`;
  if (block.kind === "swap") return `what replaces it on ${block.path} is still to come${first}`;
  if (block.kind === "early")
    return `the rights of ${block.userid} are not the desired ones${first}`;
  return `${excessWords(run, block.excess)}${first}`;
}

function excessWords(run: Run, { userid, place, privileges }: Excess): string {
  const some = privileges.slice(0, NAMED).join(", ") + (privileges.length > NAMED ? ", …" : "");
  const where = placeName(run.safety.all, place);
  return `it would give ${userid} ${some} on ${where}, which neither before nor after gives`;
}

function isInstead(
  write: Write,
  swap: { readonly path: AclPath; readonly groups: readonly GroupId[] },
): boolean {
  if (write.kind !== "acl" || write.delete || write.path !== swap.path) return false;
  return write.groups.some((group) => swap.groups.includes(group));
}

/** Whether the one can be what the other waits for. */
function isTied(run: Run, action: Action, other: Action): boolean {
  const block = run.block(action.id);
  if (block === undefined || other === action) return false;
  const { write } = other;
  if (block.kind === "impossible") {
    const { on } = block.obstacle;
    if (on.kind === "user") return "userid" in write && write.userid === on.userid;
    const makes = write.kind === "create-group" || write.kind === "update-group";
    return on.kind === "group" && makes && write.group === on.group;
  }
  if (block.kind === "early") return run.touches(write, block.userid);
  if (block.kind === "swap") return isInstead(write, block);
  const { userid, place } = block.excess;
  const joins = joinsOf(action.write);
  const groups = "userid" in write ? [] : groupsOf(write);
  const concerns = run.touches(write, userid) || groups.some((group) => joins.includes(group));
  if (!concerns || write.kind !== "acl") return concerns;
  const where = placeName(run.safety.all, place).split(" in ");
  return where.some((path) => isAtOrBelow(path, write.path));
}
