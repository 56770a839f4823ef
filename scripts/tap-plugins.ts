/**
 * tap builds its own class for the plugins of .taprc at its first run, but makes that run with the
 * plugins it came with, so that every test file would load a TypeScript compiler that it has no use
 * for. Built beforehand, the first run is like every other.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const BUILT = new URL("../node_modules/@tapjs/test/test-built/dist/esm/index.js", import.meta.url);

/** Builds tap's class unless that is done already. Throws what `tap build` fails with. */
export function buildTapPlugins(): void {
  if (readFileSync(BUILT, "utf8").includes('from "@tapjs/typescript"')) {
    execFileSync("tap", ["build"], { stdio: "inherit" });
  }
}
