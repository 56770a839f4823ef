/**
 * The program as one file. `npm run bundle` puts it into dist/bundle, with the two addons that it
 * loads from beside itself; the package is made of the same.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Metafile, Plugin } from "esbuild";
import { ROOT, version } from "./project.js";
import { slim } from "./slim.js";

/** The bundle's name wherever it lies; `.mjs`, so that Node needs no package.json to read it. */
export const PROGRAM = "main.mjs";

/** Each addon as npm compiled it. */
export const ADDONS = {
  "better_sqlite3.node": "better-sqlite3",
  "unix_dgram.node": "unix-dgram",
} as const;

/**
 * Both addons are looked for by the package `bindings`, in folders around node_modules that are not
 * there once installed. Here they lie beside the program, which `require` in the bundle starts from.
 */
const besideTheProgram: Plugin = {
  name: "beside the program",
  setup(build) {
    build.onResolve({ filter: /^bindings$/ }, () => ({ path: "bindings", namespace: "beside" }));
    build.onLoad({ filter: /^bindings$/, namespace: "beside" }, () => ({
      // By another name, or esbuild would look for what `require` means while it bundles.
      contents: "const load = require; module.exports = (name) => load(`./${name}`);",
    }));
  },
};

/**
 * What was bundled is CommonJS in part and asks for Node's own modules by `require`, which a module
 * does not have. The names must not meet any of the bundle.
 */
const HEAD = [
  'import { createRequire as createRequireOfBundle } from "node:module";',
  "const require = createRequireOfBundle(import.meta.url);",
].join("\n");

/** Debian's place of Node: whatever else a PATH finds first is not what the addons were made for. */
const HASHBANG = "#!/usr/bin/node";

/** Bundles src/main.ts to `file`, or only says what would be in it. */
export async function bundle(file?: string): Promise<Metafile> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/main.ts"],
    outfile: join(ROOT, "dist", PROGRAM),
    write: false,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    metafile: true,
    // The source is kept in memory as long as the program runs. A stack trace is read with the
    // source map of the same commit, for the same commit gives the same bundle.
    minify: true,
    // debian/copyright has them all.
    legalComments: "none",
    banner: { js: HEAD },
    define: { BUNDLED_VERSION: JSON.stringify(version()) },
    plugins: [besideTheProgram, slim],
    // Wherever node_modules really lies, it is called node_modules.
    preserveSymlinks: true,
    logLevel: "error",
  });
  const text = outputFiles[0]?.text.replace(/^#!.*/, HASHBANG);
  if (text === undefined) throw new Error("esbuild gave no file");
  if (file !== undefined) writeFileSync(file, text, { mode: 0o755 });
  return metafile;
}

async function main(): Promise<void> {
  const folder = join(ROOT, "dist/bundle");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await bundle(join(folder, PROGRAM));
  for (const [addon, name] of Object.entries(ADDONS)) {
    copyFileSync(join(ROOT, "node_modules", name, "build/Release", addon), join(folder, addon));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
