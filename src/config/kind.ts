import type { Folders } from "./folders.js";
import type { ConfigCode, Place, Problems } from "./problems.js";
import type { TomlValue } from "./tree.js";

/** A kind of value: how it is described, shown by example, and read. */
export interface Kind<T> {
  /** What it is, with its article, as a reader of the docs and of an error needs it. */
  readonly says: string;
  /** A good value as TOML. */
  readonly example: string;
  /** The value, or undefined after telling `reading` what is wrong with it. */
  readonly read: (value: TomlValue, reading: Reading) => T | undefined;
}

/** What is at hand while one value is read. */
export interface Reading {
  readonly problems: Problems;
  readonly folders: Folders;
  /** For each key there is the sections that have it, so that a misplaced one finds home. */
  readonly homes: ReadonlyMap<string, readonly string[]>;
  /** The key alone, as it is to be written: `url`. */
  readonly key: string;
  /** The section it is in, as it is to be written: `[pve]`. */
  readonly section: string;
}

/** `url in [pve]`, the subject of every message about a value. */
export function subject({ key, section }: Reading): string {
  return section === TOP_LEVEL ? `${key} at ${section}` : `${key} in ${section}`;
}

/** How messages call the file itself, above its first section. */
export const TOP_LEVEL = "the top level";

/**
 * Tells that a value is not what its kind says, and shows one that is.
 * @param expected the type that the kind is written in; where the value has another, that is told
 */
export function refuse(
  kind: Pick<Kind<unknown>, "says" | "example">,
  value: TomlValue,
  reading: Reading,
  expected: TomlValue["kind"] = "text",
): undefined {
  const found = value.kind === expected ? "" : `${NAMES[value.kind]}, `;
  const instead = `write ${reading.key} = ${kind.example}`;
  return tell(reading, value.place, `is ${found}not ${kind.says}`, instead);
}

/** Tells something more to the point than `refuse` can. */
export function tell(
  reading: Reading,
  place: Place,
  predicate: string,
  instead: string,
  code?: ConfigCode,
): undefined {
  reading.problems.add(place, `${subject(reading)} ${predicate}`, instead, code);
  return undefined;
}

const NAMES: Readonly<Record<TomlValue["kind"], string>> = {
  text: "text in quotes",
  integer: "an integer",
  fraction: "a fraction",
  boolean: "a boolean",
  date: "a date",
  list: "a list",
  table: "a table",
};

/** Text of which `parse` makes something, or undefined where it is not of the kind. */
export function text<T>(
  says: string,
  example: string,
  parse: (text: string) => T | undefined,
): Kind<T> {
  const kind = { says, example };
  return {
    ...kind,
    read: (value, reading) => {
      const parsed = value.kind === "text" ? parse(value.text) : undefined;
      return parsed === undefined ? refuse(kind, value, reading) : parsed;
    },
  };
}

/** Text that matches a pattern as a whole. */
export function matching(says: string, example: string, pattern: RegExp): Kind<string> {
  return text(says, example, (written) => (pattern.test(written) ? written : undefined));
}

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  const quoted = words.map((word) => `"${word}"`);
  const says =
    quoted.length > 1
      ? `one of ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1) ?? ""}`
      : quoted.join("");
  return text(says, quoted[0] ?? "", (written) => words.find((word) => word === written));
}

/** `true` or `false`. */
export const boolean: Kind<boolean> = {
  says: "true or false without quotes",
  example: "true",
  read: (value, reading) =>
    value.kind === "boolean" ? value.yes : refuse(boolean, value, reading, "boolean"),
};

/** A whole number within bounds, both included. */
export function integer(least: number, most: number, example: number): Kind<number> {
  const kind = {
    says: `a whole number from ${least} to ${most} without quotes`,
    example: `${example}`,
  };
  return {
    ...kind,
    read: (value, reading) =>
      value.kind === "integer" && value.number >= least && value.number <= most
        ? value.number
        : refuse(kind, value, reading, "integer"),
  };
}

/** A part of a whole, from 0 to 1. */
export const share: Kind<number> = {
  says: "a share from 0 to 1 without quotes",
  example: "0.2",
  read: (value, reading) => {
    const number = value.kind === "fraction" || value.kind === "integer" ? value.number : -1;
    const expected = value.kind === "integer" ? "integer" : "fraction";
    return number >= 0 && number <= 1 ? number : refuse(share, value, reading, expected);
  },
};
