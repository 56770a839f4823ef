/**
 * The pages as the package has them, in one folder: `installed-docs.ts FOLDER` writes them there, and
 * debian/rules calls it. A link to another of them leads to where it is installed; one to a file
 * that stays in the sources is its text alone.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./project.js";

/** The pages for administrators, by their path in the sources; each is installed by its name. */
const PAGES = [
  "README.md",
  "docs/config.md",
  "docs/errors.md",
  "docs/health.md",
  "docs/install.md",
  "docs/json.md",
  "docs/logging.md",
  "docs/monitoring.md",
  "docs/operate.md",
  "docs/security.md",
];

/** Where what a page may link to is in the package, from the folder of the pages. */
const INSTALLED: ReadonlyMap<string, string> = new Map([
  ...PAGES.map((page): [string, string] => [page, posix.basename(page)]),
  // debian/pve-entra-agent.examples
  ["config.example.toml", "examples/config.example.toml"],
]);

/** A link of Markdown: its text, the file that it names, and the section there. */
const LINK = /\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)/g;

/** Name in the package to content. */
export function installedDocs(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    PAGES.map((page) => [posix.basename(page), asInstalled(page, readSource(page))]),
  );
}

/** @param page its path in the sources, which its links go out from */
export function asInstalled(page: string, text: string): string {
  return text.replaceAll(LINK, (link: string, label: string, target: string, section = "") => {
    if (target === "" || /^[a-z]+:/.test(target)) return link;
    const installed = INSTALLED.get(posix.join(posix.dirname(page), target));
    if (installed === undefined) return label;
    return `[${label === target ? installed : label}](${installed}${section})`;
  });
}

function readSource(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target] = process.argv.slice(2);
  if (target === undefined) throw new Error("the folder to write to is missing");
  mkdirSync(target, { recursive: true });
  for (const [name, text] of Object.entries(installedDocs())) {
    writeFileSync(resolve(target, name), text);
  }
}
