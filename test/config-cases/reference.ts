import { REFERENCE } from "../../src/config/keys.js";
import type { Key } from "../../src/config/table.js";

/** The tables of `docs/config.md` as they have to be, made from the keys themselves. */
export function referenceTables(): string {
  return REFERENCE.map(({ name, meaning, keys }) => {
    const rows = Object.entries(keys).map(([key, spec]) => row(key, spec));
    return [
      `### \`${name}\``,
      "",
      meaning,
      "",
      "| key | type | default | meaning |",
      "| --- | --- | --- | --- |",
      ...rows,
    ].join("\n");
  }).join("\n\n");
}

function row(key: string, spec: Key<unknown>): string {
  const otherwise = spec.otherwise === undefined ? absent(spec) : `\`${spec.otherwise}\``;
  const cells = [`\`${key}\``, spec.kind.says, otherwise, spec.meaning];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function absent(spec: Key<unknown>): string {
  return spec.need === "required" ? "**required**" : "none";
}
