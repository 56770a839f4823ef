/**
 * Starts the bundled program with the bytecode that an earlier run of it left behind: compiling
 * would be a third of what each process costs. Arguments: the bundle, and a folder whose
 * node_modules hold what is not bundled.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";
import type { FromProgram, ToProgram } from "./process-messages.js";

const [bundle = "", root = ""] = process.argv.slice(2);
const cache = `${bundle}.cache`;
const known = existsSync(cache) ? readFileSync(cache) : undefined;
const wrapped = `(function (exports, require, module) {${readFileSync(bundle, "utf8")}\n})`;
const script = new Script(wrapped, {
  filename: bundle,
  ...(known && { cachedData: known }),
});
const program = script.runInThisContext() as (exports: object, require: object, m: object) => void;
const here = { exports: {} };
program(here.exports, createRequire(join(root, "package.json")), here);
// After a whole run every function that a run needs is compiled.
process.on("message", (message: ToProgram) => {
  if (message.kind !== "keep") return;
  writeFileSync(cache, script.createCachedData());
  process.send?.({ kind: "kept" } satisfies FromProgram);
});
