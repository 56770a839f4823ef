/** The program in one file, so that a process of it starts in a fifth of a second. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";

export interface Bundle {
  /** What node is started with, and its arguments. */
  readonly start: string;
  readonly argv: readonly string[];
  remove(): void;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM_TAIL = "if (isProgram())";

/**
 * main.ts ends with what makes a program of it: there it awaits, which no script may. The child
 * calls `main()` itself.
 */
const withoutProgramTail: Plugin = {
  name: "main() alone",
  setup: (building) =>
    building.onLoad({ filter: /[/\\]src[/\\]main\.ts$/ }, ({ path }) => {
      const [contents, tail] = readFileSync(path, "utf8").split(PROGRAM_TAIL);
      if (tail === undefined) throw new Error(`main.ts has no "${PROGRAM_TAIL}"`);
      return { contents: contents ?? "", loader: "ts" };
    }),
};

export async function bundleProgram(): Promise<Bundle> {
  const dir = mkdtempSync(join(tmpdir(), "pve-entra-bundle-"));
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  const common = { bundle: true, platform: "node", format: "cjs", target: "node20" } as const;
  const entry = (name: string): string[] => [join(ROOT, "test/reliability", name)];
  const [program, start] = [join(dir, "program.cjs"), join(dir, "start.cjs")];
  try {
    await build({
      ...common,
      entryPoints: entry("process-child.ts"),
      outfile: program,
      // A native module stays where it was compiled.
      external: ["better-sqlite3"],
      // Only the real program asks where it lies.
      // Less to read at each start; names of classes and functions stay as they are.
      ...{ minifyWhitespace: true, minifySyntax: true, legalComments: "none" },
      define: { "import.meta.url": '"file:///program.js"' },
      plugins: [withoutProgramTail],
      logLevel: "error",
    });
    await build({ ...common, entryPoints: entry("process-start.ts"), outfile: start });
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return { start, argv: [program, ROOT], remove };
}
