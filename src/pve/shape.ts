/**
 * Reading PVE's answers strictly: what has not the shape that PVE 9 gives is PVE_BAD_ANSWER, never
 * a guess. Perl writes numbers and flags now as numbers, now as text, so both are taken.
 * A message names the field and never shows the value: a realm's answer carries its key.
 */
import { AgentError } from "../errors.js";

export type Fields = Readonly<Record<string, unknown>>;

/** Names in it come from the answer, and may be of any length there. */
export function bad(what: string): AgentError {
  return new AgentError("PVE_BAD_ANSWER", what.slice(0, 1000));
}

export function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(`${where}: expected a list`);
  return value as readonly unknown[];
}

export function fields(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad(`${where}: expected an object`);
  }
  return value as Fields;
}

export function text(from: Fields, name: string, where: string): string {
  const value = from[name];
  if (typeof value !== "string") throw bad(`${where}: ${name} is not text`);
  return value;
}

/** Absent or null: the empty text. PVE leaves empty fields out or sends them empty, at random. */
export function optionalText(from: Fields, name: string, where: string): string {
  const value = from[name] ?? "";
  // A comment that looks like a number comes as one.
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") throw bad(`${where}: ${name} is not text`);
  return value;
}

export function flag(from: Fields, name: string, where: string): boolean {
  const value = from[name];
  if (value === 1 || value === "1" || value === true) return true;
  if (value === 0 || value === "0" || value === false || value === "") return false;
  throw bad(`${where}: ${name} is not 0 or 1`);
}

export function optionalFlag(from: Fields, name: string, where: string): boolean {
  return from[name] === undefined || from[name] === null ? false : flag(from, name, where);
}

/** A whole number that is not negative; absent: 0, which PVE means by "never". */
export function count(from: Fields, name: string, where: string): number {
  const value = from[name] ?? 0;
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) {
    throw bad(`${where}: ${name} is not a whole number`);
  }
  return number;
}

/** PVE's `a,b,c`; empty text is an empty list. */
export function commaList(from: Fields, name: string, where: string): readonly string[] {
  return text(from, name, where)
    .split(",")
    .filter((part) => part !== "");
}

/** Gathers what was read by its name; the same name twice cannot be right. */
export function byName<K, V>(
  items: readonly V[],
  nameOf: (item: V) => K,
  where: string,
): ReadonlyMap<K, V> {
  const map = new Map(items.map((item) => [nameOf(item), item]));
  if (map.size !== items.length) throw bad(`${where}: the same name twice`);
  return map;
}
