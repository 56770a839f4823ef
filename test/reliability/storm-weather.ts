/** What goes wrong around one rotation: how late the replicas are, and which requests fail. */
import type { Fault, FaultEffect } from "../emulators/common/faults.js";
import type { Random } from "../emulators/entra/random.js";
import type { Bed, Node } from "../rotation-bed.js";

/** Of twenty replicas by chance, one takes five requests in a hundred. */
export const REPLICAS = 20;

/** Seconds until each replica learns of the next secret. */
type Lags = (random: Random) => number[];

const each = (random: Random, min: number, max: number): number[] =>
  Array.from({ length: REPLICAS }, () => random.between(min, max));

/** With how often each comes, in ten. */
const LAGS: readonly (readonly [number, string, Lags])[] = [
  [3, "the usual 4 to 90 s", (random) => each(random, 4, 90)],
  [2, "all of them 2 to 5 minutes", (random) => each(random, 120, 300)],
  [3, "one of them 2 to 8 minutes", (random) => oneLate(random, 120, 480)],
  [1, "one of them 15 to 40 minutes", (random) => oneLate(random, 900, 2400)],
  [1, "none at all", (random) => each(random, 0, 0)],
];

function oneLate(random: Random, min: number, max: number): number[] {
  return [random.between(min, max), ...each(random, 4, 60).slice(1)];
}

function choose(random: Random): (typeof LAGS)[number] {
  const all = LAGS.flatMap((one) => Array.from({ length: one[0] }, () => one));
  return all[random.index(all.length)] as (typeof LAGS)[number];
}

/** A question of ours, and not a login's: those name the app in a header. */
const proofs = (bed: Bed): Partial<Fault> => ({
  method: "POST",
  path: "/oauth2/v2.0/token",
  body: `client_id=${bed.sso.appId}`,
});
const ADD = { method: "POST", path: "addPassword" };
const REMOVE = { method: "POST", path: "removePassword" };
const LIST = { method: "GET", path: "passwordCredentials" };
const PUT = { method: "PUT", path: "/access/domains/" };
const READ = { method: "GET", path: "/access/domains/" };

const BUSY: FaultEffect = { kind: "status", status: 429, headers: { "Retry-After": "7" } };
const LOCKED: FaultEffect = {
  kind: "status",
  status: 500,
  reason: "update auth server failed: cfs-lock 'file-domains_cfg' error: got lock request timeout",
  body: {
    message:
      "update auth server failed: cfs-lock 'file-domains_cfg' error: got lock request timeout\n",
    data: null,
  },
};
const status = (code: number, withEffect = false): FaultEffect => ({
  kind: "status",
  status: code,
  ...(withEffect && { withEffect }),
});

/** Where, which requests, and what becomes of them; all of them equally often. */
function faultsOf(bed: Bed): readonly (readonly ["entra" | "pve", Partial<Fault>, FaultEffect])[] {
  const token = proofs(bed);
  return [
    ["entra", token, BUSY],
    ["entra", token, status(500)],
    ["entra", token, status(503)],
    ["entra", token, { kind: "cut", when: "before" }],
    ["entra", token, { kind: "cut", when: "after" }],
    ["entra", token, { kind: "stall" }],
    ["entra", token, { kind: "garbage" }],
    ["entra", ADD, { kind: "cut", when: "after" }],
    ["entra", ADD, { kind: "cut", when: "before" }],
    ["entra", ADD, { kind: "stall", withEffect: true }],
    ["entra", ADD, status(500, true)],
    ["entra", ADD, status(503)],
    ["entra", ADD, BUSY],
    ["entra", LIST, status(500)],
    ["entra", LIST, { kind: "cut", when: "before" }],
    ["entra", LIST, { kind: "truncate" }],
    ["entra", REMOVE, { kind: "cut", when: "after" }],
    ["entra", REMOVE, status(500)],
    ["pve", PUT, { kind: "cut", when: "after" }],
    ["pve", PUT, { kind: "cut", when: "before" }],
    ["pve", PUT, { kind: "stall", withEffect: true }],
    ["pve", PUT, status(596, true)],
    ["pve", PUT, status(596)],
    ["pve", PUT, LOCKED],
    ["pve", PUT, status(595)],
    ["pve", READ, { kind: "cut", when: "before" }],
    ["pve", READ, status(595)],
    ["pve", READ, status(500)],
  ];
}

export interface Weather {
  readonly replicas: string;
  /** Seconds after which the slowest replica knows. */
  readonly slowest: number;
  /** Seconds after its making at which half the replicas forget the secret, and for how long. */
  readonly flicker?: { readonly after: number; readonly seconds: number };
  readonly faults: number;
}

/** Chooses and orders the weather of the next rotation. */
export function nextWeather(bed: Bed, node: Node, random: Random): Weather {
  const [, replicas, lags] = choose(random);
  const chosen = lags(random);
  bed.world.slowNext({ each: chosen });
  const all = faultsOf(bed);
  const count = random.index(7);
  for (let n = 0; n < count; n += 1) {
    const [where, matching, effect] = all[random.index(all.length)] as (typeof all)[number];
    const stalls = effect.kind === "stall";
    const fault: Fault = {
      ...matching,
      skip: matching.body === undefined ? random.index(2) : random.index(120),
      times: stalls ? 1 : 1 + random.index(3),
      do: effect,
    };
    (where === "entra" ? bed.entra : node.pve).faults.add(fault);
  }
  const flickers = random.next() < 0.4;
  return {
    replicas,
    slowest: Math.max(...chosen),
    faults: count,
    ...(flickers && { flicker: { after: random.between(5, 300), seconds: random.between(5, 90) } }),
  };
}
