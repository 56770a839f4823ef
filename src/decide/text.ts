/** Text from elsewhere, made safe for a terminal. */

/**
 * Escapes what could move the cursor, hide text or turn it around: control characters, escapes,
 * line and paragraph separators, and the marks that change the direction of writing.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16).padStart(4, "0")}}`;
}

/** `3 people`, `1 person`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `2026-11-22 13:05:09 UTC` */
export function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
