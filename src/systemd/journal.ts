/** The log under systemd: entries with fields, by the journal's native protocol. */
import { fstatSync } from "node:fs";
import type { LogLine } from "../log.js";
import type { SendDatagram } from "./datagram.js";
import { entryOf, priorityOf, shortEntryOf, textOfLine } from "./journal-entry.js";
import type { Entry } from "./journal-entry.js";
import { oneLine } from "./one-line.js";

/** https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ */
export const JOURNAL_SOCKET = "/run/systemd/journal/socket";

export interface JournalOptions {
  readonly socket: string;
  readonly send: SendDatagram;
  /** Where a line goes that the socket does not take: the standard output that systemd gave. */
  readonly write: (text: string) => void;
}

/** Takes the lines of the log, each already free of secrets. Loses none of them. */
export function journalSink({ socket, send, write }: JournalOptions): (line: LogLine) => void {
  return (line) => {
    if (send(socket, encode(entryOf(line))) === "sent") return;
    // A large datagram would have to go by a memory file (memfd_create(2)), which Node has not.
    if (send(socket, encode(shortEntryOf(line))) === "sent") return;
    // sd-daemon(3): systemd reads the priority off a line's beginning.
    write(`<${priorityOf(line)}>${oneLine(textOfLine(line))}\n`);
  };
}

/**
 * Every value goes in the form that says its length first: nothing in a value can end it and begin
 * a field of its own.
 */
export function encode(entry: Entry): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of entry) {
    const bytes = Buffer.from(value, "utf8");
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    parts.push(Buffer.from(`${name}\n`, "ascii"), length, bytes, Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

/**
 * Whether standard output goes to the journal: `$JOURNAL_STREAM` names its device and inode
 * (systemd.exec(5)). Set alone it says nothing, for who redirects the output leaves it set.
 */
export function goesToJournal(
  env: Readonly<Record<string, string | undefined>>,
  descriptor: number = 1,
): boolean {
  const stream = env["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
