/** The few requests of man(7) that the pages need. */

/**
 * Text as it is to be read: a backslash begins an escape, a hyphen may be broken or become another
 * character, and a dot or an apostrophe at the beginning of a line makes it a request
 * (groff_char(7)).
 */
export function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq")
    .replace(/^\./gm, "\\&.");
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

/** One sentence a line, as roff wants them, so that the space between them is right. */
export function sentences(text: string): string {
  return escaped(text).replace(/([.:?!]) (?=[A-Z])/g, "$1\n");
}

export interface Page {
  readonly name: string;
  readonly section: 1 | 5 | 8;
  /** What apropos(1) finds. */
  readonly summary: string;
  readonly date: Date;
  readonly version: string;
}

export function page(about: Page, parts: readonly string[]): string {
  const { name, section, summary, date, version } = about;
  const day = date.toISOString().slice(0, 10);
  return [
    `.TH ${escaped(name)} ${section} ${day} "pve\\-entra\\-agent ${escaped(version)}"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(summary)}`,
    ...parts,
    "",
  ].join("\n");
}

export function heading(text: string): string {
  return `.SH ${text}`;
}

export function subheading(text: string): string {
  return `.SS "${escaped(text)}"`;
}

export function paragraph(text: string): string {
  return `.PP\n${sentences(text)}`;
}

/** A paragraph that follows a heading needs no request. */
export function opening(text: string): string {
  return sentences(text);
}

/** An item with its explanation, indented. `item` is roff already. */
export function tagged(item: string, text: string): string {
  return `.TP\n${item}\n${sentences(text)}`;
}

/** Lines that stay as they are. */
export function verbatim(lines: readonly string[]): string {
  return [".PP", ".nf", ".RS 4", ...lines.map(escaped), ".RE", ".fi"].join("\n");
}

/** `name(section)`, the others of the family. */
export function seeAlso(...pages: readonly (readonly [string, number])[]): string {
  const last = pages.length - 1;
  const rows = pages.map(
    ([name, section], n) => `.BR ${escaped(name)} (${section})${n === last ? "" : " ,"}`,
  );
  return [heading("SEE ALSO"), ...rows].join("\n");
}
