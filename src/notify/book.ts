/**
 * What was told, kept over a restart in the journal's cache: were it lost, one mail would come
 * twice, which is just what that cache is for.
 */
import type { JournalCache } from "../journal/types.js";
import type { Book, Entry } from "./due.js";

const KEY = "notices";
/** Longer than anything stays untouched: an open matter is written anew with each reminder. */
const LIFE_MS = 400 * 24 * 60 * 60_000;

/** Empty where there is none, or none that makes sense. Throws JOURNAL_UNWRITABLE. */
export function readBook(cache: JournalCache): Book {
  const text = cache.get(KEY);
  return text === undefined ? new Map() : parseBook(text);
}

/** Throws JOURNAL_UNWRITABLE. */
export function writeBook(cache: JournalCache, book: Book): void {
  cache.set(KEY, bookText(book), LIFE_MS);
}

export function bookText(book: Book): string {
  return JSON.stringify([...book]);
}

/** A disk may turn bits over: what is not as we write it is left out. */
export function parseBook(text: string): Book {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return new Map();
  }
  if (!Array.isArray(rows)) return new Map();
  return new Map(rows.filter(isRow));
}

function isRow(row: unknown): row is [string, Entry] {
  if (!Array.isArray(row) || row.length !== 2 || typeof row[0] !== "string") return false;
  const entry: unknown = row[1];
  if (typeof entry !== "object" || entry === null) return false;
  const { state, since, told, seen } = entry as Record<string, unknown>;
  const dated =
    Number.isFinite(since) &&
    [told, seen].every((time) => time === undefined || Number.isFinite(time));
  return dated && (state === "open" || (told !== undefined && STATES.has(state)));
}

const STATES: ReadonlySet<unknown> = new Set(["over", "quiet"]);
