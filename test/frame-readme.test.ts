/** What README, CONTRIBUTING and the docs tell a stranger to type and to open is there. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { configFolder } from "./config-cases/folder.js";
import { COMMANDS } from "../src/commands/index.js";
import { loadConfig } from "../src/config/load.js";
import { EXIT } from "../src/exit.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const README = read("README.md");

const PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...markdown("docs")];

function markdown(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => name.endsWith(".md"));
}

/** A file, or with a star any file that it stands for. */
function isThere(file: string): boolean {
  const [begin = "", end] = basename(file).split("*");
  if (end === undefined) return existsSync(join(ROOT, file));
  const names = readdirSync(join(ROOT, dirname(file)));
  return names.some((name) => name.startsWith(begin) && name.endsWith(end));
}

t.test("every link leads to a file", async (t) => {
  for (const page of PAGES) {
    for (const [, target = ""] of read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      t.ok(existsSync(join(ROOT, dirname(page), target)), `${page}: ${target}`);
    }
  }
});

t.test("every script that is named exists, and so does what it runs", async (t) => {
  for (const page of PAGES) {
    for (const [, name = ""] of read(page).matchAll(/npm run (?:--silent )?([a-z:-]+)/g)) {
      t.ok(name in scripts, `${page}: npm run ${name}`);
    }
  }
  for (const [name, command] of Object.entries(scripts)) {
    for (const [file] of command.matchAll(/\b(?:test|scripts)\/\S+\.ts\b/g)) {
      t.ok(isThere(file), `npm run ${name}: ${file}`);
    }
  }
  for (const name of ["check", "build", "test", "demo", "emulators", "bench"]) {
    t.ok(name in scripts, name);
  }
});

t.test("the two commands stand in the README, and .ci/run may be run", async (t) => {
  t.match(README, /^npm ci && npm run demo -- --once$/m);
  t.match(README, /^npm cit$/m);
  t.ok((statSync(join(ROOT, ".ci/run")).mode & 0o111) !== 0);
});

t.test("the README's table has every command and its options", async (t) => {
  const rows = README.split("\n").filter((line) => line.startsWith("| `"));
  for (const { name, options } of COMMANDS) {
    const own = rows.filter((row) => new RegExp(`^\\| \`${name}\\b`).test(row)).join("\n");
    t.not(own, "", name);
    for (const option of Object.keys(options)) {
      if (name === "history" && ["until", "limit"].includes(option)) continue;
      t.ok(own.includes(`--${option}`), `${name} --${option}`);
    }
  }
});

t.test("the README's exit codes are the program's", async (t) => {
  const sentence = /Exit codes: ([\s\S]*?)\.\n/.exec(README)?.[1] ?? "";
  const told = [...sentence.matchAll(/\b(\d+)\s/g)].map(([, code]) => Number(code));
  t.strictSame(told, Object.values(EXIT));
});

t.test("the README's least configuration is one", async (t) => {
  const least = /```toml\n([\s\S]*?)```/.exec(README)?.[1] ?? "";
  const { file } = configFolder(t, least);
  const [realm] = loadConfig(file, { env: {} }).realms;
  t.equal(realm?.groups[0]?.name, "vm-operators");
});
