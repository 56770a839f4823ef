/** A journal that cannot be gone on with: set aside, or a coded error; never a crash without one. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Sqlite from "better-sqlite3";
import t from "tap";
import { readJournal } from "../src/journal/index.js";
import type { Journal } from "../src/journal/index.js";
import {
  askAll,
  askForReading,
  folderWith,
  overwrite,
  usedJournal,
} from "./fuzz/hostile-journal.js";
import { came } from "./fuzz/verdict.js";
import { action, anna, leave, open, options, START } from "./journal-common.js";
import { mapping, startSite } from "./support/site.js";
import { terminalOf } from "./support/terminal.js";

t.setTimeout(120_000);

t.test("what is no file in its place is a coded error, and nothing waits for it", async (t) => {
  const makers: Readonly<Record<string, (path: string) => void>> = {
    "a folder": (path) => mkdirSync(path),
    "a pipe": (path) => void execFileSync("mkfifo", [path]),
  };
  for (const [name, make] of Object.entries(makers)) {
    const dir = t.testdir({});
    make(join(dir, "journal.db"));
    const coded = { kind: "coded", error: { code: "JOURNAL_UNWRITABLE" } };
    t.match(await came(name, () => open(dir)), coded, name);
    t.match(await came(name, () => readJournal(options(dir))), coded, name);
  }
});

t.test("a database that is not ours, or not of this version, is set aside", async (t) => {
  const strangers: Readonly<Record<string, string>> = {
    "another program's": "CREATE TABLE photos (id INTEGER PRIMARY KEY); PRAGMA user_version = 0",
    "another's with a table of our name": "CREATE TABLE meta (x)",
    "another's with our version": "CREATE TABLE meta (x); PRAGMA user_version = 2",
    "a negative version": "PRAGMA user_version = -3",
    "our version and nothing else": "PRAGMA user_version = 2",
  };
  for (const [name, sql] of Object.entries(strangers)) {
    const dir = t.testdir({});
    const db = new Sqlite(join(dir, "journal.db"));
    db.exec(sql);
    db.close();
    const reader = readJournal(options(dir));
    t.match(reader.findings, [{ code: "JOURNAL_CORRUPT" }], name);
    askForReading(reader);
    reader.close();
    const journal = open(dir);
    t.match(journal.findings, [{ code: "JOURNAL_CORRUPT" }], name);
    askAll(journal);
    journal.close();
    const aside = readdirSync(dir).find((file) => file.includes("corrupt"));
    const kept = new Sqlite(join(dir, aside ?? ""), { readonly: true });
    t.equal(
      kept.prepare("SELECT count(*) FROM sqlite_master").pluck().get() !== 0,
      /TABLE/.test(sql),
    );
    kept.close();
  }
});

t.test("values that this program never writes are damage, though SQLite finds none", async (t) => {
  const sound = usedJournal(join(t.testdir({}), "state"));
  const wrong = [
    "UPDATE changes SET joins = '[null]' WHERE id = 1",
    "UPDATE changes SET joins = '['",
    "UPDATE changes SET before = 'null' WHERE id = 1",
    "UPDATE changes SET at = 9e15",
    "UPDATE changes SET reason = x'ff'",
    "UPDATE secrets SET realms = '{}'",
    "UPDATE pass_realms SET counts = 'null'",
    "UPDATE notes SET detail = 'x'",
    "UPDATE sqlite_sequence SET seq = 9223372036854775807",
  ];
  for (const sql of wrong) {
    const dir = folderWith(join(t.testdir({}), "state"), sound);
    const db = new Sqlite(join(dir, "journal.db"));
    db.exec(sql);
    db.close();
    const reader = readJournal(options(dir));
    t.match(reader.findings, [{ code: "JOURNAL_CORRUPT" }], sql);
    reader.close();
    const journal = open(dir);
    t.match(journal.findings, [{ code: "JOURNAL_CORRUPT" }], sql);
    askAll(journal);
    journal.close();
  }
});

/** More than SQLite keeps of a file in memory, so that damage on the disk is met. */
function fill(journal: Journal): void {
  for (let nth = 0; nth < 40; nth += 1) journal.note("start", undefined, "x".repeat(200_000));
}

const readWhole = (journal: Journal): unknown => journal.entries({ limit: 1000 });

