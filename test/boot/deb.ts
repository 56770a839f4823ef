/** The package as `npm run deb` makes it, and a lower version of it. */
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
/** Lower than any version that there is. */
const LOWER = "0.0.1~before";

/** `npm run deb`, whose last line is the path; `BOOT_DEB` names one that is there already. */
export function buildPackage(): Package {
  const built = process.env["BOOT_DEB"] ?? lastLine(must("npm", DEB, { cwd: REPOSITORY }));
  return { file: built, version: must("dpkg-deb", ["--field", built, "Version"]).trim() };
}

const DEB = ["run", "--silent", "deb"];

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
