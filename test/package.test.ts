import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { bundle, PROGRAM } from "../scripts/package/bundle.js";
import { helpText } from "../src/commands/arguments.js";
import { bashCompletion, zshCompletion } from "../scripts/package/completions.js";
import { COPYRIGHT_FILE, copyrightText } from "../scripts/package/copyright.js";
import { bundledPackages } from "../scripts/package/licences.js";
import { manualPages } from "../scripts/package/manual/pages.js";
import { checkVersions, newestChange, ROOT, version } from "../scripts/package/project.js";
import { Intl as Ours } from "../scripts/package/utc-intl.js";
import { COMMANDS } from "../src/commands/index.js";
import { REFERENCE } from "../src/config/keys.js";
import { ERRORS } from "../src/errors.js";

t.setTimeout(240_000);

t.test("package.json and debian/changelog name the same version", async (t) => {
  t.doesNotThrow(checkVersions);
  t.equal(newestChange().version, version().replace("-", "~"));
});

t.test("debian/copyright is what the bundle's parts say", async (t) => {
  const text = readFileSync(COPYRIGHT_FILE, "utf8");
  t.equal(text, `${await copyrightText()}\n`, "run node --import tsx scripts/package/copyright.ts");
  const packages = bundledPackages(await bundle());
  for (const { name } of packages) t.match(text, `\nFiles: node_modules/${name}/*\n`, name);
  t.ok(packages.length > 20, "many packages are bundled");
});

t.test("the bundle says its version, and needs nothing around it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pve-entra-bundle-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, PROGRAM);
  const { outputs } = await bundle(folder);
  const said = execFileSync(process.execPath, [program, "--version"], { encoding: "utf8" });
  t.equal(said, `${version()}\n`);
  const ours = execFileSync(process.execPath, [program, "--help"], { encoding: "utf8" });
  for (const { name, summary } of COMMANDS)
    t.match(ours, new RegExp(`${name} +${summary.slice(0, 9)}`));
  const text = readFileSync(program, "utf8");
  t.match(text, /^#!\/usr\/bin\/node\n/);
  t.notMatch(text, ROOT, "no path of the machine that made it");
  const made = new Set(Object.keys(outputs));
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  const foreign = imports.map(({ path }) => path).filter((path) => !isNodes(path));
  t.same(
    foreign.filter((path) => !made.has(path)),
    [],
    "everything but Node's own modules is inside",
  );
});

t.test("the door of /health waits for less than a third of the program", async (t) => {
  const { outputs } = await bundle();
  const bytesOf = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + (outputs[name]?.bytes ?? 0), 0);
  const before = new Set<string>();
  const read = (name: string): void => {
    if (before.has(name)) return;
    before.add(name);
    for (const { kind, path } of outputs[name]?.imports ?? []) {
      if (kind === "import-statement" && path in outputs) read(path);
    }
  };
  const opens = (name: string): boolean => "src/daemon/start.ts" in (outputs[name]?.inputs ?? {});
  const [main, start] = [`dist/${PROGRAM}`, Object.keys(outputs).find(opens)];
  if (start === undefined) throw new Error("no part opens the door");
  for (const name of [main, start]) read(name);
  t.ok(bytesOf(before) < bytesOf(Object.keys(outputs)) / 3, `${bytesOf(before)} bytes`);
  const packages = [...before].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));
  const behind = /^node_modules\/(undici|@azure|zod|nodemailer)\/|^src\/(entra|pve|sync|rotate)\//;
  t.same(
    packages.filter((path) => behind.test(path)),
    [],
    "nothing that works behind the door",
  );
});

