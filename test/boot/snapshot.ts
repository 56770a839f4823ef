/** A file system at a moment, and what became another one since. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Path to what can be told of it: kind, mode, owner, content. */
export type Snapshot = ReadonlyMap<string, string>;

export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** @param except folders, by their path below `root`, that are not looked into */
export function takeSnapshot(root: string, except: readonly string[]): Snapshot {
  const found = new Map<string, string>();
  const skipped = new Set(except);
  const walk = (dir: string): void => {
    for (const name of readdirSync(join(root, dir))) {
      const path = `${dir}/${name}`;
      const stats = lstatSync(join(root, path));
      const owned = `${(stats.mode & 0o177777).toString(8)} ${stats.uid}:${stats.gid}`;
      found.set(path, `${owned} ${contentOf(join(root, path), stats)}`);
      if (stats.isDirectory() && !skipped.has(path)) walk(path);
    }
  };
  walk("");
  return found;
}

function contentOf(path: string, stats: ReturnType<typeof lstatSync> & object): string {
  if (stats.isSymbolicLink()) return readlinkSync(path);
  if (!stats.isFile()) return "";
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

export function compare(before: Snapshot, after: Snapshot): Difference {
  const paths = (of: Snapshot, which: (path: string) => boolean): string[] =>
    [...of.keys()].filter(which).sort();
  return {
    added: paths(after, (path) => !before.has(path)),
    removed: paths(before, (path) => !after.has(path)),
    changed: paths(after, (path) => before.has(path) && before.get(path) !== after.get(path)),
  };
}
