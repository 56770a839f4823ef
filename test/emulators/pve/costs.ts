import type { EmulatorClock } from "../common/clock.js";
import type { PveState } from "./state.js";

/*
 * What PVE 9.2 takes for its work, in milliseconds by number of users: medians measured on the
 * real code with the fewest bytes a user (`bare`) and with names, email, comment and three groups
 * (`rich`). A write rewrites the whole file, so it costs the same whatever it changes.
 */
type Curve = readonly (readonly [users: number, ms: number])[];
interface Cost {
  bare: Curve;
  rich: Curve;
}

const WRITE: Cost = {
  bare: [
    [100, 18.6],
    [1000, 52],
    [10000, 521],
  ],
  rich: [
    [100, 30.3],
    [1000, 138],
    [3000, 377],
  ],
};
const LIST_USERS: Cost = {
  bare: [
    [100, 13.5],
    [1000, 28.3],
    [10000, 352],
  ],
  rich: [
    [100, 17.8],
    [1000, 83.7],
    [3000, 137],
  ],
};
const LIST_GROUPS: Cost = {
  bare: [
    [100, 6.2],
    [1000, 8.2],
    [10000, 85.9],
  ],
  rich: [
    [100, 7.6],
    [1000, 15.8],
    [3000, 46.2],
  ],
};
const READ: Cost = {
  bare: [
    [100, 2.1],
    [1000, 6.8],
    [10000, 86.4],
  ],
  rich: [
    [100, 2.9],
    [1000, 18.4],
    [3000, 39],
  ],
};
const BARE_BYTES = 73;
const RICH_BYTES = 216;
/** How long PVE tries for a lock, or for quorum, before it gives up. */
const GIVE_UP_MS = 10_000;

/** Between the measured points along a line, beyond them along the last one. */
function along(curve: Curve, users: number): number {
  const after = curve.findIndex(([at]) => at >= users);
  const end = after === -1 ? curve.length - 1 : Math.max(after, 1);
  const [x0 = 0, y0 = 0] = curve[end - 1] ?? [];
  const [x1 = 1, y1 = 0] = curve[end] ?? [];
  return Math.max(0, y0 + ((y1 - y0) * (users - x0)) / (x1 - x0));
}

function costOf(method: string, path: string): Cost {
  if (method !== "GET") return WRITE;
  if (/\/access\/users(?:\?|$)/.test(path)) return LIST_USERS;
  if (/\/access\/groups(?:\?|$)/.test(path)) return LIST_GROUPS;
  return READ;
}

/** What a call takes of PVE's time, in milliseconds. */
export function callCost(state: PveState, method: string, path: string): number {
  const { quorum, locked } = state.trouble;
  if (method !== "GET" && (!quorum || locked.size > 0)) return GIVE_UP_MS;
  const users = state.users.users.size;
  const bytes = state.userCfgBytes.length / users;
  const richness = Math.min(1, Math.max(0, (bytes - BARE_BYTES) / (RICH_BYTES - BARE_BYTES)));
  const cost = costOf(method, path);
  return (1 - richness) * along(cost.bare, users) + richness * along(cost.rich, users);
}

/** Lets PVE's time pass: in reality as much shorter as the clock runs faster, and none where it stands still. */
export async function pass(clock: EmulatorClock, ms: number): Promise<void> {
  if (clock.rate === 0) clock.advance(ms);
  else await new Promise((resolve) => setTimeout(resolve, ms / clock.rate));
}
