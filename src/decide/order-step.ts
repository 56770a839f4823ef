/** The first way on for a run that is stuck: one of its writes in two. */
import type { GroupId } from "./facts.js";
import type { Run } from "./order-run.js";
import { splitAcl, splitMove, type Halves } from "./order-split.js";
import type { Action, Write } from "./plan.js";
import { obstacle } from "./simulation.js";

/** Splits one blocked write such that its first half is safe now; false: there is none. */
export function splitStep(run: Run): boolean {
  const blocked = run.remaining().filter((action) => run.block(action.id)?.kind === "excess");
  for (const halvesOf of [safeMove, safeAcl]) {
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
