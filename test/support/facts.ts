/**
 * Facts about the real systems, recordings of Proxmox VE and Microsoft's description of Graph, lie
 * beside the repository and not in it. In a clone without them the tests that need them are
 * skipped and say so; where `CI` is set, they fail instead.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../../../shared/", import.meta.url);
const CI = !["", "false", "0"].includes(process.env["CI"] ?? "");

/** For tap's option `skip`: why such a test is skipped; false: it is not. */
export const WITHOUT_FACTS: string | false =
  existsSync(FOLDER) || CI ? false : "the facts of the real systems are not in ../shared";

/** The path of a file or folder among the facts. Throws where it is not there. */
export function factPath(name: string): string {
  const path = fileURLToPath(new URL(name, FOLDER));
  if (!existsSync(path)) throw new Error(`../shared/${name} is not there, and CI must not skip it`);
  return path;
}

export function readFact(name: string): string {
  return readFileSync(factPath(name), "utf8");
}

/** A JSON file of the recordings. The type is the reader's own claim. */
export function recording<T>(file: string): T {
  return JSON.parse(readFact(`pve-recordings/${file}`)) as T;
}

/** Names of the recordings' JSON files; none where the tests that need them are skipped. */
export function recordings(): readonly string[] {
  if (WITHOUT_FACTS !== false) return [];
  return readdirSync(factPath("pve-recordings")).filter((name) => name.endsWith(".json"));
}
