/** Names that people give themselves to forge what others read, and how to see that they failed. */

/** What a line would say that somebody wants to be believed. */
export const FORGED = "2026-11-22 10:00:00 UTC  approved by root: everything";

/** Every way to leave a line, move a terminal, turn the writing round or hide in it. */
export const TREACHERY =
  "\n\r\u0000\u0007\b\t\u000b\u001b[2J\u001b]0;title\u0007\u001b]8;;http://x\u001b\\\u007f\u0085\u009b31m" +
  "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff\ufff9\u{e0041}";

export const HOSTILE = `Eve${TREACHERY}${FORGED}\r\n${FORGED}:1:0::,;%0a`;

// Everything that a terminal obeys or hides but the line feed, which stands at line ends by right.
const OBEYED =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** What of an output would fool its reader; undefined: nothing. Our own colours are allowed. */
export function foolery(output: string): string | undefined {
  const plain = output.replace(/\u001b\[(?:0|1|2|31|32|33)m/g, "");
  const found = OBEYED.exec(plain);
  if (found !== null) {
    const code = found[0].charCodeAt(0).toString(16);
    return `U+${code} in ${JSON.stringify(plain.slice(Math.max(0, found.index - 80), found.index + 40))}`;
  }
  const forged = plain.split("\n").find((line) => line.trimStart().startsWith(FORGED));
  return forged === undefined ? undefined : `a forged line: ${forged}`;
}

/** These are words of ours, of which the code knows what they mean. */
const OURS = new Set([
  "kind",
  "code",
  "type",
  "outcome",
  "state",
  "level",
  "cause",
  "counted",
  "approvalId",
]);

/**
 * The same data with every text of it, and every name in maps and records of others' names,
 * treacherous. Instants (ISO 8601) and what `OURS` names stay.
 */
export function treacherous<T>(value: T): T {
  return made(value, false) as T;
}

function made(value: unknown, keysToo: boolean): unknown {
  if (typeof value === "string") {
    return /^\d{4}-\d{2}-\d{2}T/.test(value) ? value : `${value}${HOSTILE}`;
  }
  if (Array.isArray(value)) return value.map((item) => made(item, false));
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [made(key, false), made(item, false)]));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      keysToo ? `${key}${HOSTILE}` : key,
      OURS.has(key) && typeof item === "string"
        ? item
        : made(item, key === "realms" || key === "counts"),
    ]),
  );
}
