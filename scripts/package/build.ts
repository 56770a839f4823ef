/**
 * Everything of the package that is made rather than copied: `build.ts FOLDER` puts the program with
 * its addons into FOLDER/program, the manual into FOLDER/man and the completions into
 * FOLDER/completions. debian/rules calls it.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compileAddons } from "./addons.js";
import { bundle } from "./bundle.js";
import { bashCompletion, zshCompletion } from "./completions.js";
import { manualPages } from "./manual/pages.js";
import { checkVersions } from "./project.js";

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error("the folder to build in is missing");
checkVersions();
const folder = resolve(target);
rmSync(folder, { recursive: true, force: true });

const files: Readonly<Record<string, string>> = {
  ...prefixed("man", manualPages()),
  "completions/pve-entra-agent": bashCompletion(),
  "completions/_pve-entra-agent": zshCompletion(),
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
}
const program = join(folder, "program");
mkdirSync(program, { recursive: true });
await bundle(program);
compileAddons(program, join(folder, "addons"));

function prefixed(prefix: string, all: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).map(([name, text]) => [`${prefix}/${name}`, text]));
}