t.test("a file that is damaged while open is set aside when the next pass begins", async (t) => {
  const dir = join(t.testdir({}), "state");
  usedJournal(dir);
  const journal = open(dir);
  t.teardown(() => journal.close());
  fill(journal);
  askAll(journal);
  const intent = journal.secrets.all("c")[0]?.intent;
  if (intent === undefined) throw new Error("the journal has no secret");
  overwrite(join(dir, "journal.db"), 8192);
  overwrite(join(dir, "journal.db-wal"), 0);
  const met = await came("damaged", () => readWhole(journal));
  t.match(met, { kind: "coded", error: { code: "JOURNAL_UNWRITABLE", message: /malformed/ } });
  journal.beginPass(["entra"], "schedule");
  askAll(journal);
  t.match(journal.findings, [{ code: "JOURNAL_CORRUPT", message: /is now .*corrupt/ }]);
  t.equal(journal.history(START).since, START, "the guard's count starts full");
  t.strictSame(journal.secrets.all("c"), [], "no secret is ours any more");
  const late = await came("late", () => journal.secrets.mark(intent, "removed"));
  t.match(late, { kind: "coded" }, "an id from before names nothing in the new one");
  const pass = journal.beginPass(["entra"], "schedule");
  t.ok(journal.intend(pass, action([leave(anna, "admins")])).every((id) => Number(id) > START));
  journal.note("start", undefined, "after");
  const names = readdirSync(dir);
  t.ok(names.includes("journal.db-wal"), "the new one has its log");
  t.ok(names.some((name) => name.includes("corrupt")));
});

t.test("a disk without room: said each time, and what was written stays", async (t) => {
  const dir = join(t.testdir({}), "state");
  const child = fileURLToPath(new URL("journal-cramped.ts", import.meta.url));
  const script = 'trap "" XFSZ; ulimit -f 400; exec "$@"';
  const argv = ["-c", script, "sh", process.execPath, "--import", "tsx", child, dir];
  const { stdout } = await promisify(execFile)("sh", argv);
  t.equal(stdout, Array(5).fill("JOURNAL_UNWRITABLE").join());
  const journal = open(dir);
  t.teardown(() => journal.close());
  t.strictSame(journal.findings, [], "it is sound");
  t.ok(journal.entries({ limit: 9 }).length > 0);
  askAll(journal);
});

t.test("a folder that may not be written", async (t) => {
  const dir = t.testdir({ "journal.db": "" });
  // Root may write anywhere: for a moment this process is nobody.
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  else writeFileSync(join(dir, "journal.db"), "", { mode: 0o400 });
  try {
    const out = await came("not ours", () => open(root ? dir : join(dir, "journal.db")));
    t.match(out, { kind: "coded", error: { code: "JOURNAL_UNWRITABLE" } });
  } finally {
    if (root) process.seteuid?.(0);
  }
});

t.test("the journal is damaged between two passes of a living agent: removals go on", async (t) => {
  const site = await startSite(t);
  const people = ["anna", "bert", "cora", "dora"].map((name) => site.addUser(name));
  const parts = { groups: mapping("ops", site.group("Operators", people)) };
  await site.pass(parts);
  fill(site.journal);
  overwrite(join(site.dir, "state", "journal.db"), 8192);
  overwrite(join(site.dir, "state", "journal.db-wal"), 0);
  t.match(await came("damaged", () => readWhole(site.journal)), { kind: "coded" });
  site.entra.world.editUser(people[0] ?? "", { accountEnabled: false });
  const report = await site.pass(parts);
  t.match(report.findings, [{ code: "JOURNAL_CORRUPT" }]);
  t.match(site.user("anna@contoso.example@entra"), { enable: false, groups: [] });
  t.match(site.user("bert@contoso.example@entra"), { enable: true, groups: ["ops"] });
});

t.test("commands on a site whose journal is a folder end with a code", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const file = join(site.dir, "state", "journal.db");
  for (const tail of ["", "-wal", "-shm"]) rmSync(`${file}${tail}`, { force: true });
  mkdirSync(file);
  site.configure({ groups: mapping("ops", site.group("Operators", [site.addUser("anna")])) });
  const run = terminalOf(site);
  for (const command of ["plan", "sync", "history", "rotate", "run"]) {
    const { exit, out, err } = await run([command]);
    t.equal(exit, 1, command);
    t.match(out + err, /JOURNAL_UNWRITABLE/, command);
    t.notMatch(out + err, /\bat .*:\d+:\d+/, "no stack trace");
  }
  t.equal(site.user("anna@contoso.example@entra"), undefined, "nothing was changed");
  t.ok(existsSync(file));
  rmSync(file, { recursive: true });
});
