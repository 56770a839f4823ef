/**
 * tap builds its own class for the plugins of .taprc at its first run, but makes that run with the
 * plugins it came with, so that every test file would load a TypeScript compiler and more that it
 * has no use for. Built beforehand, the first run is like every other.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const SETTINGS = new URL("../.taprc", import.meta.url);
const BUILT = new URL("../node_modules/@tapjs/test/test-built/dist/esm/index.js", import.meta.url);

/** Builds tap's class where it has a plugin that .taprc switches off. Throws what `tap build` throws. */
export function buildTapPlugins(): void {
  const off = [...readFileSync(SETTINGS, "utf8").matchAll(/"!(@tapjs\/[a-z-]+)"/g)];
  const built = readFileSync(BUILT, "utf8");
  if (!off.some(([, name]) => built.includes(`from "${name}"`))) return;
  execFileSync("tap", ["build"], { stdio: "inherit" });
}
