/** Journals as a bad disk, a wrong hand or another program leaves them, and whatever asks of them. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join as path } from "node:path";
import Sqlite from "better-sqlite3";
import type { Journal, RealmOutcome } from "../../src/journal/index.js";
import type { Random } from "../emulators/entra/random.js";
import { action, anna, annaId, bert, DAY, disable, grant, join, leave } from "../journal-common.js";
import { open, pass, revoke, START } from "../journal-common.js";
import { entryText } from "../../src/commands/history-text.js";
import { pick } from "./hostile-json.js";

/** Fills a journal with one of everything, closes it, and returns its bytes. */
export function usedJournal(dir: string): Buffer {
  const journal = open(dir);
  for (let nth = 0; nth < 15; nth += 1) {
    const changes = [join(anna, "users"), leave(bert, "admins"), grant("admins", `/vms/${nth}`)];
    pass(journal, nth % 3 === 0 ? "unknown" : "done", action(changes));
    pass(journal, "refused", action([revoke("admins", [anna, bert]), disable(anna)]));
  }
  journal.noteHolds("a".repeat(64), [{ key: "k|entra|x", summary: "leave x" }], START);
  journal.approve("a".repeat(64), "root", START);
  journal.noteAbsent([`id:${annaId}`], 1 as never);
  journal.noteLeavers([bert]);
  journal.note("start", undefined, "begun", { some: ["detail"] });
  journal.cache.set("key", "value", DAY);
  const secret = {
    clientId: "c",
    realms: ["entra"],
    displayName: "d",
    start: START,
    end: START + DAY,
    reason: "r",
    forced: true,
  };
  const intent = journal.secrets.intend(secret);
  journal.secrets.made(intent, { keyId: "k", start: START, end: START + DAY });
  journal.secrets.mark(intent, "written", "detail");
  journal.close();
  return readFileSync(path(dir, "journal.db"));
}

/** Everything that passes and commands ask of a journal; throws what any of it throws. */
export function askAll(journal: Journal): void {
  askForReading(journal);
  const id = journal.beginPass(["entra"], "schedule");
  journal.history(START + 1000);
  const ids = journal.intend(id, action([leave(anna, "admins")]));
  journal.settle(ids, "done");
  journal.noteAbsent([`id:${annaId}`], id);
  journal.noteLeavers([anna]);
  journal.noteHolds("b".repeat(64), [{ key: "k", summary: "s" }], START);
  journal.approve("b".repeat(64), "root", START);
  journal.useApproval("k");
  const outcome: RealmOutcome = { ok: true, counts: { changes: 1 } };
  journal.endPass(id, new Map([["entra", outcome]]), 1);
  journal.prune(START + 2000);
}

export function askForReading(journal: Journal): void {
  journal.history(START);
  journal.lastPasses();
  journal.heldSet("a".repeat(64));
  journal.secrets.all("c");
  journal.secrets.forcedSince("c", 0);
  journal.cache.get("key");
  for (const entry of journal.entries({ limit: 500 })) entryText(entry);
  journal.entries({ limit: 5, group: "users", userid: anna, realm: "entra" });
}

/** A file like `sound`, damaged somehow; most ways leave something to read. */
export function damaged(random: Random, sound: Buffer): Buffer {
  const bytes = Buffer.from(sound);
  const at = (): number => random.index(bytes.length);
  const ways: readonly (() => Buffer)[] = [
    () => {
      for (let left = 1 + random.index(20); left > 0; left -= 1) {
        const where = at();
        bytes[where] = (bytes[where] ?? 0) ^ (1 << random.index(8));
      }
      return bytes;
    },
    () => bytes.subarray(0, at()),
    () => bytes.fill(random.index(256), at()),
    () => Buffer.concat([bytes, bytes.subarray(at())]),
    () => {
      const [from, to] = [
        4096 * random.index(bytes.length / 4096),
        4096 * random.index(bytes.length / 4096),
      ];
      bytes.copyWithin(to, from, from + 4096);
      return bytes;
    },
    () => {
      // What stands in the header alone: versions, sizes, encodings.
      bytes[random.index(100)] = random.index(256);
      return bytes;
    },
  ];
  return pick(random, ways)();
}

/** One value of one row that no program of ours wrote, in a file that SQLite finds sound. */
export function wrongValue(random: Random, file: string): string {
  const db = new Sqlite(file);
  try {
    db.pragma("foreign_keys = OFF");
    const tables = names(db, "SELECT name FROM sqlite_master WHERE type = 'table'");
    const table = pick(random, tables);
    const column = pick(random, names(db, `SELECT name FROM pragma_table_info('${table}')`));
    const value = pick(random, VALUES);
    const sql = `UPDATE "${table}" SET "${column}" = ?`;
    try {
      db.prepare(sql).run(value);
    } catch {
      return "nothing";
    }
    return `${sql} [${String(value)}]`;
  } finally {
    db.close();
  }
}

const VALUES = [
  ...["", "{", "null", "5", "[]", "{}", "[null]", '{"value":{"toString":1}}', '"x"', "__proto__"],
  ...["join", "leave", "unknown", "intended", "\u001b[2J\u202e", "x".repeat(100_000)],
  ...[0, -1, 1.5, 1e300, 9e15, -9e15, 8.64e15, 2n ** 62n, -(2n ** 62n)],
  Buffer.from([0xff, 0xfe, 0]),
];

function names(db: Sqlite.Database, sql: string): readonly string[] {
  return db
    .prepare<[], { name: string }>(sql)
    .all()
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("sqlite_stat"));
}

/** A fresh folder whose journal has these bytes. */
export function folderWith(dir: string, bytes: Buffer): string {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(path(dir, "journal.db"), bytes, { mode: 0o600 });
  return dir;
}

/** Overwrites a part of a file that somebody has open, as a failing disk does. */
export function overwrite(file: string, from: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0x5a, from, statSync(file).size);
  writeFileSync(file, bytes);
}
