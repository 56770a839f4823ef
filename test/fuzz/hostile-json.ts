/** JSON like a real body, with something in it that no honest server says. */
import type { Random } from "../emulators/entra/random.js";

/** Object as a list of entries: a key may come twice, and `__proto__` is a key like any other. */
type Node = { raw: string } | { items: Node[] } | { entries: [key: string, value: Node][] };

const DEEP = 100_000;
/** Names that mean something on every object of JavaScript. */
export const POLLUTING = ["__proto__", "constructor", "prototype", "toString", "valueOf", "toJSON"];

/** Each a whole JSON value, as text: not everything here survives `JSON.stringify`. */
const VALUES: readonly string[] = [
  ...["null", "true", "false", "0", "1", "-1", "1.5", "1e999", "-1e999", "9007199254740993"],
  ...['""', '" "', '"0"', '"1"', '"null"', '"NaN"', '"true"', '"a,b;c"', '"[object Object]"'],
  ...['"\\ud800"', '"\\udc00x"', '"\\u0000"', '"\\u001b[2J\\u202e\\n"', '"../../x"', '"%00%2e"'],
  ...["[]", "{}", "[[]]", "[null]", "[[[[[[[[[]]]]]]]]]", '{"toString":1,"valueOf":1}'],
  ...['{"toJSON":1}', '{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":1}}}'],
  ...POLLUTING.map((name) => `"${name}"`),
  '"+275760-09-13T00:00:00Z"',
  '"-271821-04-20T00:00:00Z"',
  '"00000000-0000-4000-8000-000000000000"',
];

/** Rarely, since they are large. */
const HUGE: readonly (() => string)[] = [
  () => `${"[".repeat(DEEP)}${"]".repeat(DEEP)}`,
  () => `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`,
  () => `"${"x".repeat(300_000)}"`,
  () => `[${"null,".repeat(50_000)}null]`,
  () => `"${"-eyJ".repeat(100_000)}"`,
];

/** The text of a body with one to three things changed. */
export function hostileJson(random: Random, body: unknown): string {
  const root = { entries: [["", nodeOf(body)]] } satisfies Node;
  for (let left = 1 + random.index(3); left > 0; left -= 1) change(random, root);
  const text = textOf(root.entries[0]?.[1] ?? { raw: "null" });
  return random.next() < 0.05 ? brokenText(random, text) : text;
}

/** A body that is no JSON any more, or only just. */
export function brokenText(random: Random, text: string): string {
  const at = random.index(text.length + 1);
  const ways: readonly (() => string)[] = [
    () => text.slice(0, at),
    () => `\ufeff${text}`,
    () => `${text}${text}`,
    () => `${text.slice(0, at)}${String.fromCharCode(random.index(0x300))}${text.slice(at + 1)}`,
    () => `<html>${text}`,
    () => "",
  ];
  return pick(random, ways)();
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.index(list.length)] as T;
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { items: value.map(nodeOf) };
  if (typeof value !== "object" || value === null) return { raw: JSON.stringify(value) ?? "null" };
  return { entries: Object.entries(value).map(([key, field]) => [key, nodeOf(field)]) };
}

function textOf(node: Node): string {
  if ("raw" in node) return node.raw;
  if ("items" in node) return `[${node.items.map(textOf).join(",")}]`;
  return `{${node.entries.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).join(",")}}`;
}

function hostileValue(random: Random): Node {
  return { raw: random.next() < 0.02 ? pick(random, HUGE)() : pick(random, VALUES) };
}

/** Walks down by chance and changes what it comes to; deeper things are as likely as high ones. */
function change(random: Random, node: Node): void {
  if ("entries" in node) {
    const at = random.index(node.entries.length);
    const entry = node.entries[at];
    if (entry === undefined) return;
    const [key, value] = entry;
    if (!("raw" in value) && random.next() < 0.8) change(random, value);
    else if (key === "" || random.next() < 0.5) entry[1] = otherValue(random, value);
    else changeEntries(random, node.entries, at);
  } else if ("items" in node) {
    const at = random.index(node.items.length);
    const item = node.items[at];
    if (item !== undefined && random.next() < 0.85) {
      if ("raw" in item) node.items[at] = otherValue(random, item);
      else change(random, item);
    } else changeItems(random, node, at);
  }
}

function otherValue(random: Random, value: Node): Node {
  if (!("raw" in value) || random.next() < 0.6) return hostileValue(random);
  const { raw } = value;
  const text = raw.startsWith('"') ? raw.slice(1, -1) : raw;
  const ways = [`"${text}"`, `"${text.toUpperCase()}"`, `"${text}\\u202e\\n"`, `"${text}${text}"`];
  return { raw: random.next() < 0.1 ? `[${raw}]` : pick(random, ways) };
}

function changeEntries(random: Random, entries: [string, Node][], at: number): void {
  const entry = entries[at];
  if (entry === undefined) return;
  const ways: readonly (() => void)[] = [
    () => void entries.splice(at, 1),
    () => void entries.push([pick(random, POLLUTING), hostileValue(random)]),
    () => void entries.push([entry[0], hostileValue(random)]),
    () => void (entry[0] = pick(random, POLLUTING)),
    () => void (entry[0] = entry[0].toUpperCase()),
  ];
  pick(random, ways)();
}

function changeItems(random: Random, list: { items: Node[] }, at: number): void {
  const item = list.items[at];
  const ways: readonly (() => void)[] = [
    () => void list.items.splice(at, 1),
    () => void list.items.push(hostileValue(random)),
    () => void (item && list.items.push(item)),
    () => void list.items.reverse(),
    () => void (list.items = []),
    () => void (item && list.items.push(...Array<Node>(200).fill(item))),
  ];
  pick(random, ways)();
}
