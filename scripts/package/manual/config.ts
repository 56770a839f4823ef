import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Keys } from "../../../src/config/table.js";
import { ROOT } from "../project.js";
import { bold, heading, opening, page, paragraph, seeAlso, subheading, tagged } from "./roff.js";
import type { Page } from "./roff.js";

type Section = { readonly name: string; readonly meaning: string; readonly keys: Keys };

/** pve-entra-agent.toml(5), from the keys by which the file is read. */
export function configPage(
  sections: readonly Section[],
  edition: Pick<Page, "date" | "version">,
): string {
  return page(
    {
      name: "pve-entra-agent.toml",
      section: 5,
      summary: "configuration of pve-entra-agent",
      ...edition,
    },
    [
      heading("SYNOPSIS"),
      opening("/etc/pve-entra-agent/config.toml"),
      ...prose(),
      heading("KEYS"),
      ...sections.flatMap(sectionParts),
      heading("EXAMPLE"),
      opening(
        "An example with every key in it is /usr/share/doc/pve-entra-agent/examples/config.example.toml.",
      ),
      seeAlso(["pve-entra-agent", 1], ["pve-entra-agent", 8]),
    ],
  );
}

function sectionParts({ name, meaning, keys }: Section): readonly string[] {
  const items = Object.entries(keys).map(([key, { kind, need, otherwise, meaning: what }]) => {
    const absent = need === "required" ? "It has to be there." : "";
    const rest = otherwise === undefined ? absent : `The default is ${otherwise}.`;
    return tagged(bold(key), [`${upperFirst(kind.says)}.`, what, rest].join(" ").trim());
  });
  return [subheading(name), opening(meaning), ...items];
}

/** What docs/config.md says before its tables. */
function prose(): readonly string[] {
  const text = readFileSync(join(ROOT, "docs/config.md"), "utf8");
  const [before = ""] = text.split("\n## All keys\n");
  const parts = [heading("DESCRIPTION")];
  for (const block of before.split(/\n{2,}|\n(?=- )/).slice(1)) {
    const opens = parts.at(-1)?.startsWith(".SH") ?? false;
    parts.push(blockPart(block, opens));
  }
  return parts;
}

/** @param opens it follows a heading, after which a paragraph needs no request */
function blockPart(block: string, opens: boolean): string {
  if (block.startsWith("## ")) return heading(plain(block.slice(3)).toUpperCase());
  if (block.startsWith("    ")) return `.PP\n.RS 4\n${opening(block.trim())}\n.RE`;
  if (block.startsWith("- ")) return `.IP \\(bu 2\n${opening(plain(block.slice(2)))}`;
  // Goes on with the item above it.
  if (block.startsWith("  ")) return `.IP "" 2\n${opening(plain(block.trim()))}`;
  return opens ? opening(plain(block)) : paragraph(plain(block));
}

/** Markdown to the words in it. */
function plain(markdown: string): string {
  return markdown
    .replace(/\s*\n\s*/g, " ")
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, "$1")
    .replace(/\*\*([^*]+)\*\*/g, "$1")
    .replace(/(^|\W)_([^_]+)_(?=\W|$)/g, "$1$2")
    .replaceAll("`", "");
}

function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
