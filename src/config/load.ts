import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { buildConfig } from "./build.js";
import { checkApps, checkRealms, checkToken } from "./check-realms.js";
import { checkEntra, checkHealth, checkPve, checkRotation } from "./check-sections.js";
import { fileWeakness } from "./files.js";
import { foldersOf } from "./folders.js";
import type { Folders } from "./folders.js";
import { TOP_LEVEL } from "./kind.js";
import { REFERENCE, topKeys } from "./keys.js";
import { OF_ANOTHER, ourUser, unfitFor } from "./permission.js";
import { MOST_BYTES, parseToml, SyntaxProblem } from "./parse.js";
import { Problems, TOP } from "./problems.js";
import { readTable } from "./table.js";
import type { Section } from "./table.js";
import type { TomlTable } from "./tree.js";
import type { Config } from "./types.js";

/** Where the configuration is unless `--config` says otherwise. */
export const DEFAULT_FILE = "/etc/pve-entra-agent/config.toml";

/** What the configuration takes from the environment. */
export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that the service reads; absent: DEFAULT_FILE. */
  readonly serviceFile?: string;
}

/**
 * Reads, checks and normalises the configuration. Files that it names have to be there and to be
 * safe from others; what is in them is read later, by secrets.ts.
 * @param file as on the command line; relative to the working folder
 * @throws ConfigError with one syntax error, or with everything else that is wrong, in the order
 * of the file. No message holds a value that may be a secret.
 */
export function loadConfig(file: string, { env, serviceFile = DEFAULT_FILE }: LoadOptions): Config {
  const path = resolve(file);
  const problems = new Problems(path);
  const tree = readTree(path, problems);
  if (tree.entries.size === 0) {
    // As the package installs it: what is missing would be all of it.
    problems.add(TOP, "nothing is configured yet", "write it as config.example.toml shows");
    throw problems.toError();
  }
  const top = readTop(tree, foldersOf(path, env), problems);
  checkTogether(top, problems);
  if (!problems.none) throw problems.toError();
  const config = buildConfig(path, top);
  // A draft elsewhere is root's own.
  if (path === serviceFile) checkForService(path, config.state.dir, problems);
  if (!problems.none) throw problems.toError();
  return config;
}

/** Root, who reads everything, is told now what the service would say at its next start. */
function checkForService(path: string, stateDir: string, problems: Problems): void {
  const service = statSync(stateDir, { throwIfNoEntry: false });
  if (ourUser() !== 0 || service === undefined || service.uid === 0) return;
  const unfit = unfitFor(service, path, statSync(path));
  if (unfit === undefined) return;
  const code = unfit.what === OF_ANOTHER ? "CONFIG_UNSAFE" : "CONFIG_UNREADABLE";
  problems.add(TOP, `this file ${unfit.what}`, `run ${unfit.command}`, code);
}

function readTree(path: string, problems: Problems): TomlTable {
  try {
    const bytes = readBytes(path);
    const weak = fileWeakness(path, "unwritten");
    if (weak !== undefined) {
      problems.add(TOP, `this file ${weak.what}`, `run ${weak.command}`, "CONFIG_UNSAFE");
    }
    return parseToml(bytes);
  } catch (error) {
    throw asConfigError(error, path);
  }
}

/** What is no file could block or never end; a file that is too large is not read at all. */
function readBytes(path: string): Uint8Array {
  if (!statSync(path).isFile()) throw new NotAFile();
  const handle = openSync(path, "r");
  try {
    const stats = fstatSync(handle);
    if (stats.size > MOST_BYTES) return new Uint8Array(MOST_BYTES + 1);
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A file that is not there, or not TOML, has this one problem and no other. */
function asConfigError(error: unknown, path: string): unknown {
  const alone = new Problems(path);
  if (error instanceof SyntaxProblem) {
    alone.add(error.place, error.message, error.instead, "CONFIG_SYNTAX");
    return alone.toError();
  }
  if (error instanceof NotAFile) {
    alone.add(TOP, "this is not a file", "name a file with --config", "CONFIG_UNREADABLE");
    return alone.toError();
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (code === undefined) return error;
  const [message, instead] = UNREADABLE[code] ?? [`this file cannot be read (${code})`, "check it"];
  alone.add(TOP, message, instead, "CONFIG_UNREADABLE");
  return alone.toError();
}

class NotAFile extends Error {}

const ABSENT = ["this file is not there", "write it, or name another with --config"] as const;
const FORBIDDEN = [
  "this user may not read this file",
  "run this as root; where the service says so, let its user read the file (chmod o+r)",
] as const;
const UNREADABLE: Readonly<Record<string, readonly [message: string, instead: string]>> = {
  ENOENT: ABSENT,
  ENOTDIR: ABSENT,
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
};

function readTop(tree: TomlTable, folders: Folders, problems: Problems): Section<typeof topKeys> {
  const homes = new Map<string, string[]>();
  for (const { name, keys } of REFERENCE) {
    for (const key of Object.keys(keys)) homes.set(key, [...(homes.get(key) ?? []), name]);
  }
  return readTable(tree, topKeys, TOP_LEVEL, {
    problems,
    folders,
    homes,
    key: "",
    section: TOP_LEVEL,
  });
}

/** What is right by itself and wrong together. */
function checkTogether(top: Section<typeof topKeys>, problems: Problems): void {
  const { pve, entra, rotation, health, realm: realms = [] } = top.values;
  if (pve !== undefined) checkPve(pve, problems);
  if (entra !== undefined) checkEntra(entra, problems);
  if (rotation !== undefined) checkRotation(rotation, problems);
  if (health !== undefined) checkHealth(health, problems);
  checkRealms(realms, problems);
  if (entra !== undefined) checkApps(realms, entra, problems);
  if (pve !== undefined) checkToken(realms, pve, problems);
}
