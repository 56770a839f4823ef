/**
 * Compiles the two addons anew, with the flags of whoever asks (CFLAGS, CXXFLAGS, CPPFLAGS,
 * LDFLAGS), and leaves node_modules as it is.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { ADDONS } from "./bundle.js";
import { ROOT } from "./project.js";

/** Header files alone, which unix-dgram's build asks for by `require("nan")`. */
const HEADERS = ["nan"];

/**
 * Puts the addons into `folder`. Everything that is compiled is copied to `work` first, so that no
 * path of this machine gets into them.
 */
export function compileAddons(folder: string, work: string): void {
  for (const name of HEADERS) copyPackage(name, join(work, "node_modules", name));
  for (const [addon, name] of Object.entries(ADDONS)) {
    const place = join(work, name);
    copyPackage(name, place);
    const jobs = `--jobs=${process.env["JOBS"] ?? "2"}`;
    const args = [nodeGyp(), "rebuild", "--release", jobs, ...headers()];
    execFileSync(process.execPath, args, { cwd: place, stdio: "inherit" });
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(place, "build/Release", addon), join(folder, addon));
  }
}

function copyPackage(name: string, to: string): void {
  const from = realpathSync(join(ROOT, "node_modules", name));
  const built = join(from, "build");
  cpSync(from, to, { recursive: true, filter: (file) => file !== built });
}

/** npm brings node-gyp along; Debian has it as a package of its own. */
function nodeGyp(): string {
  const places = [
    process.env["npm_config_node_gyp"],
    join(globalModules(), "npm/node_modules/node-gyp/bin/node-gyp.js"),
    "/usr/share/nodejs/node-gyp/bin/node-gyp.js",
  ];
  const found = places.find((place) => place !== undefined && existsSync(place));
  if (found === undefined) throw new Error("node-gyp is missing: it comes with npm");
  return found;
}

function globalModules(): string {
  try {
    return execFileSync("npm", ["root", "--global"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "";
  }
}

/**
 * Where Node's own header files are, so that nothing is downloaded: where npm was told, or beside
 * Node itself. Absent: node-gyp has them from the time of `npm ci`, or fetches them as that did.
 */
function headers(): readonly string[] {
  const beside = dirname(dirname(realpathSync(process.execPath)));
  const places = [process.env["npm_config_nodedir"], beside];
  const found = places.find((place) => place && existsSync(join(place, "include/node/node_api.h")));
  return found === undefined ? [] : [`--nodedir=${found}`];
}
