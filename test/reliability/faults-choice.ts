/** Which fault meets which request: one of each kind every time, all of them every night. */
import fc from "fast-check";
import type { Bed } from "./faults-bed.js";
import { FAULTS, LASTING } from "./faults-list.js";
import type { FaultKind } from "./faults-list.js";
import { KINDS } from "./faults-request.js";
import type { Kind, Met } from "./faults-request.js";
import type { Ordered } from "./faults-wire.js";

export interface Case extends Ordered {
  readonly bed: Bed;
  readonly met: Met;
  /** Where the matrix has it; absent: it is in no table. */
  readonly row?: { readonly group: string; readonly fault: string };
}

/** Kinds that share a section of the matrix, where one of them stands for the others. */
const GROUPS: Readonly<Partial<Record<Kind, string>>> = {
  "PVE: nodes": "PVE: a read",
  "PVE: realm": "PVE: a read",
  "PVE: own rights": "PVE: a read",
  "PVE: lists": "PVE: a read",
  "PVE: one user": "PVE: a read",
  "Entra: groups": "Entra: groups",
  "Entra: one group of a batch": "Entra: groups",
  "Entra: own side": "Entra: people's own side",
  "Entra: one person of a batch": "Entra: people's own side",
  "Entra: proof of the key in use": "Entra: a proof",
  "Entra: proof of a new secret": "Entra: a proof",
  "Entra: proof after the write": "Entra: a proof",
};

function groupOf(kind: Kind): string {
  return GROUPS[kind] ?? kind;
}

/** So many successes are needed whatever comes; which proofs follow depends on the replicas met. */
const SURE_PROOFS = 60;

interface Place {
  readonly bed: Bed;
  readonly met: Met;
}

function placesOf(beds: readonly Bed[]): readonly Place[] {
  return beds.flatMap((bed) =>
    bed.places
      .filter(({ kind, n }) => !kind.includes("proof") || n <= SURE_PROOFS)
      .map((met) => ({ bed, met })),
  );
}

/**
 * Every fault once for each group of requests, at changing places: another kind of the group,
 * another scenario and another request each time. A pass is enough where a rotation is not needed.
 */
export function oneOfEach(beds: readonly Bed[]): readonly Case[] {
  const groups = new Map<string, Place[]>();
  for (const place of placesOf(beds)) {
    const group = groupOf(place.met.kind);
    groups.set(group, [...(groups.get(group) ?? []), place]);
  }
  const inOrder = [...new Set(KINDS.map(groupOf))];
  return inOrder.flatMap((group) => {
    const places = groups.get(group) ?? [];
    return FAULTS.flatMap((fault, at): readonly Case[] => {
      const fitting = places.filter(({ met }) => fault.fits(met));
      const place = chosen(fitting, at);
      if (place === undefined) return [];
      const row = { group, fault: fault.name };
      return [{ ...place, at: place.met, fault, lasts: false, row }];
    });
  });
}

/** The `at`-th in a round over kinds, and of each kind in a round over what is cheapest. */
function chosen(places: readonly Place[], at: number): Place | undefined {
  const kinds = [...new Set(places.map(({ met }) => met.kind))];
  const kind = kinds[at % kinds.length];
  const ofKind = places.filter(({ met }) => met.kind === kind);
  const cheap = ofKind.filter(({ bed }) => !bed.rotates);
  const all = cheap.length === 0 ? ofKind : cheap;
  // A step that no divisor of usual counts shares, so that the round does not repeat early.
  return all[(at * 7) % all.length];
}

/** Faults that stay until the pass ends: each once for either side, in the passes over people. */
export function lastingOnes(beds: readonly Bed[]): readonly Case[] {
  const cheap = placesOf(beds).filter(({ bed }) => !bed.rotates);
  return FAULTS.filter(({ name }) => LASTING.has(name)).flatMap((fault, at) =>
    (["pve", "entra"] as const).flatMap((system): readonly Case[] => {
      const fitting = cheap.filter(({ met }) => met.system === system && fault.fits(met));
      const place = fitting[(at * 13) % Math.max(fitting.length, 1)];
      if (place === undefined) return [];
      const row = {
        group: "From there on until the pass ends",
        fault: `${fault.name} of ${system}`,
      };
      return [{ ...place, at: place.met, fault, lasts: true, row }];
    }),
  );
}

/** A few more that differ from run to run. */
export function byChance(beds: readonly Bed[], count: number, seed: number): readonly Case[] {
  const all = everyOne(beds).filter(({ lasts }) => !lasts);
  const draws = fc.sample(fc.nat({ max: all.length - 1 }), { seed, numRuns: count });
  return draws.flatMap((draw): readonly Case[] => {
    const one = all[draw];
    if (one === undefined) return [];
    const { bed, met, at, fault, lasts } = one;
    return [{ bed, met, at, fault, lasts }];
  });
}

/** Of a hundred proofs in a row most are alike: every seventh stands for its neighbours. */
const PROOFS = 7;

/** Every request of every step with every fault that it can meet. */
export function everyOne(beds: readonly Bed[]): readonly Case[] {
  return placesOf(beds).flatMap((place) => {
    const { met, bed } = place;
    if (met.kind.includes("proof") && met.n % PROOFS !== 1) return [];
    return FAULTS.flatMap((fault): readonly Case[] => {
      if (!fault.fits(met)) return [];
      const row = { group: met.kind, fault: fault.name };
      const once: Case = { ...place, at: met, fault, lasts: false, row };
      if (!LASTING.has(fault.name) || !isFirst(bed, met)) return [once];
      const name = `${fault.name}, from there on`;
      return [once, { ...once, lasts: true, row: { group: met.kind, fault: name } }];
    });
  });
}

function isFirst(bed: Bed, met: Met): boolean {
  return bed.places.find(({ kind }) => kind === met.kind) === met;
}

/** For people, when something falls. */
export function describeCase({ bed, met, fault, lasts }: Case, name: (met: Met) => string): string {
  return `${bed.name}: ${faultWords(fault, lasts)} at ${name(met)}`;
}

function faultWords({ name }: FaultKind, lasts: boolean): string {
  return lasts ? `${name} from there on` : name;
}
