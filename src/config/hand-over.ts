/** Credentials for a process of the service's user that systemd has not started. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { PLACES, ROOT_CA } from "./folders.js";
import type { Folders } from "./folders.js";

export interface HandedOver {
  /** What tells the process where they are. */
  readonly env: Readonly<Record<string, string>>;
  takeBack(): void;
}

/** A tmpfs: gone with the next boot at the latest. */
const RUN = "/run";

/**
 * Copies what systemd would load for the service (`LoadCredential=` in the unit) into a folder for
 * `user` alone. Where a configuration is not the package's, its files are where that user can read
 * them, or nowhere: nothing is copied.
 *
 * @param beside the folder of that folder
 * @throws what the file system says; nothing of it is left then
 */
export function handOver(
  folders: Folders,
  user: { readonly uid: number; readonly gid: number },
  beside = RUN,
): HandedOver {
  if (folders.places.length === 0) return { env: {}, takeBack: () => undefined };
  const into = mkdtempSync(join(beside, "pve-entra-agent-"));
  const takeBack = (): void => rmSync(into, { recursive: true, force: true });
  try {
    for (const [from, name] of loaded(folders)) {
      const to = join(into, name);
      writeFileSync(to, readFileSync(from), { mode: 0o400, flag: "wx" });
      chownSync(to, user.uid, user.gid);
    }
    // It may read there, not write: through its links root would write, or delete, elsewhere.
    chownSync(into, process.getuid?.() ?? 0, user.gid);
    chmodSync(into, 0o750);
  } catch (thrown) {
    takeBack();
    throw thrown;
  }
  return { env: { CREDENTIALS_DIRECTORY: into }, takeBack };
}

/** Each file, and the name that systemd would give it: of folders in a folder it makes one name. */
function loaded({ places, rootCa }: Folders): readonly (readonly [from: string, name: string])[] {
  const files = places.flatMap((folder, at) =>
    filesBelow(folder).map((file): [string, string] => {
      const flat = relative(folder, file).replaceAll("/", "_");
      return [file, `${PLACES[at]?.name ?? ""}_${flat}`];
    }),
  );
  return rootCa !== undefined && existsSync(rootCa) ? [...files, [rootCa, ROOT_CA.name]] : files;
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
