import type { Clock } from "../clock.js";
import type { ServerTime } from "../decide/facts.js";

/** Remembers what time it is at Entra, from the `Date` header that every answer carries. */
export interface ServerTimeKeeper {
  /** `header` as received; one that is no date is passed over. */
  note(header: string | undefined): void;
  /** Entra's time now, or undefined before the first answer. Good to a second: so is the header. */
  readonly read: () => ServerTime | undefined;
}

/**
 * `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may send (RFC 9110, 5.6.7).
 * `Date.parse` would make a date of nearly anything, and of years that no mark can hold.
 */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} 2\d{3} \d{2}:\d{2}:\d{2} GMT$/;

export function createServerTimeKeeper(clock: Clock): ServerTimeKeeper {
  // The monotonic clock carries the time on between answers, for the wall clock may be set.
  let noted: { readonly server: number; readonly monotonic: number } | undefined;
  return {
    note(header) {
      const server = header !== undefined && HTTP_DATE.test(header) ? Date.parse(header) : NaN;
      if (!Number.isNaN(server)) noted = { server, monotonic: clock.monotonic() };
    },
    read() {
      if (noted === undefined) return undefined;
      const now = noted.server + (clock.monotonic() - noted.monotonic);
      return { now, localOffsetMs: clock.now() - now };
    },
  };
}
