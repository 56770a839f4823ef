/** Configurations that nobody meant: good ones with bytes, lines and values changed. */
import { readFileSync } from "node:fs";
import { BASE, changed } from "../config-cases/base.js";
import { SYNTAX } from "../config-cases/syntax.js";
import { WRONG } from "../config-cases/wrong.js";
import type { Random } from "../emulators/entra/random.js";
import { pick, POLLUTING } from "./hostile-json.js";

/** Stands wherever somebody may paste a secret; it must not come back in any message. */
export const PLANTED = "planted-Value0of-a-secret";

const PASTED = `"${PLANTED}"`;

/** The example, the small one, and every wrong one of the other tests. */
export const SEEDS: readonly string[] = [
  readFileSync(new URL("../../config.example.toml", import.meta.url), "utf8"),
  BASE,
  ...[...SYNTAX, ...WRONG].map(({ change }) => changed(change)),
];

const VALUES: readonly string[] = [
  ...["0", "-1", "1e999", "-inf", "nan", "9".repeat(400), "0x7fffffffffffffff", "1_000", "0b1"],
  ...[
    "true",
    '""',
    "''",
    '"\\u0000"',
    '"\\ud800"',
    '"\\U0010ffff"',
    '"\u202e\u2066"',
    '"\\u001b[2J"',
  ],
  ...["[]", "[[]]", '[1, "a"]', "{}", "{ a = {} }", `${"[".repeat(9)}${"]".repeat(9)}`],
  ...["1979-05-27T07:32:00Z", "07:32:00", '"../../../etc/passwd"', '"/dev/zero"', '"/dev/stdin"'],
  ...[
    '"."',
    '"/"',
    '"https://user:pass@h:99999"',
    '"HTTPS://h\\\\@x"',
    '"999999999w"',
    "{ __proto__ = 1 }",
  ],
  `"${"x".repeat(5000)}"`,
  `"${PLANTED}"`,
  `"""\n${PLANTED}\n"""`,
  PLANTED,
];

const LINES: readonly string[] = [
  ...POLLUTING.flatMap((name) => [
    `${name} = 1`,
    `[${name}]`,
    `[[realm.${name}]]`,
    `pve.${name} = 1`,
  ]),
  ...[
    "[pve]",
    "[[pve]]",
    "[[realm]]",
    "[realm]",
    "[[realm.group]]",
    "[realm.group.acl]",
    "[",
    "=",
    "]",
  ],
  ...[
    `token = "${PLANTED}"`,
    `"${PLANTED}" = 1`,
    `client_secret = '${PLANTED}'`,
    PLANTED,
    `[${PLANTED}]`,
  ],
  ...[
    '""=1',
    "a.b.c.d.e.f.g.h.i.j.k.l = 1",
    "\u0000",
    "\ufeff",
    "\r",
    "\u2028",
    "# \u0007",
    "a = '''",
  ],
];

/** The bytes of a configuration with one to four things wrong. */
export function hostileToml(random: Random): Buffer {
  let text = pick(random, random.next() < 0.6 ? SEEDS.slice(0, 2) : SEEDS);
  for (let left = 1 + random.index(4); left > 0; left -= 1) text = changedText(random, text);
  const bytes = Buffer.from(text);
  if (random.next() < 0.2) bytes[random.index(bytes.length)] = random.index(256);
  return random.next() < 0.1 ? bytes.subarray(0, random.index(bytes.length)) : bytes;
}

function changedText(random: Random, text: string): string {
  const lines = text.split("\n");
  const at = random.index(lines.length);
  const line = lines[at] ?? "";
  const key = line.replace(/^# */, "").split("=")[0]?.trim() ?? "a";
  const ways: readonly (() => string[])[] = [
    () => lines.with(at, `${key} = ${pick(random, VALUES)}`),
    () =>
      lines.with(
        at,
        line.replace(/= *(.*)$/, () => `= ${pick(random, VALUES)}`),
      ),
    () =>
      lines.with(
        at,
        line.replace(/"[^"]*"/, () => pick(random, VALUES)),
      ),
    () => lines.toSpliced(at, 0, pick(random, LINES)),
    () => lines.map((one) => (random.next() < 0.3 ? one.replace(/"[^"]*"/, PASTED) : one)),
    () => lines.toSpliced(at, 0, line),
    () => lines.toSpliced(at, 1),
    () => lines.with(at, line.replace(/^# */, "")),
    () => lines.with(at, line.slice(0, random.index(line.length + 1))),
  ];
  const joined = pick(random, ways)().join("\n");
  const whole: readonly (() => string)[] = [
    () => `\ufeff${joined}`,
    () => joined.replaceAll("\n", "\r\n"),
    () => joined.replaceAll("\n", "\r"),
    () => joined.replaceAll('"', "\u201c"),
    () => joined.replaceAll('"', "'"),
  ];
  return random.next() < 0.05 ? pick(random, whole)() : joined;
}

/** Files that are long, deep or both; at a scale of 1 each at the brim of what is read at all. */
export function largeTomls(scale: number): readonly (readonly [name: string, text: string])[] {
  return [
    ["brackets", `a = ${"[".repeat(1_000_000 * scale)}`],
    ["closed brackets", `a = ${"[".repeat(3_000 * scale)}${"]".repeat(3_000 * scale)}`],
    ["braces", `a = ${"{a=".repeat(300_000 * scale)}`],
    ["a long dotted key", `${"a.".repeat(500_000 * scale)}a = 1`],
    ["a long dotted section", `[${"a.".repeat(500_000 * scale)}a]`],
    ["many realms", `${BASE}${"[[realm]]\n".repeat(90_000 * scale)}`],
    ["many mappings", `${BASE}${"[[realm.group]]\n".repeat(60_000 * scale)}`],
    ["many sections", Array.from({ length: 80_000 * scale }, (_, at) => `[s${at}]`).join("\n")],
    ["many keys", Array.from({ length: 80_000 * scale }, (_, at) => `k${at} = 1`).join("\n")],
    ["many of one key", "a = 1\n".repeat(170_000 * scale)],
    [
      "many dotted keys",
      Array.from({ length: 70_000 * scale }, (_, at) => `a.k${at} = 1`).join("\n"),
    ],
    ["a long list", `a = [${"1,".repeat(500_000 * scale)}]`],
    ["a long text", `a = "${"x".repeat(1_000_000 * scale)}"`],
    ["an open text", `a = """${"\\".repeat(1_000_000 * scale)}`],
    ["a long number", `a = ${"9".repeat(1_000_000 * scale)}`],
    ["a long fraction", `a = 1.${"9_".repeat(400_000 * scale)}9`],
    ["a long comment", `#${"\t".repeat(1_000_000 * scale)}`],
    ["line feeds", "\n".repeat(1_000_000 * scale)],
    ["carriage returns", "\r".repeat(1_000_000 * scale)],
    ["ten MiB", `${BASE}#${"x".repeat(10 * 1024 * 1024)}`],
  ];
}
