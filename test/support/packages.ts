import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const NEED = fileURLToPath(new URL("need.sh", import.meta.url));

/**
 * Installs packages of Debian's where they are missing, whoever else does so at the same moment.
 * Throws with what apt said where they cannot be had, or not without removing others.
 *
 * @param preseed a line for debconf-set-selections(1)
 */
export function needPackages(names: readonly string[], preseed = ""): void {
  const env = { ...process.env, PRESEED: preseed };
  const { status, stderr, error } = spawnSync("sh", [NEED, ...names], { env, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`apt-get install ${names.join(" ")}:\n${stderr.slice(-4000)}`);
}
