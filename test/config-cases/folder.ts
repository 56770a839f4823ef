import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

/** The files that the base configuration names, with nothing secret in them. */
const FILES = ["pve-root-ca.pem", "pve-token", "agent.pem"];

/** A folder with a configuration and the files that it names, gone when the test ends. */
export function configFolder(t: Test, config: string): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  for (const name of FILES) put(folder, name, "nothing yet\n", 0o600);
  return { folder, file: put(folder, "config.toml", config, 0o644) };
}

/** Writes a file whose mode does not hang on the umask. */
export function put(folder: string, name: string, text: string, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}
