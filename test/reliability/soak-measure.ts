/** What a long life costs: memory after a collection, handles, the journal's size, metrics. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import Sqlite from "better-sqlite3";
import { request } from "undici";

export interface Sample {
  readonly rss: number;
  readonly heap: number;
  /** Open descriptors of the process. */
  readonly descriptors: number;
  /** What keeps the event loop awake: sockets, timers, servers. */
  readonly resources: number;
  readonly journal: number;
  /** The write-ahead log beside it, which SQLite empties every thousand pages. */
  readonly wal: number;
  /** Lines of `/metrics` that are series. */
  readonly series: number;
}

export type Figure = keyof Sample;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

export async function sample(stateDir: string, healthUrl: string): Promise<Sample> {
  const { body } = await request(`${healthUrl}/metrics`, { reset: true });
  const metrics = await body.text();
  // What a first collection finds to be dead may free more in a second one.
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    rss,
    heap: heapUsed,
    descriptors: readdirSync("/proc/self/fd").length,
    resources: process.getActiveResourcesInfo().length,
    journal: journalBytes(stateDir),
    wal: statSync(join(stateDir, "journal.db-wal")).size,
    series: metrics.split("\n").filter((line) => /^[a-z]/.test(line)).length,
  };
}

/** Bytes of the journal that hold something: what was deleted leaves room to be used again. */
function journalBytes(stateDir: string): number {
  const db = new Sqlite(join(stateDir, "journal.db"), { readonly: true });
  const read = (pragma: string): number => Number(db.pragma(pragma, { simple: true }));
  const bytes = (read("page_count") - read("freelist_count")) * read("page_size");
  db.close();
  return bytes;
}

/** The median of a figure over a part of the life: `from` and `to` as shares of it. */
export function median(
  samples: readonly Sample[],
  figure: Figure,
  from: number,
  to: number,
): number {
  const part = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
  const sorted = part.map((one) => one[figure]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Lines of the log that complain without a code. */
export function uncoded(logFile: string): readonly string[] {
  return readFileSync(logFile, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .filter((line) => {
      const { level, code } = JSON.parse(line) as { level: string; code?: string };
      return ["warn", "error", "fatal"].includes(level) && code === undefined;
    });
}
