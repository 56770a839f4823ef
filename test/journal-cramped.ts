/**
 * A child process of hostile-journal.test.ts: works until its files may grow no more, says how that
 * was told, and that it is told again. Started with `ulimit -f` and XFSZ ignored.
 */
import { writeSync } from "node:fs";
import { AgentError } from "../src/errors.js";
import { askAll } from "./fuzz/hostile-journal.js";
import { open } from "./journal-common.js";

const [dir] = process.argv.slice(2);
const journal = open(dir ?? "");
const codes: string[] = [];
for (let nth = 0; nth < 5_000 && codes.length < 5; nth += 1) {
  try {
    askAll(journal);
    journal.note("start", undefined, "x".repeat(1000));
    if (codes.length > 0) codes.push("written");
  } catch (thrown) {
    codes.push(thrown instanceof AgentError ? thrown.code : `${String(thrown)}`);
  }
}
writeSync(1, codes.join());
journal.close();
