/** Compiles the program into a temporary folder, as `npm run build` does into dist/. */
import { execFile } from "node:child_process";
import { copyFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "./site.js";

export interface Program {
  /** The compiled main.js. */
  readonly main: string;
  remove(): void;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Throws what the compiler said where the sources have errors. */
export async function buildProgram(): Promise<Program> {
  const dir = temporaryFolder("pve-entra-bench-build-");
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  try {
    copyFileSync(join(ROOT, "package.json"), join(dir, "package.json"));
    symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
    const out = join(dir, "dist");
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const arguments_ = [tsc, "-p", "tsconfig.build.json", "--outDir", out, "--sourceMap", "false"];
    await promisify(execFile)(process.execPath, arguments_, { cwd: ROOT });
    return { main: join(out, "main.js"), remove };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}
