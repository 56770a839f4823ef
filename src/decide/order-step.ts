/** The first way on for a run that is stuck: one of its writes in two. */
import type { GroupId } from "./facts.js";
import type { Run } from "./order-run.js";
import { splitAcl, splitMissing, splitMove, type Halves } from "./order-split.js";
import type { Action, Write } from "./plan.js";
import { isOpen, obstacle } from "./simulation.js";

/** Splits one blocked write such that its first half can go on now; false: there is none. */
export function splitStep(run: Run): boolean {
  const ways = [
    { kind: "excess", halvesOf: safeMove },
    { kind: "excess", halvesOf: safeAcl },
    { kind: "impossible", halvesOf: withoutMissing },
    { kind: "swap", halvesOf: withoutSwapped },
  ] as const;
  for (const { kind, halvesOf } of ways) {
    const blocked = run.remaining().filter((action) => run.block(action.id)?.kind === kind);
    for (const action of blocked) {
      const halves = halvesOf(run, action);
      if (halves === undefined) continue;
      const position = run.position(action.id);
      run.remove(action.id);
      for (const half of halves) run.add(half, position);
      return true;
    }
  }
  return false;
}

function safeMove(run: Run, action: Action): Halves | undefined {
  return splitMove(action).find(([first]) => isSafe(run, first.write));
}

/**
 * A group that still is not there, or not ours, when a run is stuck will not be: making it or taking
 * it over was refused or is held, and nothing else waits for that.
 */
function withoutMissing(run: Run, action: Action): Halves | undefined {
  const { state } = run.safety;
  const halves = splitMissing(action, (group) => !isOpen(state, group));
  const first = halves?.[0].write;
  return first !== undefined && obstacle(state, first) === undefined ? halves : undefined;
}

/** Entries that nothing replaces need not wait for those that something does. */
function withoutSwapped(run: Run, action: Action): Halves | undefined {
  const { write } = action;
  const block = run.block(action.id);
  if (write.kind !== "acl" || block?.kind !== "swap") return undefined;
  return splitAcl(action, new Set(write.groups.filter((group) => !block.groups.includes(group))));
}

/** As many of the entry's groups as can go first together. */
function safeAcl(run: Run, action: Action): Halves | undefined {
  const { write } = action;
  if (write.kind !== "acl" || write.groups.length < 2) return undefined;
  const first = new Set<GroupId>();
  for (const group of write.groups) {
    if (isSafe(run, { ...write, groups: [...first, group] })) first.add(group);
  }
  return splitAcl(action, first);
}

function isSafe(run: Run, write: Write): boolean {
  const { safety } = run;
  return obstacle(safety.state, write) === undefined && safety.excess(write) === undefined;
}
