import type { Kind, Reading } from "./kind.js";
import { refuse, tell, TOP_LEVEL } from "./kind.js";
import { parseToml } from "./parse.js";
import type { Place } from "./problems.js";
import { suggest } from "./suggest.js";
import type { TomlTable, TomlValue } from "./tree.js";

/** One key: what kind of value it has, whether it has to be there, and what it means. */
export interface Key<T, N extends Need = Need> {
  readonly kind: Kind<T>;
  readonly need: N;
  /** What counts where the key is absent, written as TOML. */
  readonly otherwise?: string;
  /** What an administrator has to know about it. */
  readonly meaning: string;
}

export type Need = "required" | "optional" | "default";

/** The keys of one table by name. */
export type Keys = Readonly<Record<string, Key<unknown>>>;

/** The values of one table once nothing in it is wrong. */
export type Values<K extends Keys> = {
  readonly [P in keyof K]: K[P] extends Key<infer T, infer N>
    ? N extends "optional"
      ? T | undefined
      : T
    : never;
};

/** One table as read: a value is missing where the key is, or where something was wrong. */
export interface Section<K extends Keys> {
  readonly values: Partial<Values<K>>;
  /** Where a key's value stands, or the section where the key is absent. */
  readonly at: (key: keyof K & string) => Place;
  readonly place: Place;
  /** Whether the key is there, be its value right or wrong. */
  readonly has: (key: keyof K & string) => boolean;
}

export function required<T>(kind: Kind<T>, meaning: string): Key<T, "required"> {
  return { kind, need: "required", meaning };
}

export function optional<T>(kind: Kind<T>, meaning: string): Key<T, "optional"> {
  return { kind, need: "optional", meaning };
}

/** @param otherwise TOML, read by the same kind as what an administrator writes */
export function defaulting<T>(
  kind: Kind<T>,
  otherwise: string,
  meaning: string,
): Key<T, "default"> {
  return { kind, need: "default", otherwise, meaning };
}

/**
 * Reads a table by its keys: all that are wrong, unknown or missing are told to `reading`.
 * @param name the section as it is to be written, `[pve]`
 */
export function readTable<K extends Keys>(
  table: TomlTable,
  keys: K,
  name: string,
  reading: Reading,
): Section<K> {
  const inside = { ...reading, section: name };
  const values: Record<string, unknown> = {};
  tellUnknown(table, keys, inside);
  for (const [key, spec] of Object.entries(keys)) {
    values[key] = readKey(table, key, spec, { ...inside, key });
  }
  return {
    // Each value was read by its own key's kind.
    values: values as Partial<Values<K>>,
    at: (key) => table.entries.get(key)?.value.place ?? table.place,
    place: table.place,
    has: (key) => table.entries.has(key),
  };
}

/**
 * The values of a section in which nothing was wrong. Call it only after no problem was told: then
 * every key that is required, or has a default, has its value.
 */
export function complete<K extends Keys>(section: Section<K>): Values<K> {
  return section.values as Values<K>;
}

/** `[name]`, one table. */
export function section<K extends Keys>(name: string, keys: K): Kind<Section<K>> {
  const kind: Kind<Section<K>> = {
    says: `a section that begins with [${name}]`,
    example: "{}",
    read: (value, reading) => {
      if (value.kind === "table") return readTable(value, keys, `[${name}]`, reading);
      const { place } = value;
      const found = value.kind === "list" ? "may be there only once" : "is a section, not a value";
      reading.problems.add(place, `[${name}] ${found}`, `write [${name}] on a line of its own`);
      return undefined;
    },
  };
  return kind;
}

/** `[[name]]`, any number of tables. */
export function sections<K extends Keys>(name: string, keys: K): Kind<readonly Section<K>[]> {
  return {
    says: `a section that begins with [[${name}]]`,
    example: "[]",
    read: (value, reading) => {
      const tables = value.kind === "list" ? value.items : [];
      if (tables.length > 0 && tables.every((one) => one.kind === "table")) {
        return tables.map((one) => readTable(one, keys, `[[${name}]]`, reading));
      }
      const instead = `write [[${name}]], with two brackets, on a line of its own`;
      reading.problems.add(value.place, `[[${name}]] is a list of sections`, instead);
      return undefined;
    },
  };
}

/** A list of small tables, each in braces. */
export function entries<K extends Keys>(
  says: string,
  example: string,
  keys: K,
): Kind<readonly Section<K>[]> {
  const kind = { says, example };
  return {
    ...kind,
    read: (value, reading) => {
      if (value.kind !== "list") return refuse(kind, value, reading, "list");
      return value.items.flatMap((one) => {
        const name = `${reading.key} of ${reading.section}`;
        if (one.kind === "table") return [readTable(one, keys, name, reading)];
        refuse(kind, one, reading, "list");
        return [];
      });
    },
  };
}

function readKey(table: TomlTable, key: string, spec: Key<unknown>, reading: Reading): unknown {
  const entry = table.entries.get(key);
  if (entry !== undefined) return spec.kind.read(entry.value, reading);
  if (spec.otherwise !== undefined) {
    return spec.kind.read(valueOf(spec.otherwise, table.place), reading);
  }
  if (spec.need === "required") tellMissing(spec, table.place, reading);
  return undefined;
}

/** A default as if it had been written where its section begins. */
function valueOf(toml: string, place: Place): TomlValue {
  const value = parseToml(Buffer.from(`value = ${toml}`)).entries.get("value")?.value;
  return { ...(value ?? { kind: "date" }), place };
}

function tellMissing(spec: Key<unknown>, place: Place, reading: Reading): void {
  const { key, section, problems } = reading;
  const isSection = section === TOP_LEVEL;
  const what = isSection ? `${spec.kind.says} is missing` : `${section} lacks ${key}`;
  problems.add(
    place,
    what,
    isSection ? "write it as config.example.toml shows" : `write ${key} = ${spec.kind.example}`,
  );
}

function tellUnknown(table: TomlTable, keys: Keys, reading: Reading): void {
  const known = Object.keys(keys);
  for (const [key, { keyPlace }] of table.entries) {
    if (known.includes(key)) continue;
    const homes = reading.homes.get(key) ?? [];
    const what = homes.length === 0 ? "is not a key" : `is a key of ${homes.join(" and ")}`;
    tell({ ...reading, key: shown(key) }, keyPlace, what, insteadOf(key, known, homes));
  }
}

/** A key is repeated only where it looks like one and not like something pasted. */
function shown(key: string): string {
  return /^[A-Za-z][A-Za-z_-]{0,30}$/.test(key) ? key : "this";
}

function insteadOf(key: string, known: readonly string[], homes: readonly string[]): string {
  if (homes.length > 0) return "move it there, or remove it";
  const best = suggest(key, known);
  if (SECRET.test(key) && best?.endsWith("_file") !== true) return whereSecretsGo(known);
  if (best !== undefined) return `did you mean ${best}?`;
  return `remove it, or write one of ${known.join(", ")}`;
}

function whereSecretsGo(known: readonly string[]): string {
  const files = known.filter((one) => one.endsWith("_file") && one !== "ca_file");
  return files.length === 0
    ? "remove it: no secret belongs here"
    : `put a secret into a file of its own and write ${files.join(" or ")}`;
}

const SECRET = /secret|token|passw|passphrase|private|credential|pfx|apikey|api_key|client_key/i;
