import { printable } from "../decide/text.js";
import { redact } from "../redact.js";

/** Longer than any status that the program makes; others' text in it has no say in its length. */
const MOST_CHARACTERS = 400;

/** Text as one line without a control character or a secret: a line feed would begin a field. */
export function oneLine(text: string): string {
  const line = printable(redact(text)).replace(/\s+/g, " ").trim();
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS - 1)}…`;
}
