/**
 * Which mails are due: one when something begins, one a day while it lasts, one when it is over.
 * Pure: what was told before and how things stand go in, what to tell comes out.
 */
import type { Judged, Matter } from "./matters.js";

/** What is kept of one matter. Times are milliseconds since 1970. */
export interface Entry {
  /**
   * `open`: it is bad. `over`: it is good again, and that is still to be told. `quiet`: that was
   * told a short while ago.
   */
  readonly state: "open" | "over" | "quiet";
  readonly since: number;
  /** When the mail server last took a mail about it; absent: it never did. */
  readonly told?: number;
  /** When it was last seen failing, as long as nobody was told. */
  readonly seen?: number;
}

/** By the matter's key. */
export type Book = ReadonlyMap<string, Entry>;

export interface Due {
  readonly key: string;
  readonly kind: "begun" | "reminder" | "over";
  readonly matter: Matter;
  readonly since: number;
}

const HOUR_MS = 60 * 60_000;
const REMIND_MS = 24 * HOUR_MS;
/** What comes back sooner than this after it was told to be over waits: flapping fills no mailbox. */
const QUIET_MS = HOUR_MS;

/** The book after a look at how things stand, and the mails that are due now. */
export function look(
  book: Book,
  judged: readonly Judged[],
  now: number,
): { readonly book: Book; readonly due: readonly Due[] } {
  const next = new Map<string, Entry>();
  const due: Due[] = [];
  for (const { key, matter, standing } of judged) {
    const entry = step(book.get(key), standing, now);
    if (entry === undefined) continue;
    next.set(key, entry);
    const kind = kindOf(entry, standing, now);
    if (kind !== undefined) due.push({ key, kind, matter, since: entry.since });
  }
  return { book: next, due };
}

/** The book after the mail server took that mail. */
export function told(book: Book, { key, kind, since }: Due, now: number): Book {
  // While the mail was on its way it may have ended: whoever was told of it hears that, too.
  const entry = book.get(key) ?? { state: "open", since };
  const state = kind === "over" ? "quiet" : entry.state;
  return new Map([...book, [key, { ...entry, state, told: now }]]);
}

function step(
  entry: Entry | undefined,
  standing: Judged["standing"],
  now: number,
): Entry | undefined {
  if (standing === "bad") return begin(entry, now);
  if (standing === "failing") return fail(begin(entry, now), now);
  if (standing === "unknown" || entry === undefined) return entry;
  if (entry.state === "quiet") return far(now, entry.told, QUIET_MS) ? undefined : entry;
  // What nobody was told of need not be told to be over.
  return entry.told === undefined ? undefined : { ...entry, state: "over" };
}

function begin(entry: Entry | undefined, now: number): Entry {
  if (entry === undefined) return { state: "open", since: now };
  if (entry.state === "over") return { ...entry, state: "open" };
  if (entry.state === "quiet" && far(now, entry.told, QUIET_MS)) {
    return { state: "open", since: now };
  }
  return entry;
}

/** Who was off for an hour has missed nothing: it counts from the return. */
function fail(entry: Entry, now: number): Entry {
  if (entry.state !== "open" || entry.told !== undefined) return entry;
  const away = entry.seen !== undefined && far(now, entry.seen, HOUR_MS);
  return { ...entry, since: away ? now : entry.since, seen: now };
}

function kindOf(entry: Entry, standing: Judged["standing"], now: number): Due["kind"] | undefined {
  if (entry.state === "over") return "over";
  if (entry.state === "quiet" || standing === "unknown") return undefined;
  if (entry.told === undefined) {
    return standing === "bad" || far(now, entry.since, HOUR_MS) ? "begun" : undefined;
  }
  return far(now, entry.told, REMIND_MS) ? "reminder" : undefined;
}

/** In either direction: a clock that was set back must not silence anything until it caught up. */
function far(now: number, then: number | undefined, span: number): boolean {
  return then === undefined || Math.abs(now - then) >= span;
}
