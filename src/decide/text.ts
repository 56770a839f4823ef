/** Text from elsewhere, made safe for a terminal. */

/**
 * Characters that change how a line looks rather than what it says: controls, line separators,
 * invisible ones, and those that turn the direction of writing. Names in Entra are chosen by
 * people, some of them hostile, and reach a terminal by way of logs and lists.
 */
const TREACHEROUS =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with every such character written as `\uXXXX`; all others stay as they are. */
export function printable(text: string): string {
  return text.replace(TREACHEROUS, (found) =>
    Array.from({ length: found.length }, (_, at) => escapeUnit(found.charCodeAt(at))).join(""),
  );
}

/**
 * JSON that is safe on a terminal: the same value, for JSON may escape whatever it likes. Line
 * feeds of the layout stay; those in texts JSON has escaped itself.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).split("\n").map(printable).join("\n");
}

/** The words of a text in lines of `width` characters at most; a longer word has a line of its own. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

/** `3 people`, `1 person`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `2026-11-22 13:05:09 UTC` */
export function instant(at: number): string {
  return `${isoInstant(at)
    .replace(/\.\d+Z$/, "")
    .replace("T", " ")} UTC`;
}

/** The first and the last millisecond that a date can name. */
const MOST = 8_640_000_000_000_000;

/**
 * `2026-11-22T13:05:09.123Z`. What lies beyond all dates is shown as the nearest one: dates come
 * from answers of others, with days added, and a text about one must not fail.
 */
export function isoInstant(at: number): string {
  const within = Number.isNaN(at) ? 0 : Math.min(Math.max(at, -MOST), MOST);
  return new Date(within).toISOString();
}
