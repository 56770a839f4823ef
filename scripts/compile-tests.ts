/**
 * Test files as JavaScript, in .compiled: node loads some three hundred TypeScript files one by one,
 * which is most of the time that a short test takes (docs/decisions/0006).
 */
import { readFileSync, rmSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { build, transform } from "esbuild";
import type { Plugin } from "esbuild";
import { ROOT } from "./package/project.js";

const COMPILED = `${ROOT}/.compiled`;

/** Whatever a file finds by its own place, it finds by the place of its source. */
const placeOfSource: Plugin = {
  name: "place of source",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes("import.meta")) return { contents: text, loader: "ts" };
      const { code } = await transform(text, {
        loader: "ts",
        target: "node20.19",
        sourcefile: path,
        sourcemap: "inline",
        define: {
          "import.meta.url": JSON.stringify(pathToFileURL(path).href),
          "import.meta.filename": JSON.stringify(path),
        },
      });
      return { contents: code, loader: "js" };
    });
  },
};

/** Packages that are left where they are: tools, what loads an addon, and what looks around itself. */
const OUTSIDE = [
  "tap",
  "@tapjs/*",
  "ajv",
  "ajv-formats",
  "better-sqlite3",
  "esbuild",
  "eslint",
  "nodemailer",
  "prettier",
  "selfsigned",
  "typescript-eslint",
  "unix-dgram",
];

/** What is CommonJS asks for Node's own modules by `require`, which a module does not have. */
const REQUIRE = [
  'import { createRequire as createRequireOfTests } from "node:module";',
  "const require = createRequireOfTests(import.meta.url);",
].join("\n");

/** Compiles every test file anew. Throws for source that esbuild cannot read. */
export async function compileTests(): Promise<void> {
  rmSync(COMPILED, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["test/**/*.test.ts"],
    outdir: COMPILED,
    outbase: ".",
    outExtension: { ".js": ".mjs" },
    chunkNames: "parts/[hash]",
    bundle: true,
    splitting: true,
    external: [...OUTSIDE],
    banner: { js: REQUIRE },
    platform: "node",
    target: "node20.19",
    format: "esm",
    // Of a failure, tap shows the line of the source.
    sourcemap: "linked",
    plugins: [placeOfSource],
    logLevel: "error",
  });
}
