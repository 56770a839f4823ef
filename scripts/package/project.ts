/** What the files of the project say about it as a whole. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository, without a slash at its end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The one place of the version is package.json. */
export function version(): string {
  const file = readFileSync(join(ROOT, "package.json"), "utf8");
  return (JSON.parse(file) as { version: string }).version;
}

export interface ChangelogEntry {
  readonly version: string;
  readonly date: Date;
}

/** The newest entry of debian/changelog, deb-changelog(5). */
export function newestChange(): ChangelogEntry {
  const text = readFileSync(join(ROOT, "debian/changelog"), "utf8");
  const found = /^pve-entra-agent \((\S+)\) /.exec(text)?.[1];
  const date = /^ -- .* {2}(.*)$/m.exec(text)?.[1];
  if (found === undefined || date === undefined) {
    throw new Error("debian/changelog does not begin with an entry of pve-entra-agent");
  }
  return { version: found, date: new Date(date) };
}

/**
 * Debian sorts `~` before everything, so that a pre-release `1.0.0-rc.1` of package.json is
 * `1.0.0~rc.1` in debian/changelog. Throws where the two differ.
 */
export function checkVersions(): void {
  const [ours, debians] = [version().replace("-", "~"), newestChange().version];
  if (ours === debians) return;
  throw new Error(`package.json says ${ours}, debian/changelog ${debians}`);
}
