/** Whose request is let go next, drawn by chance. */
import type { Random } from "../emulators/entra/random.js";
import type { Parked, Traffic } from "./two-writers-traffic.js";

export interface Turn {
  /** Who sent the request before. */
  readonly last: string;
  /** How likely the next request is one of theirs, too. */
  readonly constancy: number;
}

/** Waits until nobody is at work; undefined where no request waits, and time went on instead. */
export async function nextRequest(
  traffic: Traffic,
  random: Random,
  { last, constancy }: Turn,
): Promise<Parked | undefined> {
  await traffic.settled();
  const { parked } = traffic;
  if (parked.length === 0) {
    if (traffic.asleep) await traffic.wake();
    return undefined;
  }
  const same = parked.filter(({ who }) => who === last);
  const stays = same.length > 0 && random.next() < constancy;
  const from = stays ? same : parked;
  return from[random.index(from.length)];
}
