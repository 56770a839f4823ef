/** Where a `…_file` that the configuration names is to be found. */
import { statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";

/** The package's own folder: only its configuration uses the places below. */
const PACKAGE_FOLDER = "/etc/pve-entra-agent";

/**
 * Folders that root alone may read, and what systemd calls the credentials that it loads from each
 * (`LoadCredential=cluster:/etc/pve/priv/pve-entra-agent` in the unit): a file `pve-token` in the
 * first becomes `cluster_pve-token` (systemd.exec(5)). A file of the cluster goes before this node's.
 */
export const PLACES = [
  { name: "cluster", folder: "/etc/pve/priv/pve-entra-agent" },
  { name: "node", folder: `${PACKAGE_FOLDER}/credentials` },
] as const;

/** The cluster's root CA, which root and www-data may read; the unit loads it by its name. */
export const ROOT_CA = { name: "pve-root-ca.pem", folder: "/etc/pve" } as const;

const STAND_IN_BYTES = 1;

/** Where a relative `…_file` is looked for. */
export interface Folders {
  /** systemd's `$CREDENTIALS_DIRECTORY`, where it is set. */
  readonly credentials?: string;
  /** Where it is not, the folders that systemd would have loaded from. */
  readonly places: readonly string[];
  /** The cluster's root CA: systemd's copy, or where it is not, PVE's own file. */
  readonly rootCa?: string;
  /** The configuration's own folder, the last of all. */
  readonly config: string;
}

/** @param file the configuration, by its absolute path */
export function foldersOf(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Folders {
  const config = dirname(file);
  const credentials = env["CREDENTIALS_DIRECTORY"];
  if (credentials !== undefined && credentials !== "") {
    return { config, places: [], credentials, rootCa: join(credentials, ROOT_CA.name) };
  }
  if (config !== PACKAGE_FOLDER) return { config, places: [] };
  const rootCa = join(ROOT_CA.folder, ROOT_CA.name);
  return { config, places: PLACES.map(({ folder }) => folder), rootCa };
}

/**
 * Whether not even the cluster's root CA is there, which every node of Proxmox VE has: then /etc/pve
 * is not mounted (pmxcfs(8)) and what is missing may come with it, or this is no node. Nothing is
 * known where systemd has no stand-in for it, by a unit that is not ours.
 */
export function lacksEtcPve({ credentials, rootCa }: Folders): boolean {
  if (rootCa === undefined) return false;
  const size = sizeOf(rootCa);
  return credentials === undefined ? size === undefined : size === STAND_IN_BYTES;
}

/** Where a `…_file` is, whether or not there is one. */
export function locate(written: string, folders: Folders): string {
  if (isAbsolute(written)) return written;
  const loaded = inCredentials(written, folders).find(isGiven);
  return loaded ?? inPlaces(written, folders).find(isThere) ?? join(folders.config, written);
}

/** The folders as a message names them. */
export function foldersText({ credentials, places, config }: Folders): string {
  const from = PLACES.map(({ folder }) => folder).join(" and ");
  const loaded =
    credentials === undefined
      ? []
      : [`${credentials} (what systemd loaded at the start from ${from})`];
  return [...loaded, ...places, config].join(" or in ");
}

function inCredentials(written: string, { credentials }: Folders): readonly string[] {
  if (credentials === undefined) return [];
  // Of folders in a folder systemd makes one name.
  const flat = written.replaceAll("/", "_");
  const loaded = PLACES.map(({ name }) => join(credentials, `${name}_${flat}`));
  // From the host's own credential store: ImportCredential=pve-entra-agent.* in the unit.
  return [...loaded, join(credentials, `pve-entra-agent.${flat}`), join(credentials, written)];
}

function inPlaces(written: string, { places, credentials, rootCa }: Folders): readonly string[] {
  const own = places.map((folder) => join(folder, written));
  const isRootCa = credentials === undefined && written === ROOT_CA.name;
  return isRootCa && rootCa !== undefined ? [...own, rootCa] : own;
}

/** What the unit has a stand-in for: a line feed, for systemd starts nothing without (SetCredential=). */
const STOOD_IN: ReadonlySet<string> = new Set([...PLACES.map(({ name }) => name), ROOT_CA.name]);

/** An empty file counts, as it does for root's commands: it is what the message has to be about. */
function isGiven(path: string): boolean {
  return isThere(path) && !(STOOD_IN.has(basename(path)) && sizeOf(path) === STAND_IN_BYTES);
}

function isThere(path: string): boolean {
  return sizeOf(path) !== undefined;
}

/** What this user may not see counts as there: it is what the message has to be about. */
function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size;
  } catch {
    return Infinity;
  }
}
