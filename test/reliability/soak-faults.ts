/** What goes wrong in a long life, one at a time. */
import type { Fault } from "../emulators/common/faults.js";
import { seededRandom } from "../emulators/entra/random.js";

export interface Trouble {
  readonly system: "entra" | "pve";
  readonly fault: Fault;
}

const EFFECTS: readonly Fault["do"][] = [
  { kind: "status", status: 500 },
  { kind: "status", status: 503, headers: { "retry-after": "2" } },
  { kind: "status", status: 504 },
  { kind: "cut", when: "before" },
  { kind: "cut", when: "after" },
  { kind: "garbage" },
  { kind: "truncate" },
];
const OF_ENTRA: readonly Fault["do"][] = [
  { kind: "status", status: 429, headers: { "retry-after": "5" } },
  { kind: "status", status: 429 },
  { kind: "body", replace: "empty-list" },
  { kind: "body", replace: "nulls" },
  { kind: "body", replace: "page-repeats" },
];
const LOCKED = "cfs-lock 'file-user_cfg' error: got lock request timeout";
const OF_PVE: readonly Fault["do"][] = [
  { kind: "status", status: 595 },
  { kind: "status", status: 596, withEffect: true },
  { kind: "status", status: 596 },
  { kind: "status", status: 500, body: { data: null, message: LOCKED } },
];

/** Another trouble at each call; the same ones for the same seed. */
export function troubles(seed: number): () => Trouble {
  const random = seededRandom(seed);
  return () => {
    const system = random.next() < 0.5 ? "entra" : "pve";
    const effects = [...EFFECTS, ...(system === "entra" ? OF_ENTRA : OF_PVE)];
    const effect = effects[random.index(effects.length)] ?? { kind: "cut", when: "before" };
    const times = random.next() < 0.2 ? 8 : 1;
    return { system, fault: { skip: random.index(12), times, do: effect } };
  };
}
