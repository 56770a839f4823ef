/** A unix datagram socket in a temporary folder: systemd's, or the journal's, end of the talk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import dgram from "unix-dgram";

export interface Listening {
  readonly path: string;
  /** What has arrived, a datagram each. */
  readonly received: readonly Buffer[];
  /** The same as text. */
  texts(): readonly string[];
}

export function listen(t: Test): Listening {
  const dir = mkdtempSync(join(tmpdir(), "pea-dgram-"));
  const path = join(dir, "socket");
  const received: Buffer[] = [];
  const socket = dgram.createSocket("unix_dgram");
  socket.on("message", (bytes) => void received.push(bytes));
  socket.bind(path);
  t.teardown(() => {
    socket.close();
    rmSync(dir, { recursive: true });
  });
  return { path, received, texts: () => received.map((bytes) => bytes.toString("utf8")) };
}

/** The fields of an entry in the journal's native protocol, as journald reads them. */
export function fieldsOf(bytes: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\n", at);
    const line = bytes.subarray(at, end).toString("utf8");
    const equals = line.indexOf("=");
    if (equals >= 0) {
      fields.set(line.slice(0, equals), line.slice(equals + 1));
      at = end + 1;
      continue;
    }
    const length = Number(bytes.readBigUInt64LE(end + 1));
    const value = bytes.subarray(end + 9, end + 9 + length);
    if (bytes[end + 9 + length] !== 0x0a) throw new Error(`${line} does not end where it says`);
    fields.set(line, value.toString("utf8"));
    at = end + 10 + length;
  }
  return fields;
}
