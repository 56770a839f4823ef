/** A control group of our own, in which systemd finds itself alone. */
import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { atEnd, sleepSync } from "./at-end.js";

/** Where systemd looks: on a machine with both hierarchies, in both; else in the one there is. */
const BOTH = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];
const ONE = ["/sys/fs/cgroup"];
const LONGEST_END_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** The files that a process writes its id into to belong there. They go when the process ends. */
export function makeCgroup(name: string): readonly string[] {
  const roots = BOTH.every((root) => existsSync(root)) ? BOTH : ONE;
  return roots.map((root) => {
    const dir = join(root, name);
    mkdirSync(dir);
    atEnd(() => remove(dir));
    return join(dir, "cgroup.procs");
  });
}

/** Whoever was in it may still be about to end. */
function remove(dir: string): void {
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    try {
      removeFromBelow(dir);
      return;
    } catch (thrown) {
      if (waited > LONGEST_END_MS) throw thrown;
      sleepSync(LOOK_EVERY_MS);
    }
  }
}

function removeFromBelow(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) removeFromBelow(join(dir, entry.name));
  }
  rmdirSync(dir);
}
