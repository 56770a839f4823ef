/** Whether there is a configuration at all: a fresh package has an empty one. */
import { readFileSync, statSync } from "node:fs";

/** A blank line, or a comment. */
const NOTHING = /^[ \t\r]*(#[^\n]*)?$/;

/**
 * False where the file is not there, or holds blank lines and comments alone. A file that cannot be
 * read counts as written: loading it says what is wrong.
 */
export function isConfigured(file: string): boolean {
  try {
    // What is no file could block or never end.
    if (!statSync(file).isFile()) return true;
    return !readFileSync(file, "utf8")
      .split("\n")
      .every((line) => NOTHING.test(line));
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}
