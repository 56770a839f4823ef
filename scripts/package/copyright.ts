/** Writes debian/copyright: `node --import tsx scripts/package/copyright.ts` */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.js";
import { bundledPackages } from "./licences.js";
import type { Licensed } from "./licences.js";
import { ROOT } from "./project.js";

export const COPYRIGHT_FILE = join(ROOT, "debian/copyright");

/** Debian's names of licences where they differ from those of npm. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  MIT: "Expat",
  "GPL-3.0": "GPL-3+",
  "BSD-3-Clause": "BSD-3-clause",
};

/** Every Debian system has these texts; Debian's policy (12.5) wants them named, not repeated. */
const COMMON: Readonly<Record<string, string>> = {
  "GPL-3+": "GPL-3",
  "Apache-2.0": "Apache-2.0",
};

/**
 * The licence of each package that is in ours, in the form of DEP-5
 * (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/). `Files:` names the places in
 * the sources, for what is installed is made of all of them. Throws where a package came without its
 * licence's text and it is none that Debian has.
 */
export async function copyrightText(): Promise<string> {
  const packages = bundledPackages(await bundle());
  const common = [...new Set(packages.map(shortName))].filter((name) => name in COMMON).sort();
  return [
    HEAD,
    ...[...byPlace(packages).values()].map(filesParagraph),
    SQLITE,
    ...common.map(commonParagraph),
  ].join("\n\n");
}

const HEAD = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pve-entra-agent
Comment:
 This file is made by scripts/package/copyright.ts from what esbuild put into
 the program and what is compiled into its addons. node_modules is where npm
 puts it; the installed program is a few files made of all of it.

Files: *
Copyright: the maintainers of pve-entra-agent
License: GPL-3+`;

const SQLITE = `Files: node_modules/better-sqlite3/deps/sqlite3/*
Copyright: none; the authors of SQLite have dedicated it to the public domain
License: public-domain
 The author disclaims copyright to this source code. In place of a legal
 notice, here is a blessing:
 .
 May you do good and not evil.
 May you find forgiveness for yourself and forgive others.
 May you share freely, never taking more than you give.`;

/** One package of one version may lie in several places, and is still one. */
function byPlace(packages: readonly Licensed[]): ReadonlyMap<string, Licensed> {
  return new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
}

function filesParagraph(one: Licensed): string {
  const name = shortName(one);
  const lines = [
    `Files: node_modules/${one.name}/*`,
    ...copyrightLines(one),
    `Comment: ${one.name} ${one.version}${one.homepage === undefined ? "" : `, ${one.homepage}`}`,
    `License: ${name}`,
  ];
  if (name in COMMON) return lines.join("\n");
  return [...lines, ...indented(textOf(one))].join("\n");
}

function shortName({ licence }: Licensed): string {
  return SHORT_NAMES[licence] ?? licence;
}

function copyrightLines(one: Licensed): readonly string[] {
  const { text = "", author, name } = one;
  const said = text
    .split("\n")
    .map((line) => line.trim().replace(/^[*#\s]+/, ""))
    .filter((line) => /^(portions )?copyright\b/i.test(line) && !LEGALESE.test(line))
    .map((line) => line.replace(/^(portions )?copyright( \(c\))?,? /i, ""));
  // A licence that Debian has is a text about licences: whose the package is stands in package.json.
  const found = said.length > 0 && !(shortName(one) in COMMON) ? said : [author];
  const all = found.filter((line) => line !== undefined && line !== "");
  if (all.length === 0) throw new Error(`${name} does not say whose it is`);
  return [`Copyright: ${all[0]}`, ...all.slice(1).map((line) => ` ${line}`)];
}

/** Lines of a licence that begin with the word and name nobody. */
const LEGALESE = /^copyright (notice|owner|holder|license|statement|contributors|and |to |in )/i;

/** Of the few that bring no text the licence is a standard one, and its words are known. */
function textOf({ name, licence, text, author }: Licensed): string {
  if (text !== undefined) return text;
  if (licence === "MIT" && author !== undefined) return `Copyright (c) ${author}\n\n${MIT}`;
  throw new Error(`${name} came without the text of its licence, ${licence}`);
}

function indented(text: string): readonly string[] {
  const lines = text.trim().split("\n");
  return lines.map((line) => (line.trim() === "" ? " ." : ` ${line.trimEnd()}`));
}

function commonParagraph(name: string): string {
  const file = COMMON[name];
  return `License: ${name}
 On Debian systems the text of this licence is in
 /usr/share/common-licenses/${file}.${name.endsWith("+") ? " You may use any later version, too." : ""}`;
}

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(COPYRIGHT_FILE, `${await copyrightText()}\n`);
}
