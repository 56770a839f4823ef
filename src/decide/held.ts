/** What the guard holds, in numbers: whoever leaves is often two changes, a group and an account. */
import type { UserId } from "./facts.js";
import type { Hold } from "./plan.js";
import { counted } from "./text.js";

export interface HeldCount {
  readonly changes: number;
  /** Distinct people whom the changes are about, or who would lose by them. */
  readonly people: number;
}

/** Of one realm. */
export function countHeld(holds: readonly Hold[], realm: string): HeldCount {
  const changes = holds.map(({ change }) => change).filter((change) => change.realm === realm);
  const people = new Set<UserId>();
  for (const change of changes) {
    if ("userid" in change) people.add(change.userid);
    for (const userid of change.losers ?? []) people.add(userid);
  }
  return { changes: changes.length, people: people.size };
}

/** `80 changes for 40 people`; where they are about nobody, or nobody knows about whom, `1 change`. */
export function heldText({ changes, people }: HeldCount): string {
  const what = counted(changes, "change", "changes");
  return people === 0 ? what : `${what} for ${counted(people, "person", "people")}`;
}
