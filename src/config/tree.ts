import type { AST } from "toml-eslint-parser";
import type { Place } from "./problems.js";

/**
 * A TOML document as plain data in which every key and value knows where it stands. Tables are
 * maps, so that a key such as `__proto__` is a key like any other.
 */
export type TomlValue =
  | { readonly kind: "text"; readonly text: string; readonly place: Place }
  | { readonly kind: "integer"; readonly number: number; readonly place: Place }
  | { readonly kind: "fraction"; readonly number: number; readonly place: Place }
  | { readonly kind: "boolean"; readonly yes: boolean; readonly place: Place }
  | { readonly kind: "date"; readonly place: Place }
  | { readonly kind: "list"; readonly items: TomlValue[]; readonly place: Place }
  | TomlTable;

export interface TomlTable {
  readonly kind: "table";
  readonly place: Place;
  readonly entries: Map<string, TomlEntry>;
}

export interface TomlEntry {
  readonly keyPlace: Place;
  readonly value: TomlValue;
}

/** Thrown for a document that nests deeper than any configuration of ours can. */
export class TooDeep extends Error {
  readonly place: Place;

  constructor(place: Place) {
    super("nested too deeply");
    this.place = place;
  }
}

/** `realm`, its number, `group`, its number, `acl`, its number, a key, and room for a mistake. */
const MOST_LEVELS = 10;

/**
 * Turns the parser's syntax tree into a TomlTable.
 * @throws TooDeep
 */
export function toTree(program: AST.TOMLProgram): TomlTable {
  const root = emptyTable({ line: 1, column: 1 });
  for (const node of program.body[0].body) {
    if (node.type === "TOMLTable") addSection(root, node);
    else addKeyValue(root, node, 1);
  }
  return root;
}

/** `[a.b]` or `[[a.b]]`: the parser has already said which table of which list it means. */
function addSection(root: TomlTable, node: AST.TOMLTable): void {
  const place = placeOf(node);
  limitDepth(node.resolvedKey.length, place);
  let at: TomlValue = root;
  node.resolvedKey.forEach((step, index) => {
    const next = node.resolvedKey[index + 1];
    at = descend(at, step, place, typeof next === "number" ? "list" : "table");
  });
  // The parser refuses a header that leads through a value, so only a table can be here.
  const table = at;
  for (const entry of node.body) addKeyValue(table, entry, node.resolvedKey.length + 1);
}

/** `a.b.c = value` makes the tables `a` and `b` on its way. */
function addKeyValue(table: TomlTable, node: AST.TOMLKeyValue, depth: number): void {
  const names = node.key.keys;
  limitDepth(depth + names.length, placeOf(node));
  let at: TomlValue = table;
  names.forEach((name, index) => {
    const keyPlace = placeOf(name);
    const key = name.type === "TOMLBare" ? name.name : name.value;
    if (index < names.length - 1) at = descend(at, key, keyPlace, "table");
    else if (at.kind === "table") {
      at.entries.set(key, { keyPlace, value: toValue(node.value, depth + names.length) });
    }
  });
}

/** The child that `step` names, made if it is not there yet. */
function descend(
  from: TomlValue,
  step: string | number,
  place: Place,
  kind: "list" | "table",
): TomlValue {
  const child: TomlValue = kind === "list" ? { kind, items: [], place } : emptyTable(place);
  if (from.kind === "list" && typeof step === "number") {
    return (from.items[step] ??= child);
  }
  if (from.kind === "table" && typeof step === "string") {
    const known = from.entries.get(step);
    if (known !== undefined) return known.value;
    from.entries.set(step, { keyPlace: place, value: child });
  }
  return child;
}

function toValue(node: AST.TOMLContentNode, depth: number): TomlValue {
  const place = placeOf(node);
  limitDepth(depth, place);
  if (node.type === "TOMLArray") {
    return { kind: "list", items: node.elements.map((one) => toValue(one, depth + 1)), place };
  }
  if (node.type === "TOMLInlineTable") {
    const table = emptyTable(place);
    for (const entry of node.body) addKeyValue(table, entry, depth + 1);
    return table;
  }
  if (node.kind === "string") return { kind: "text", text: node.value, place };
  if (node.kind === "integer") return { kind: "integer", number: Number(node.value), place };
  if (node.kind === "float") return { kind: "fraction", number: node.value, place };
  if (node.kind === "boolean") return { kind: "boolean", yes: node.value, place };
  return { kind: "date", place };
}

function emptyTable(place: Place): TomlTable {
  return { kind: "table", place, entries: new Map() };
}

/** The parser counts columns from 0. */
function placeOf(node: AST.HasLocs): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}

function limitDepth(depth: number, place: Place): void {
  if (depth > MOST_LEVELS) throw new TooDeep(place);
}
