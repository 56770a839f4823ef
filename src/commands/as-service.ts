/** Where no daemon runs, root's order is carried out by the user that the service has. */
import { statSync } from "node:fs";
import type { User } from "../as-user.js";
import { foldersOf } from "../config/folders.js";
import { handOver } from "../config/hand-over.js";
import type { Config } from "../config/types.js";
import { EXIT } from "../exit.js";
import type { Io } from "./io.js";

/**
 * Root leaves no files behind that the service could not read, and follows no link that the service's
 * user has put into its folder: the whole command line is run once more, as that folder's owner and
 * with the credentials that systemd would load. Gives its exit code; undefined where this process may
 * do it itself.
 */
export async function asService(config: Config, io: Io): Promise<number | undefined> {
  const owner = ownerOf(config.state.dir);
  if (io.again === undefined || owner === undefined || owner.uid === 0) return undefined;
  // A signal must not end this process before it has taken back what it gave; `again` passes it on.
  const unhook = io.onSignal(() => undefined);
  try {
    const handed = handOver(foldersOf(config.file, io.machine.env), owner);
    const exit = await io.again(owner, handed.env).finally(() => handed.takeBack());
    if (exit === EXIT.config) io.err(whoRead(config.state.dir));
    return exit;
  } finally {
    unhook();
  }
}

/** Root has read the same configuration without a complaint. */
function whoRead(stateDir: string): string {
  return `This was done as the owner of ${stateDir}: that user has to be able to read it, too.\n`;
}

function ownerOf(folder: string): User | undefined {
  return statSync(folder, { throwIfNoEntry: false });
}