t.test("the bundle asks for the time in UTC as Intl would answer", async (t) => {
  const parts = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    weekday: "short",
    hour12: false,
    timeZone: "UTC",
  } as const;
  const offset = { timeZone: "UTC", timeZoneName: "shortOffset" } as const;
  const [real, ours] = [
    new Intl.DateTimeFormat("en-US", parts),
    new Ours.DateTimeFormat("en-US", parts),
  ];
  // A step of 11 h, 27 min and 13 s meets midnights, leap days and ends of years.
  for (let at = Date.UTC(2023, 11, 30); at < Date.UTC(2029, 2, 2); at += 41_233_000) {
    const date = new Date(at);
    const wanted = real.formatToParts(date).filter(({ type }) => type !== "literal");
    if (JSON.stringify(ours.formatToParts(date)) === JSON.stringify(wanted)) continue;
    t.same(ours.formatToParts(date), wanted, date.toISOString());
  }
  // ICU says GMT or GMT+0, by its version; node-cron takes both for no offset.
  const [named] = new Ours.DateTimeFormat("en-US", offset).formatToParts(new Date(0));
  t.same(named, { type: "timeZoneName", value: "GMT" });
  const said = new Intl.DateTimeFormat("en-US", offset).formatToParts(new Date(0));
  t.match(said.find(({ type }) => type === "timeZoneName")?.value, /^GMT(\+0)?$/);
  const elsewhere = new Ours.DateTimeFormat("en-US", { ...parts, timeZone: "Europe/Berlin" });
  t.ok(elsewhere instanceof Intl.DateTimeFormat, "any other time zone is Intl's own");
});

t.test("the manual has every command, option, key and code", async (t) => {
  const pages = manualPages();
  const plain = (name: string): string => (pages[name] ?? "").replaceAll("\\-", "-");
  const command = plain("pve-entra-agent.1");
  for (const { name, options } of COMMANDS) {
    t.match(command, `.SS "${name}"`, name);
    for (const option of Object.keys(options)) t.match(command, `\\fB--${option}\\fR`, option);
  }
  const config = plain("pve-entra-agent.toml.5");
  for (const { name, keys } of REFERENCE) {
    t.match(config, `.SS "${name}"`, name);
    for (const key of Object.keys(keys)) t.match(config, `.TP\n\\fB${key}\\fR\n`, `${name} ${key}`);
  }
  const daemon = plain("pve-entra-agent.8");
  for (const code of Object.keys(ERRORS)) t.match(daemon, `.SS "${code} (`, code);
});

t.test("both completions have every command and option", async (t) => {
  for (const text of [bashCompletion(), zshCompletion()]) {
    for (const { name, options } of COMMANDS) {
      t.match(text, new RegExp(`^ *${name}\\)`, "m"), name);
      for (const option of Object.keys(options)) t.match(text, `--${option}`, option);
    }
  }
});

t.test("what run does not take is offered nowhere", async (t) => {
  t.notMatch(bashCompletion(), /^ +run\) .*--json[^-]/m);
  t.notMatch(zshCompletion(), /^ +run\)\n[^;]*'--json\[/m);
  t.match(zshCompletion(), /^ +plan\)\n[^;]*'--json\[/m);
  t.match(manualPages()["pve-entra-agent.1"], "the answer as JSON (but for run).");
  const run = COMMANDS.find(({ name }) => name === "run");
  t.notMatch(helpText(COMMANDS, run), /--json /);
});

t.test("a folder of a command's name is nothing that bash completes to", async (t) => {
  t.match(bashCompletion(), /^complete -F _pve_entra_agent pve-entra-agent$/m);
});

t.test("bash completes commands, options and nothing where a value is to come", async (t) => {
  const complete = (...words: string[]): string[] => {
    const script = `${bashCompletion()}
      COMP_WORDS=(pve-entra-agent "$@"); COMP_CWORD=$#
      _pve_entra_agent; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = execFileSync("bash", ["-c", script, "bash", ...words], { encoding: "utf8" });
    return said.split("\n").filter((word) => word !== "");
  };
  t.same(complete("st"), ["status"]);
  t.same(complete("sync", "--a"), ["--approve"]);
  t.same(complete("sync", "--approve", ""), []);
  t.ok(complete("history", "").includes("--since"));
});

function isNodes(path: string): boolean {
  return path.startsWith("node:") || /^[a-z_]+(\/[a-z]+)?$/.test(path);
}
