import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { foldersText, lacksEtcPve, locate, PLACES } from "./folders.js";
import type { Kind, Reading } from "./kind.js";
import { refuse, tell } from "./kind.js";
import { folderWeaknessOf, isOfAnother, OF_ANOTHER, ourUser, weaknessOf } from "./permission.js";
import type { Keep, Weakness } from "./permission.js";
import type { Place } from "./problems.js";

/** A credential: a file that nobody else may read or write. */
export const credentialFile = (example: string): Kind<string> =>
  fileOf("secret", "a file with the credential in it", example);

/** A CA: a file that nobody else may write. */
export const trustFile: Kind<string> = fileOf(
  "unwritten",
  "a file with CA certificates (PEM)",
  '"pve-root-ca.pem"',
);

/** A folder by its absolute path. One that is not there yet is made by whoever first needs it. */
export const stateFolder: Kind<string> = {
  says: "the absolute path of a folder",
  example: '"/var/lib/pve-entra-agent"',
  read: (value, reading) => {
    const path = value.kind === "text" ? value.text : "";
    if (!isAbsolute(path) || !looksLikePath(path)) return refuse(stateFolder, value, reading);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return path;
    if (!stats.isDirectory()) return refuse(stateFolder, value, reading);
    // It has to be the service's, so root is not the one to give it to.
    if (isOfAnother(stats.uid, ourUser())) {
      const instead = "run this as root, or as the user that the agent runs as";
      return tell(reading, value.place, OF_ANOTHER, instead, "CONFIG_UNSAFE");
    }
    const weak = weaknessOf(path, stats, "unwritten", ourUser()) ?? aboveWeakness(path);
    return weak === undefined ? path : tellWeak(reading, value.place, weak);
  },
};

/** What others may do to an existing file, or to the folder that it really lies in. */
export function fileWeakness(path: string, keep: Keep): Weakness | undefined {
  return weaknessOf(path, statSync(path), keep, ourUser()) ?? aboveWeakness(path);
}

function aboveWeakness(path: string): Weakness | undefined {
  const folder = dirname(realpathSync(path));
  const weak = folderWeaknessOf(folder, statSync(folder), ourUser());
  return weak && { what: `lies in a folder that ${weak.what}`, command: weak.command };
}

function fileOf(keep: Keep, content: string, example: string): Kind<string> {
  const kind: Kind<string> = {
    says: `the name of ${content}`,
    example,
    read: (value, reading) => {
      if (value.kind !== "text") return refuse(kind, value, reading);
      if (!looksLikePath(value.text)) return tellUnlike(reading, value.place);
      return readable(value.text, keep, value.place, reading);
    },
  };
  return kind;
}

function readable(written: string, keep: Keep, place: Place, reading: Reading): string | undefined {
  const path = locate(written, reading.folders);
  try {
    if (!statSync(path).isFile()) return tellUnlike(reading, place);
    const weak = fileWeakness(path, keep);
    if (weak !== undefined) return tellWeak(reading, place, weak);
    accessSync(path, constants.R_OK);
    return path;
  } catch (error) {
    return tellUnreadable(written, error, place, reading);
  }
}

/** Text that begins a PEM block, goes over lines or is longer than a name can be is content. */
function looksLikePath(written: string): boolean {
  return written !== "" && written.length <= 1024 && !/[\0-\x1f]|-----BEGIN/.test(written);
}

function tellUnlike(reading: Reading, place: Place): undefined {
  return tell(
    reading,
    place,
    "does not name a file",
    "write the name of the file that holds it, never its content",
  );
}

function tellWeak(reading: Reading, place: Place, weak: Weakness): undefined {
  return tell(reading, place, weak.what, `run ${weak.command}`, "CONFIG_UNSAFE");
}

/** The name itself is not repeated: it may be a secret that somebody put in its place. */
function tellUnreadable(
  written: string,
  error: unknown,
  place: Place,
  reading: Reading,
): undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM") {
    const cannot = "names a file that this user may not read";
    return tell(reading, place, cannot, "run this as root or as the service's user");
  }
  if (code === "ENAMETOOLONG") return tellUnlike(reading, place);
  if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP") {
    const cannot = `names a file that cannot be read (${String(code)})`;
    return tell(reading, place, cannot, "check the disk and the file's folder");
  }
  const where = isAbsolute(written) ? "" : ` in ${foldersText(reading.folders)}`;
  if (where !== "" && lacksEtcPve(reading.folders)) return tellUnmounted(where, place, reading);
  const orName = "or write the name of the file that holds it, never its content";
  // What was put there since the start, systemd has not handed over.
  const create =
    where === "" || reading.folders.credentials === undefined
      ? "create it"
      : "create it in one of them and restart the service (systemctl restart pve-entra-agent)";
  return tell(reading, place, `names a file that is not there${where}`, `${create}, ${orName}`);
}

/** No mistake of the configuration: the file may come with /etc/pve. */
function tellUnmounted(where: string, place: Place, reading: Reading): undefined {
  const [, { folder }] = PLACES;
  return tell(
    reading,
    place,
    `names a file that is not there${where}, and nothing of /etc/pve is there either`,
    `see that /etc/pve is mounted (systemctl status pve-cluster), or put the file in ${folder}`,
    "ETC_PVE_ABSENT",
  );
}
