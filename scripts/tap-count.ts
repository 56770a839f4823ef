/**
 * Counts the tests of a TAP stream: `node --import tsx scripts/tap-count.ts FILE`.
 *
 * A test is what a test file has at its first level: a named test, or an assertion outside of one.
 * A file that fails without any of its tests failing (it crashed, or ran out of time) is one more.
 * What stands deeper, the single assertions, is not counted.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const POINT = /^( {4})?(not )?ok\b(.*)$/;
const SKIPPED = /(?<!\\)# (?:SKIP|TODO)\b/i;

export function countTests(tap: string): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  let failedInFile = 0;
  let detail: string | undefined;
  for (const line of tap.split("\n")) {
    // A failure's details may hold anything, lines that look like test points among it.
    if (detail !== undefined) {
      if (line === `${detail}...`) detail = undefined;
      continue;
    }
    const begin = /^( *)---$/.exec(line);
    if (begin !== null) {
      detail = begin[1] ?? "";
      continue;
    }
    const [, inner, not, rest = ""] = POINT.exec(line) ?? [undefined];
    if (rest === "" && !POINT.test(line)) continue;
    if (inner === undefined) {
      if (not !== undefined && failedInFile === 0) counts.failed += 1;
      failedInFile = 0;
    } else if (SKIPPED.test(rest)) {
      counts.skipped += 1;
    } else if (not !== undefined) {
      counts.failed += 1;
      failedInFile += 1;
    } else {
      counts.passed += 1;
    }
  }
  return counts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed, skipped } = countTests(readFileSync(process.argv[2] ?? "", "utf8"));
  process.stdout.write(`${passed} ${failed} ${skipped}\n`);
}
