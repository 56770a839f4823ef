/**
 * `npm run deb`: `dpkg-buildpackage -us -uc -b` on a copy of the tree, so that neither the tree nor
 * the folder around it is written to; the package ends up in dist/.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./project.js";

/** What is not of the sources: made by npm, by us, by git or by tests. */
const NOT_SOURCES = new Set(["node_modules", "dist", ".git", ".tap", ".demo", ".compiled"]);

export interface BuildOptions {
  /** The tree to build; the repository unless told. */
  readonly source?: string;
  /** Where the copy lies, in a new folder of its own. */
  readonly base?: string;
}

/**
 * Builds the package from a copy of the tree and gives the path of the .deb in `target`. Throws
 * where dpkg-buildpackage fails; what it said is shown then.
 */
export function buildPackage(target: string, options: BuildOptions = {}): string {
  const { source = ROOT, base = tmpdir() } = options;
  const outer = mkdtempSync(join(base, "pve-entra-agent-deb-"));
  try {
    const tree = join(outer, "pve-entra-agent");
    copyTree(source, tree);
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

/** Copies the sources, and shows the copy the one node_modules that there is. */
export function copyTree(from: string, to: string): void {
  for (const name of sources(from)) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    // A link of the tree stays one.
    cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(to, "node_modules"));
}

/** What git knows or would take; without git, everything but what is made. */
function sources(tree: string): readonly string[] {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  try {
    const names = execFileSync("git", list, { cwd: tree, encoding: "utf8", stdio: [...QUIET] });
    // What is deleted and not yet committed is still listed.
    return names.split("\0").filter((name) => name !== "" && existsSync(join(tree, name)));
  } catch {
    return readdirSync(tree).filter((name) => !NOT_SOURCES.has(name));
  }
}

const QUIET = ["ignore", "pipe", "ignore"] as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const deb = buildPackage(join(ROOT, "dist"));
  process.stdout.write(`${deb}\n`);
}
