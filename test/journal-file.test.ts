import {
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join as path } from "node:path";
import Sqlite from "better-sqlite3";
import t from "tap";
import { openJournal, readJournal } from "../src/journal/index.js";
import { SCHEMA_VERSION, migrate } from "../src/journal/schema.js";
import { START, action, anna, handClock, leave, open, options, pass } from "./journal-common.js";

/** A folder whose journal has one loss in it, and enough pages to be damaged. */
function used(dir: string): string {
  const journal = open(dir);
  pass(journal, "done", action([leave(anna, "admins")]));
  for (let n = 0; n < 200; n++) journal.note("start", undefined, `note ${n} ${"x".repeat(100)}`);
  journal.close();
  return dir;
}

t.test("the file, its log and the copies set aside are for its owner alone", async (t) => {
  const dir = t.testdir();
  writeFileSync(path(dir, "journal.db"), "", { mode: 0o644 });
  const journal = open(dir);
  t.teardown(() => journal.close());
  journal.note("start", undefined, "begun");
  const names = readdirSync(dir).sort();
  t.strictSame(names, ["journal.db", "journal.db-shm", "journal.db-wal"]);
  for (const name of names) t.equal(statSync(path(dir, name)).mode & 0o777, 0o600, name);
});

t.test("it goes on where it was", async (t) => {
  const dir = used(t.testdir());
  const journal = open(dir);
  t.teardown(() => journal.close());
  t.strictSame(journal.findings, []);
  t.equal(journal.history(START).losses.length, 1);
  t.equal(journal.history(START).since, START);
});

