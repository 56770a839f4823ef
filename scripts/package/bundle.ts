/**
 * The program in a few files. `npm run bundle` puts it into dist/bundle, with the two addons that it
 * loads from beside itself; the package is made of the same.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
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
    build.onResolve({ filter: /^bindings$/ }, ({ importer }) => ({
      // One for each who asks: one for both would be a file of its own.
      path: `bindings for ${basename(importer)}`,
      namespace: "beside",
    }));
    build.onLoad({ filter: /./, namespace: "beside" }, () => ({
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

/**
 * What is imported on use and lies in one file all the same: each import of its own would make a
 * file of its own, and one more for whatever each two of them share.
 */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  // The last two belong to every start already; here they need no file for being the commands', too.
  start: [
    "src/commands/run.ts",
    "src/daemon/start.ts",
    "src/commands/index.ts",
    "src/commands/findings.ts",
  ],
  work: [
    "src/daemon/daemon.ts",
    "src/as-user.ts",
    "src/commands/plan.ts",
    "src/commands/sync.ts",
    "src/commands/rotate.ts",
    "src/commands/status.ts",
    "src/commands/history.ts",
  ],
};

const inOneFile: Plugin = {
  name: "in one file",
  setup(build) {
    const groupOf = new Map(
      Object.entries(TOGETHER).flatMap(([group, files]) => files.map((file) => [file, group])),
    );
    build.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ kind, path, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      const file = relative(ROOT, join(resolveDir, path)).replace(/\.js$/, ".ts");
      const group = groupOf.get(file);
      return group === undefined ? undefined : { path: group, namespace: "together" };
    });
    build.onLoad({ filter: /./, namespace: "together" }, ({ path }) => ({
      contents: (TOGETHER[path] ?? []).map((file) => `export * from "./${file}";`).join("\n"),
      resolveDir: ROOT,
    }));
  },
};

/** Debian's place of Node: whatever else a PATH finds first is not what the addons were made for. */
const HASHBANG = "#!/usr/bin/node";

/**
 * Bundles src/main.ts into `folder`, or only says what would be in it. What is imported on use
 * becomes a file of its own, `part-….mjs`: most runs never read the mailer or a command that
 * nobody called.
 */
export async function bundle(folder?: string): Promise<Metafile> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: "src/main.ts" },
    outdir: join(ROOT, "dist"),
    outExtension: { ".js": ".mjs" },
    chunkNames: "part-[hash]",
    write: false,
    bundle: true,
    splitting: true,
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
    plugins: [inOneFile, besideTheProgram, slim],
    // Wherever node_modules really lies, it is called node_modules.
    preserveSymlinks: true,
    logLevel: "error",
  });
  if (folder === undefined) return metafile;
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    const isProgram = name === PROGRAM;
    const content = isProgram ? text.replace(/^#!.*/, HASHBANG) : text;
    writeFileSync(join(folder, name), content, { mode: isProgram ? 0o755 : 0o644 });
  }
  return metafile;
}

async function main(): Promise<void> {
  const folder = join(ROOT, "dist/bundle");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await bundle(folder);
  for (const [addon, name] of Object.entries(ADDONS)) {
    copyFileSync(join(ROOT, "node_modules", name, "build/Release", addon), join(folder, addon));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
