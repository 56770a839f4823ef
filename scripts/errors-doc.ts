/** Writes docs/errors.md: `node --import tsx scripts/errors-doc.ts > docs/errors.md` */
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { ERRORS } from "../src/errors.js";

const DOCUMENT = fileURLToPath(new URL("../docs/errors.md", import.meta.url));

const HEAD = `# Errors and warnings

Whatever goes wrong has a code. It stands in the log (\`code\`), in \`pve-entra-agent status\`, in the
counts of \`/health\`, in the metric \`pve_entra_agent_errors_total{code}\` and in the message with which
a command fails. A code never changes its meaning.

**error**: something that was promised did not happen. **warning**: everything promised happened,
and somebody should still look.

This page is made from \`src/errors.ts\` by \`scripts/errors-doc.ts\`; a test holds the two together.

| Code | Level | What it means | What to do next |
| --- | --- | --- | --- |
`;

/** The page as it is to be, formatted like every other file. */
export async function errorsDoc(): Promise<string> {
  const rows = Object.entries(ERRORS).map(([code, { level, summary, next }]) =>
    [`\`${code}\``, level, cell(summary), cell(next)].join(" | "),
  );
  const text = `${HEAD}${rows.map((row) => `| ${row} |\n`).join("")}`;
  const config = await resolveConfig(DOCUMENT);
  return format(text, { ...config, parser: "markdown" });
}

/** `<` would begin a tag and `|` another column; inside backticks only the latter counts. */
function cell(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replace(/[<>*[\]]/g, "\\$&")))
    .join("")
    .replaceAll("|", "\\|");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(await errorsDoc());
}
