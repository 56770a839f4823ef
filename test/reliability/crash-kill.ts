/** Kills the program from within the emulators, in the middle of a request. */
import type { Arrived } from "../emulators/common/interrupt.js";
import type { Site } from "../support/site.js";

/**
 * Where: on the arrival of a request, before any effect of it; or once it took effect and before
 * its answer; of every request, or of those alone that change something.
 */
export type Place =
  | "at the arrival of request"
  | "at the arrival of write"
  | "after the effect of write"
  | "after request";

export interface CrashPoint {
  readonly place: Place;
  /** 1 for the first that counts. */
  readonly nth: number;
}

export interface Trap {
  /** The request in which it was killed; undefined: it never came so far. */
  readonly caught: string | undefined;
  /** How many requests counted so far. */
  readonly seen: number;
  disarm(): void;
}

/** Whether a request changes something where it succeeds: a token or a question does not. */
export function isWrite(system: "entra" | "pve", { method, path }: Arrived): boolean {
  if (system === "pve") return method !== "GET";
  return method !== "GET" && /\/(add|remove)(Password|Key)$/.test(path);
}

/** Calls `kill` in the nth request, counted over both emulators in the order of arrival. */
export function setTrap({ entra, pve }: Site, point: CrashPoint, kill: () => void): Trap {
  let seen = 0;
  let caught: string | undefined;
  const onArrival = point.place.startsWith("at the arrival");
  const onWrites = point.place.endsWith("write");
  const counts = (system: "entra" | "pve", request: Arrived): boolean =>
    !onWrites || isWrite(system, request);
  const spring = (request: Arrived): boolean => {
    seen += 1;
    if (seen !== point.nth) return false;
    caught = `${request.method} ${request.path}`;
    kill();
    return true;
  };
  const ends = (
    [
      ["entra", entra],
      ["pve", pve],
    ] as const
  ).map(([system, { interrupters }]) =>
    interrupters.add({
      // What else was under way when it died takes effect as it would anywhere.
      arrived: (request) => onArrival && counts(system, request) && spring(request),
      done: (request) => !onArrival && counts(system, request) && spring(request),
    }),
  );
  return {
    get caught() {
      return caught;
    },
    get seen() {
      return seen;
    },
    disarm: () => ends.forEach((end) => end()),
  };
}
