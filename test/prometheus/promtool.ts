/** Debian's promtool, of the package `prometheus`; fetched where this is root on Debian. */
import { execFileSync, spawnSync } from "node:child_process";

export interface Said {
  readonly code: number | null;
  readonly text: string;
}

/** Runs promtool; throws where there is none and none can be had. */
export function promtool(args: readonly string[], input = ""): Said {
  const { status, stdout, stderr, error } = spawnSync("promtool", [...args], {
    input,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return { code: status, text: `${stdout}${stderr}` };
}

/** Installs the package where it is missing. Throws with what to do where that is not allowed. */
export function needPromtool(): void {
  if (spawnSync("promtool", ["--version"]).status === 0) return;
  if (process.getuid?.() !== 0) throw new Error("promtool is missing: apt-get install prometheus");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]): void => {
    execFileSync("apt-get", ["-q", "-y", "-o", "DPkg::Lock::Timeout=300", ...args], { env });
  };
  apt("update");
  // `--download-only` and unpacking would do for promtool; the daemon is not started without systemd.
  apt("install", "--no-install-recommends", "prometheus");
}
