/**
 * The greedy way can end where another order would have gone on: a safe write may close the way
 * for two others. So the few actions that are entangled with what got stuck are searched for a
 * longer way, within a budget.
 */
import type { UserId } from "./facts.js";
import { isMomentEnd } from "./order-rank.js";
import { groupsOf, type Run } from "./order-run.js";
import type { Action } from "./plan.js";
import type { Safety } from "./safety.js";
import { apply, obstacle } from "./simulation.js";

/** Subsets of so many actions can be gone through; of more, only those near the preference. */
const MOST_ACTIONS = 24;

/** In looks at one person after one write. */
const BUDGET = 60_000;

/** The actions that can have led to this stuck run, in the order of preference. */
export function entangled(stuck: Run, actions: readonly Action[]): Action[] {
  const pool = actions.filter((action) => !isMomentEnd(action));
  if (pool.length <= MOST_ACTIONS / 3) return pool;
  const left = new Set(stuck.remaining().map((action) => action.id));
  const people = new Set<UserId>();
  for (const id of left) {
    const block = stuck.block(id);
    if (block?.kind === "excess") people.add(block.excess.userid);
  }
  const concerned = pool.filter(
    ({ id, write }) => left.has(id) || [...people].some((userid) => stuck.touches(write, userid)),
  );
  const groups = new Set(concerned.flatMap((action) => groupsOf(action.write)));
  const makers = pool.filter(
    ({ write }) => write.kind === "create-group" && groups.has(write.group),
  );
  const chosen = new Set([...concerned, ...makers]);
  return pool.filter((action) => chosen.has(action));
}

/** The ids of the longest safe order found from the present state; the state is left as it was. */
export function longestOrder(safety: Safety, actions: readonly Action[]): string[] {
  if (actions.length > MOST_ACTIONS) return [];
  let best: string[] = [];
  let budget = BUDGET;
  const seen = new Set<number>([0]);
  const walk = (done: number, order: readonly string[]): void => {
    if (order.length > best.length) best = [...order];
    for (const [n, { id, write }] of actions.entries()) {
      const then = done | (1 << n);
      if (best.length === actions.length || budget <= 0) return;
      if (seen.has(then) || obstacle(safety.state, write) !== undefined) continue;
      budget -= cost(safety, actions[n]);
      if (safety.excess(write) !== undefined) continue;
      seen.add(then);
      const undo = apply(safety.state, write);
      walk(then, [...order, id]);
      undo();
    }
  };
  walk(0, []);
  return best;
}

function cost(safety: Safety, action: Action | undefined): number {
  if (action === undefined || "userid" in action.write) return 1;
  let people = 1;
  for (const group of groupsOf(action.write)) {
    people += safety.state.members.get(group)?.size ?? 0;
  }
  return people;
}
