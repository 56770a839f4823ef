/** The package as `npm run deb` makes it, and a lower version of it. */
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { must } from "../package/run.js";

export interface Package {
  /** The path of the .deb. */
  readonly file: string;
  readonly version: string;
}

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const LARGEST_OUTPUT = 64 * 1024 * 1024;
/** Lower than any version that there is. */
const LOWER = "0.0.1~before";

/**
 * `npm run deb`, whose last line is the path; `BUILT_DEB` names one that is there already. Whatever
 * else there is to prepare can go on meanwhile: compiling takes a minute.
 */
export async function buildPackage(): Promise<Package> {
  const file = process.env["BUILT_DEB"] ?? lastLine(await runDeb());
  return { file, version: must("dpkg-deb", ["--field", file, "Version"]).trim() };
}

function runDeb(): Promise<string> {
  const options = { cwd: REPOSITORY, maxBuffer: LARGEST_OUTPUT };
  return new Promise((resolve, reject) => {
    execFile("npm", ["run", "--silent", "deb"], options, (error, out, err) => {
      if (error === null) resolve(out);
      else reject(new Error(`npm run deb failed:\n${`${out}${err}`.slice(-4000)}`));
    });
  });
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

/** The same content under a lower version, so that there is something to upgrade from. */
export function lowerVersion({ file }: Package, dir: string): Package {
  const tree = join(dir, "lower");
  must("dpkg-deb", ["--raw-extract", file, tree]);
  const control = join(tree, "DEBIAN/control");
  const text = readFileSync(control, "utf8").replace(/^Version: .*$/m, `Version: ${LOWER}`);
  writeFileSync(control, text);
  const lower = join(dir, `pve-entra-agent_${LOWER}_amd64.deb`);
  must("dpkg-deb", ["--root-owner-group", "--build", tree, lower]);
  rmSync(tree, { recursive: true });
  return { file: lower, version: LOWER };
}
