/** Root file systems of Debian 13 (trixie), as tar files that a test unpacks. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { must } from "./run.js";

const SUITE = "trixie";

/** What a node has that the package is installed on: systemd to boot, Node to run. */
const NODE: readonly string[] = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "nodejs",
  "ca-certificates",
  "procps",
  "iproute2",
  "curl",
];

/** After this long Debian has mended so much that a root is made anew. */
const OLDEST_MS = 3 * 86_400_000;

/**
 * The path of a tar file with a root of Debian 13: `mmdebstrap --variant=minbase` with these
 * packages, from the mirror that this machine's apt uses. It is kept in
 * `$XDG_CACHE_HOME/pve-entra-agent` and belongs to all: unpack it, never write to it.
 * Needs root and the packages mmdebstrap and util-linux (flock).
 */
export function trixieRoot(packages: readonly string[] = NODE): string {
  if (process.getuid?.() !== 0) throw new Error("a root of Debian can only be made by root");
  const lines = aptLines();
  const name = createHash("sha256")
    .update(JSON.stringify([lines, packages]))
    .digest("hex");
  const tar = join(cacheFolder(), `${SUITE}-${name.slice(0, 16)}.tar`);
  if (isFresh(tar)) return tar;
  // Two suites may want the same root at the same moment: who comes second finds it made.
  const half = `${tar}.${process.pid}.tar`;
  const args = ["--variant=minbase", `--include=${packages.join(",")}`, SUITE, half, ...lines];
  try {
    must("flock", [`${tar}.lock`, "sh", "-c", MAKE, "sh", tar, half, minutes(OLDEST_MS), ...args]);
  } finally {
    rmSync(half, { force: true });
  }
  return tar;
}

/** $1 the tar, $2 where it is made, $3 the age in minutes from which on it is too old. */
const MAKE = `
  set -e
  [ -z "$(find "$1" -mmin "-$3" 2>/dev/null)" ] || exit 0
  tar=$1 half=$2
  shift 3
  mmdebstrap --quiet "$@" </dev/null
  mv "$half" "$tar"
`;

function isFresh(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs < OLDEST_MS;
}

function minutes(ms: number): string {
  return String(Math.floor(ms / 60_000));
}

/** Ours alone, or a tar in it could be anybody's: a folder of others is set aside. */
function cacheFolder(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(base, "pve-entra-agent");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (statSync(folder).uid !== process.getuid?.()) renameSync(folder, `${folder}.${Date.now()}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return folder;
}

/** The lines of sources.list(5) for the suite, on the mirrors that apt here already uses. */
function aptLines(): readonly string[] {
  const format = "$(LABEL)|$(REPO_URI)";
  const targets = must("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const mirrors = new Map<string, string>();
  for (const line of targets.split("\n")) {
    const [label = "", uri = ""] = line.split("|");
    if (!mirrors.has(label)) mirrors.set(label, uri);
  }
  const main = mirrors.get("Debian");
  const security = mirrors.get("Debian-Security");
  if (main === undefined || security === undefined) {
    throw new Error("apt knows no mirror of Debian with its security updates: run apt-get update");
  }
  const key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
  return [
    `deb ${key} ${main} ${SUITE} main`,
    `deb ${key} ${main} ${SUITE}-updates main`,
    `deb ${key} ${security} ${SUITE}-security main`,
  ];
}
