import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { trixieRoot } from "./root.js";
import { must, run } from "./run.js";
import type { Ran } from "./run.js";

/** A root of Debian 13 with the tools that look at a package; nothing in it is booted. */
export interface Trixie {
  readonly path: string;
  /** Runs a program inside, with a /proc that goes away with it. */
  inside(program: string, ...args: readonly string[]): Ran;
  remove(): void;
}

/** What looks at the package, and what runs its program. */
const PACKAGES = ["ca-certificates", "lintian", "man-db", "mandoc", "nodejs", "zsh"];

export function unpackTrixie(): Trixie {
  const path = mkdtempSync(join(tmpdir(), "pve-entra-trixie-"));
  must("tar", ["--extract", "--file", trixieRoot(PACKAGES), "--directory", path]);
  mkdirSync(join(path, "proc"), { recursive: true });
  const isolated = ["--mount", "--pid", "--fork", `--mount-proc=${join(path, "proc")}`];
  const env = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "MANWIDTH=90"];
  return {
    path,
    inside: (program, ...args) =>
      run("unshare", [...isolated, "chroot", path, ...env, program, ...args]),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
