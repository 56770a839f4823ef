import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "./run.js";

/** A folder for the whole run of one test, gone at its end. */
export interface Scratch {
  readonly path: string;
  remove(): void;
}

export function scratchFolder(): Scratch {
  const path = mkdtempSync(join(tmpdir(), "pve-entra-package-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** One entry of `dpkg-deb --contents`. */
export interface Packed {
  readonly mode: string;
  readonly owner: string;
  readonly size: number;
  /** Without the `.` at its beginning; of a link, the link itself. */
  readonly path: string;
}

export function contentsOf(deb: string): readonly Packed[] {
  return must("dpkg-deb", ["--contents", deb])
    .trim()
    .split("\n")
    .map((line) => {
      const [mode = "", owner = "", size = "", , , path = ""] = line.split(/\s+/);
      return { mode, owner, size: Number(size), path: path.replace(/^\./, "") };
    });
}

/** Files and links, but no folders. */
export function filesOf(deb: string): readonly Packed[] {
  return contentsOf(deb).filter(({ mode }) => !mode.startsWith("d"));
}

export function unpack(deb: string, into: string): void {
  must("dpkg-deb", ["--raw-extract", deb, into]);
}

export function field(deb: string, name: string): string {
  return must("dpkg-deb", ["--field", deb, name]).trim();
}
