/** Whether nobody but root and the service's user could have put a socket where ours is to be. */
import { lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ourUser, weaknessOf } from "../config/permission.js";

/**
 * What is wrong with a control socket's place, in words; undefined where nothing is, or where
 * nothing is there yet. Who may write in its folder could put a socket of their own there: a
 * daemon's, for root's orders, or a dead one, to keep ours from listening. A sticky folder keeps
 * others from removing ours, and not from being first.
 */
export function placeProblem(path: string): string | undefined {
  const folder = dirname(path);
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const weak = weaknessOf(folder, stats, "unwritten", ourUser());
  if (weak !== undefined) return `${folder} ${weak.what}; run ${weak.command}`;
  // Connecting would follow a link, and says the same of a file as of a socket that nobody is behind.
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined || there.isSocket()) return undefined;
  return `${path} is there and is no socket; take it away`;
}
