/** One line of the log as an entry of the journal. Pure. */
import { printable } from "../decide/text.js";
import type { LogLine } from "../log.js";
import { EVENTS, isEventName } from "./message-ids.js";

/** Fields by their name; systemd.journal-fields(7). */
export type Entry = ReadonlyMap<string, string>;

export const IDENTIFIER = "pve-entra-agent";

/** LOG_DAEMON of syslog(3). */
const FACILITY = "3";

/** Of syslog(3). A notable event stands out of what is merely said: notice, not info. */
const PRIORITIES: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 };
const NOTICE = 5;
const INFO = 6;

const PREFIX = "PVE_ENTRA_";
/** sd_journal_send(3): longer names are refused, and the whole entry with them. */
const MOST_OF_A_NAME = 64;
/** Twenty such values fit into what a socket takes at once (net.core.wmem_default, 208 KiB). */
const MOST_OF_A_VALUE = 8_000;

/** What the core of an entry says already, and the time, which the journal notes itself. */
const NOT_FIELDS: ReadonlySet<string> = new Set(["level", "time", "message"]);

/** The entry; `most` limits each value, in characters. */
export function entryOf(line: LogLine, most: number = MOST_OF_A_VALUE): Entry {
  const entry = coreOf(line, most);
  for (const [name, value] of Object.entries(line)) {
    if (NOT_FIELDS.has(name)) continue;
    const field = `${PREFIX}${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
    if (field.length > MOST_OF_A_NAME || value === undefined || value === null) continue;
    entry.set(field, cut(textOf(value), most));
  }
  return entry;
}

/** What an entry that is too large is cut down to: the event itself is never lost. */
export function shortEntryOf(line: LogLine): Entry {
  return coreOf(line, 500);
}

/** The priority as a number. */
export function priorityOf({ level, event }: LogLine): number {
  const priority = PRIORITIES[String(level)] ?? INFO;
  return priority === INFO && isEventName(event) ? NOTICE : priority;
}

/**
 * What `journalctl` shows: the message, realm and code in brackets, why it was done, and for a
 * failure what to do next.
 */
export function textOfLine({ message, realm, code, reason, next }: LogLine): string {
  const tags = [realm, code].filter((tag) => typeof tag === "string").join(", ");
  return [
    `${typeof message === "string" ? message : ""}${tags === "" ? "" : ` [${tags}]`}`,
    ...(typeof reason === "string" ? [`Why: ${reason}`] : []),
    ...(typeof next === "string" ? [`Next: ${next}`] : []),
  ].join(" ");
}

function coreOf(line: LogLine, most: number): Map<string, string> {
  const { event, realm, code } = line;
  return new Map([
    ["MESSAGE", cut(printable(textOfLine(line)), most)],
    ["PRIORITY", String(priorityOf(line))],
    ["SYSLOG_IDENTIFIER", IDENTIFIER],
    ["SYSLOG_FACILITY", FACILITY],
    ...(isEventName(event) ? ([["MESSAGE_ID", EVENTS[event].id]] as const) : []),
    ...(isEventName(event) ? ([[`${PREFIX}EVENT`, event]] as const) : []),
    ...(typeof realm === "string"
      ? ([[`${PREFIX}REALM`, cut(printable(realm), most)]] as const)
      : []),
    ...(typeof code === "string" ? ([[`${PREFIX}CODE`, cut(printable(code), most)]] as const) : []),
  ]);
}

function textOf(value: unknown): string {
  return printable(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

/** Never in the middle of a character of two units. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
