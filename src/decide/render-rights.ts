/** Effective rights as the plan shows them: what several people or paths have in common, once. */
import type { RightsDelta } from "./plan.js";
import { printable } from "./text.js";

/**
 * People who lose (or gain) just the same stand together above it; paths with just the same
 * privileges share a line. Nothing is left out, and the order is that of the first of each.
 *
 * @param color paints what is lost or gained
 */
export function rightsLines(
  deltas: readonly RightsDelta[],
  side: "lost" | "gained",
  color: (text: string) => string,
): readonly string[] {
  const alike = new Map<string, string[]>();
  for (const delta of deltas) {
    const lines = changesOf(delta[side], side === "lost" ? "-" : "+");
    if (lines.length === 0) continue;
    const key = lines.join("\n");
    alike.set(key, [...(alike.get(key) ?? []), `  ${who(delta)}`]);
  }
  return [...alike].flatMap(([lines, people]) => [...people, ...lines.split("\n").map(color)]);
}

function changesOf(paths: RightsDelta["lost"], sign: string): readonly string[] {
  const byPrivileges = new Map<string, string[]>();
  for (const [path, privileges] of paths) {
    const key = privileges.map(printable).join(" ");
    byPrivileges.set(key, [...(byPrivileges.get(key) ?? []), printable(path)]);
  }
  return [...byPrivileges].map(([what, where]) => `    ${sign} ${where.join(", ")}: ${what}`);
}

function who({ userid, personName }: RightsDelta): string {
  return personName === undefined
    ? printable(userid)
    : `${printable(userid)} (${printable(personName)})`;
}
