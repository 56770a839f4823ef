/**
 * `npm run deb`: `dpkg-buildpackage -us -uc -b` on a copy of the tree, so that neither the tree nor
 * the folder around it is written to; the package ends up in dist/.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./project.js";

/** What is not of the sources: made by npm, by us, by git or by tests. */
const NOT_SOURCES = new Set(["node_modules", "dist", ".git", ".tap", ".demo"]);

/**
 * Builds the package from a copy of the tree that lies in a new folder below `base`, and gives the
 * path of the .deb in `target`. Throws where dpkg-buildpackage fails; what it said is shown then.
 */
export function buildPackage(target: string, base: string = tmpdir()): string {
  const outer = mkdtempSync(join(base, "pve-entra-agent-deb-"));
  try {
    const tree = join(outer, "pve-entra-agent");
    copyTree(tree);
    execFileSync("dpkg-buildpackage", ["-us", "-uc", "-b"], { cwd: tree, stdio: "inherit" });
    const made = readdirSync(outer).filter((name) => /\.(deb|buildinfo|changes)$/.test(name));
    mkdirSync(target, { recursive: true });
    for (const name of made) cpSync(join(outer, name), join(target, name));
    const deb = made.find((name) => name.endsWith(".deb"));
    if (deb === undefined) throw new Error("dpkg-buildpackage made no package");
    return join(target, deb);
  } finally {
    rmSync(outer, { recursive: true, force: true });
  }
}

function copyTree(to: string): void {
  for (const name of sources()) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    // A link of the tree stays one.
    cpSync(join(ROOT, name), join(to, name), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(to, "node_modules"));
}

/** What git knows or would take; without git, everything but what is made. */
function sources(): readonly string[] {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  try {
    const names = execFileSync("git", list, { cwd: ROOT, encoding: "utf8", stdio: [...QUIET] });
    return names.split("\0").filter((name) => name !== "");
  } catch {
    return readdirSync(ROOT).filter((name) => !NOT_SOURCES.has(name));
  }
}

const QUIET = ["ignore", "pipe", "ignore"] as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const deb = buildPackage(join(ROOT, "dist"));
  process.stdout.write(`${deb}\n`);
}