t.test("a damaged file is set aside, and a new one begun", async (t) => {
  const damages: Record<string, (file: string) => void> = {
    "not a database": (file) => writeFileSync(file, "this is no database\n".repeat(1000)),
    "cut in the middle": (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
    "overwritten in the middle": (file) => {
      const bytes = readFileSync(file);
      bytes.fill(0x5a, 4096 * 2, 4096 * 20);
      writeFileSync(file, bytes);
    },
    "a header of zeros": (file) => {
      const bytes = readFileSync(file);
      bytes.fill(0, 0, 100);
      writeFileSync(file, bytes);
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    const dir = used(t.testdir({}));
    damage(path(dir, "journal.db"));
    const damaged = readFileSync(path(dir, "journal.db"));
    const reader = readJournal(options(dir));
    t.match(reader.findings, [{ code: "JOURNAL_CORRUPT" }], `${name}: a reader says so`);
    reader.close();
    t.notOk(
      readdirSync(dir).some((file) => file.includes("corrupt")),
      "and touches nothing",
    );

    const journal = open(dir);
    const aside = `journal.db.corrupt-20261121T120000Z`;
    t.match(journal.findings, [{ code: "JOURNAL_CORRUPT" }], name);
    t.match(journal.findings[0]?.message, aside, "the message names the file");
    t.ok(readFileSync(path(dir, aside)).equals(damaged), "which is as it was");
    t.equal(journal.history(START).losses.length, 0);
    pass(journal, "done", action([leave(anna, "admins")]));
    t.equal(journal.history(START).losses.length, 1, "the new one works");
    journal.close();
  }
});

t.test("two damages in one second keep both files", async (t) => {
  const dir = t.testdir();
  for (let n = 0; n < 2; n++) {
    writeFileSync(
      path(dir, "journal.db"),
      `damage number ${n}, long enough to look at\n`.repeat(99),
    );
    open(dir).close();
  }
  const kept = readdirSync(dir).filter((name) => name.includes("corrupt"));
  t.strictSame(kept.sort(), [
    "journal.db.corrupt-20261121T120000Z",
    "journal.db.corrupt-20261121T120000Z-2",
  ]);
});

t.test("a journal of another machine is set aside", async (t) => {
  for (const other of [{ nodeName: "pve2" }, { machineId: "fedcba9876543210" }]) {
    const dir = used(t.testdir({}));
    const here = { ...options(dir), ...other };
    const reader = readJournal(here);
    t.match(reader.findings, [{ code: "JOURNAL_FOREIGN" }]);
    t.equal(reader.history(START).losses.length, 0, "a reader does not believe it either");
    reader.close();
    const journal = openJournal(here);
    t.match(journal.findings, [{ code: "JOURNAL_FOREIGN" }]);
    t.ok(existsSync(path(dir, "journal.db.foreign-20261121T120000Z")));
    t.equal(journal.history(START).losses.length, 0);
    journal.close();
    const again = openJournal(here);
    t.strictSame(again.findings, [], "from then on it is of this machine");
    again.close();
  }
});

t.test("the machine's id itself is not in the file", async (t) => {
  const dir = used(t.testdir());
  t.notOk(readFileSync(path(dir, "journal.db")).includes(options(dir).machineId));
});

t.test("a file of version 1 is brought to this version with all that is in it", async (t) => {
  const dir = t.testdir();
  const old = new Sqlite(path(dir, "journal.db"));
  migrate(old, 1);
  old.exec(`
    INSERT INTO meta VALUES ('since', '1700000000000');
    INSERT INTO own_groups VALUES ('admins');
    INSERT INTO disabled VALUES ('anna@example.com@entra', 1700000000001);
    INSERT INTO notes (at, kind, text) VALUES (1700000000002, 'start', 'long ago');`);
  old.close();
  const reader = readJournal(options(dir));
  t.strictSame(reader.history(START).ownGroups, new Set(["admins"]), "a reader can read it");
  reader.close();
  const journal = open(dir);
  t.teardown(() => journal.close());
  const history = journal.history(START);
  t.equal(history.since, 1_700_000_000_000);
  t.strictSame(history.ownGroups, new Set(["admins"]));
  t.strictSame(history.disabledByUs, new Map([[anna, 1_700_000_000_001]]));
  t.match(journal.entries({ limit: 9 }), [{ type: "note", text: "long ago" }]);
  journal.cache.set("key", "value", 1000);
  t.equal(journal.cache.get("key"), "value", "what is new in version 2 works");
  t.strictSame(history.inMoment, new Set());
  t.strictSame(history.lostPrivilege, new Set());
  journal.noteEnabled([anna]);
  t.strictSame(journal.history(START).enabledAgain, new Set([anna]), "and so in version 3");
  const version = new Sqlite(path(dir, "journal.db"), { readonly: true });
  t.equal(version.pragma("user_version", { simple: true }), SCHEMA_VERSION);
  version.close();
});

t.test("a file of a later version is refused and left alone", async (t) => {
  const dir = used(t.testdir());
  const db = new Sqlite(path(dir, "journal.db"));
  db.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
  db.close();
  t.throws(() => open(dir), { code: "JOURNAL_TOO_NEW" });
  t.throws(() => readJournal(options(dir)), { code: "JOURNAL_TOO_NEW" });
  t.notOk(readdirSync(dir).some((name) => /corrupt|foreign/.test(name)));
});

t.test("what cannot be written is JOURNAL_UNWRITABLE", async (t) => {
  const dir = t.testdir({ file: "", taken: { "journal.db": {} }, held: {} });
  t.throws(() => open(path(dir, "file")), { code: "JOURNAL_UNWRITABLE" }, "no folder");
  t.throws(() => open(path(dir, "taken")), { code: "JOURNAL_UNWRITABLE" }, "no file");

  const journal = open(path(dir, "held"));
  t.teardown(() => journal.close());
  const id = journal.beginPass(["entra"], "schedule");
  const other = new Sqlite(path(dir, "held", "journal.db"));
  other.exec("BEGIN IMMEDIATE");
  t.throws(() => journal.intend(id, action([leave(anna, "admins")])), {
    name: "AgentError",
    code: "JOURNAL_UNWRITABLE",
  });
  other.exec("ROLLBACK");
  other.close();
  t.equal(journal.intend(id, action([leave(anna, "admins")])).length, 1, "it recovers");
});

t.test("an action is written with all its changes or not at all", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  const id = journal.beginPass(["entra"], "schedule");
  const broken = action([leave(anna, "a"), { ...leave(anna, "b"), reason: undefined as never }]);
  t.throws(() => journal.intend(id, broken));
  t.strictSame(journal.entries({ limit: 9 }), []);
});

t.test("a reader sees the present state, changes nothing, and needs no journal", async (t) => {
  const dir = t.testdir();
  const none = readJournal(options(dir, handClock()));
  t.equal(none.history(START).since, START);
  t.strictSame(readdirSync(dir), [], "reading begins no file");
  none.close();
  const journal = open(dir);
  t.teardown(() => journal.close());
  const id = journal.beginPass(["entra"], "schedule");
  const ids = journal.intend(id, action([leave(anna, "admins")]));
  const reader = readJournal(options(dir));
  t.equal(reader.history(START).losses.length, 1, "what is under way may have happened");
  t.match(reader.entries({ limit: 1 }), [{ type: "change", outcome: "unknown" }]);
  t.match(journal.entries({ limit: 1 }), [{ type: "change", outcome: "intended" }]);
  reader.close();
  journal.settle(ids, "refused", { code: "PVE_REFUSED", message: "no" });
  t.equal(journal.history(START).losses.length, 0);
});
