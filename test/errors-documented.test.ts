import { readFileSync } from "node:fs";
import t from "tap";
import { errorsDoc } from "../scripts/errors-doc.js";
import { AgentError, ERRORS, asAgentError } from "../src/errors.js";
import type { ErrorCode } from "../src/errors.js";

const CODES = Object.keys(ERRORS) as ErrorCode[];
const PAGE = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8");

t.test("docs/errors.md is what the catalogue says", async (t) => {
  t.equal(PAGE, await errorsDoc(), "else run: node --import tsx scripts/errors-doc.ts");
});

t.test("every code has one row, with what to do next", async (t) => {
  const rows = PAGE.split("\n").filter((line) => line.startsWith("| `"));
  t.strictSame(
    rows.map((row) => /^\| `(\w+)`/.exec(row)?.[1]),
    CODES,
  );
  for (const row of rows) {
    const cells = row.split(/(?<!\\)\|/).slice(1, -1);
    t.equal(cells.length, 4, row);
    for (const cell of cells) t.match(cell, /\S/, row);
  }
});

t.test("codes and sentences have one form", async (t) => {
  for (const code of CODES) {
    const { level, summary, next } = ERRORS[code];
    t.match(code, /^[A-Z]+(_[A-Z]+)*$/);
    t.ok(["error", "warning"].includes(level), code);
    for (const sentence of [summary, next])
      t.match(sentence, /^[A-Za-z].*\.$/, `${code}: ${sentence}`);
  }
});

t.test("an error tells its next step; what nobody foresaw is INTERNAL", async (t) => {
  t.equal(new AgentError("NODE_LOCKED", "x").next, ERRORS.NODE_LOCKED.next);
  const known = new AgentError("PVE_LOCKED", "locked");
  t.equal(asAgentError(known), known);
  for (const thrown of [new TypeError("odd"), "odd"]) {
    t.match(asAgentError(thrown), { code: "INTERNAL", message: "odd", cause: thrown });
  }
});
