/** docs/fault-matrix.md: which fault has which outcome, as it was found. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import type { Case } from "./faults-choice.js";
import { nameOf } from "./faults-request.js";

const DOCUMENT = fileURLToPath(new URL("../../docs/fault-matrix.md", import.meta.url));
const COMMAND = "FAULT_MATRIX=write node --import tsx test/reliability/faults.test.ts";

const HEAD = `# Faults and what comes of them

One request of a pass or a rotation goes wrong; what does the program make of it? This page is
written by \`test/reliability/faults.test.ts\`, which runs the program against emulators of Proxmox VE
and of Entra, lets the fault happen, and fails where the outcome is not the one on this page:

\`\`\`sh
${COMMAND}
\`\`\`

writes it anew. By night (\`RELIABILITY=nightly\`) every fault meets every request, some 5,000 cases more,
which the same is asked of, but which are on no page.

In each case the same is looked at, whatever the outcome: at every moment the realm's key is one that
Entra accepts; nobody ever holds more than before and after give; who is to keep something keeps it all
the while; what does not depend on the failed request is done in that very pass; what was not done is
told with a code by exit code, log and health; no secret shows; and clean passes end in the state in
which everything would have ended without the fault.

- **unnoticed**: nothing was different, and there was nothing to say.
- **retried**: the program asked once more and did everything.
- **harmless**: of a proof, either of the two; a new secret takes as many proofs as it meets replicas.
- **all done, reported**: everything was done, and a code says what went wrong.
- **the rest done, reported**: what does not depend on the request was done, the next pass does the rest.
- **nothing done, reported**: the pass ended, the next one does everything.
- **reported**: a wrong certificate; which codes come of it depends on what was under way at the moment.

"But done" means that the request took its effect and the answer was the fault all the same.
`;

const ONE = "## One of each\n";

export interface Found {
  readonly case: Case;
  readonly outcome: string;
}

interface Row {
  readonly group: string;
  readonly fault: string;
  readonly outcome: string;
  readonly where: string;
}

function rowsOf(found: readonly Found[]): readonly Row[] {
  return found.flatMap(({ case: one, outcome }) => {
    if (one.row === undefined) return [];
    const where = `${one.bed.name}: \`${nameOf(one.met)}\``;
    return [{ ...one.row, outcome, where }];
  });
}

function grouped(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  return groups;
}

/** A table for each group of requests, a case in each row. */
function oneOfEachText(found: readonly Found[]): string {
  const rows = rowsOf(found);
  const sections = [...grouped(rows)].map(([group, own]) => {
    const lines = own.map(({ fault, outcome, where }) => `| ${fault} | ${outcome} | ${where} |`);
    return `### ${group}\n\n| Fault | Outcome | Where |\n| --- | --- | --- |\n${lines.join("\n")}\n`;
  });
  return `${ONE}\n${rows.length} cases, run every time.\n\n${sections.join("\n")}`;
}

/** What differs from the committed page, in the first line that does; nothing: nothing does. */
export async function matrixDiffers(found: readonly Found[]): Promise<string | undefined> {
  const committed = readDocument();
  const config = await resolveConfig(DOCUMENT);
  const wanted = await format(`${HEAD}\n${oneOfEachText(found)}`, {
    ...config,
    parser: "markdown",
  });
  if (process.env["FAULT_MATRIX"] === "write") writeFileSync(DOCUMENT, wanted);
  else if (wanted !== committed) return firstDifference(committed, wanted);
  return undefined;
}

function readDocument(): string {
  try {
    return readFileSync(DOCUMENT, "utf8");
  } catch {
    return "";
  }
}

function firstDifference(committed: string, wanted: string): string {
  const [was, is] = [committed.split("\n"), wanted.split("\n")];
  const at = is.findIndex((line, n) => line !== was[n]);
  return (
    `docs/fault-matrix.md:${at + 1} has\n  ${was[at] ?? "(nothing)"}\nand it is\n  ${is[at] ?? "(nothing)"}\n` +
    `where this is meant, write it anew: ${COMMAND}`
  );
}
