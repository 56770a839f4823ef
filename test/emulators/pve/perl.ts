/*
 * PVE is written in Perl, and some of its behaviour at the edges is Perl's: what counts as true,
 * how lists are split, and strings that are bytes until somebody decodes them. Here a Perl byte
 * string is a JavaScript string whose characters are all below U+0100.
 */

/** Perl's truth of a scalar: neither undefined, empty, nor "0". */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return false;
  return value !== "0" && value !== 0;
}

/** The text of a byte string, each broken sequence being U+FFFD. */
export function decodeUtf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** The byte string of a text. */
export function encodeUtf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

const WIDE = /[^\u0000-\u00ff]/;

/**
 * What lands in a file or on the wire when Perl prints a string: one byte a character, unless one
 * of them does not fit; then the whole string as UTF-8. So a "ü" alone is one byte (no valid
 * UTF-8), and a single "ł" re-encodes everything else in the file once more.
 */
export function printBytes(value: string): string {
  return WIDE.test(value) ? encodeUtf8(value) : value;
}

/** Undoes percent escapes into bytes; what is no valid escape stays. */
export function unescapeBytes(value: string): string {
  return value.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

/** Everything but printable ASCII, ":" and "%". */
const TO_ESCAPE = /[^\x20-\x24\x26-\x39\x3b-\x7e]/;
const PLAIN_ASCII = /^[\x00-\x24\x26-\x7f]*$/;

/** How PVE writes free text into its colon-separated files: UTF-8, and everything but printable ASCII, ":" and "%" escaped. */
export function encodeText(text: string): string {
  if (!TO_ESCAPE.test(text)) return text;
  return encodeUtf8(text).replace(
    /[^\x20-\x24\x26-\x39\x3b-\x7e]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

export function decodeText(data: string): string {
  if (PLAIN_ASCII.test(data)) return data;
  return decodeUtf8(unescapeBytes(data));
}

/** Splits a list at NULs where there are any, else at commas, semicolons and white space. */
export function splitList(list: string | undefined): string[] {
  if (!list) return [];
  const parts = list.includes("\0")
    ? list.split("\0")
    : list.replace(/[,;]/g, " ").replace(/^\s+/, "").split(/\s+/);
  while (parts.length > 0 && parts.at(-1) === "") parts.pop();
  return parts;
}

/** Splits as Perl's `split` does without a limit: empty fields at the end are dropped. */
export function splitFields(line: string, separator: string): string[] {
  const fields = line.split(separator);
  while (fields.length > 0 && fields.at(-1) === "") fields.pop();
  return fields;
}

const isAsciiSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** Trims what Perl calls white space in a byte string; 0x85 and 0xA0 are letters' bytes there. */
export function trimBytes(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isAsciiSpace(value.charCodeAt(start))) start += 1;
  while (end > start && isAsciiSpace(value.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === value.length ? value : value.slice(start, end);
}

/** Sorts by character code, as Perl's `sort`. */
export function sorted(values: Iterable<string>): string[] {
  return [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Length in characters, not in UTF-16 units. */
export function characters(value: string): number {
  return /[\ud800-\udfff]/.test(value) ? [...value].length : value.length;
}
