/** Debian's promtool, of the package `prometheus`; fetched where this is root on Debian. */
import { spawnSync } from "node:child_process";
import { needPackages } from "../support/packages.js";

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
  // The daemon that comes with it is not started without systemd.
  needPackages(["prometheus"]);
}
