/** What the guard holds, for a person. */
import { printable } from "../decide/text.js";

/** Each reason once, and below it what it holds. */
export function heldLines(
  held: readonly { readonly what: string; readonly why: string }[],
): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { what, why } of held) byReason.set(why, [...(byReason.get(why) ?? []), what]);
  return [...byReason].flatMap(([why, whats]) => [
    printable(why),
    ...whats.map((what) => `  ${printable(what)}`),
  ]);
}
