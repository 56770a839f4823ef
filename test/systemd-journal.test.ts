import { fstatSync, mkdtempSync, openSync, closeSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { createLog } from "../src/log.js";
import type { Log } from "../src/log.js";
import { openDatagrams } from "../src/systemd/datagram.js";
import type { SendDatagram } from "../src/systemd/datagram.js";
import { goesToJournal, journalSink } from "../src/systemd/journal.js";
import { EVENTS } from "../src/systemd/message-ids.js";
import { until } from "./support/daemon-bed.js";
import { fieldsOf, listen } from "./support/datagrams.js";

const clock = { now: () => Date.UTC(2026, 10, 21, 12) };

/** What the journal was sent, or what standard output got instead. */
function logged(
  use: (log: Log) => void,
  takes: SendDatagram = () => "sent",
): { readonly entries: ReadonlyMap<string, string>[]; readonly lines: string[]; sizes: number[] } {
  const entries: ReadonlyMap<string, string>[] = [];
  const lines: string[] = [];
  const sizes: number[] = [];
  const send: SendDatagram = (path, bytes) => {
    const outcome = takes(path, bytes);
    sizes.push(bytes.length);
    if (outcome === "sent") entries.push(fieldsOf(bytes));
    return outcome;
  };
  const sink = journalSink({ socket: "/s", send, write: (line) => void lines.push(line) });
  use(createLog({ clock, level: "debug", sink }));
  return { entries, lines, sizes };
}

t.test("an entry has its fields, its priority and its id", async (t) => {
  const journal = listen(t);
  const send = await openDatagrams();
  const sink = journalSink({ socket: journal.path, send, write: (line) => t.fail(line) });
  const log = createLog({ clock, sink });
  log.error(
    { event: "CHANGES_HELD", realm: "entra", code: "GUARD_HELD", next: "Read the plan." },
    "3 changes are held",
  );
  await until("it has arrived", () => journal.received.length === 1);
  const [bytes] = journal.received;
  t.strictSame(Object.fromEntries(fieldsOf(bytes ?? Buffer.alloc(0))), {
    MESSAGE: "3 changes are held [entra, GUARD_HELD] Next: Read the plan.",
    PRIORITY: "3",
    SYSLOG_IDENTIFIER: "pve-entra-agent",
    SYSLOG_FACILITY: "3",
    MESSAGE_ID: EVENTS.CHANGES_HELD.id,
    PVE_ENTRA_EVENT: "CHANGES_HELD",
    PVE_ENTRA_REALM: "entra",
    PVE_ENTRA_CODE: "GUARD_HELD",
    PVE_ENTRA_NEXT: "Read the plan.",
  });
});

t.test("priorities are those of syslog, and an event stands out", async (t) => {
  const { entries } = logged((log) => {
    log.debug({}, "a");
    log.info({}, "b");
    log.info({ event: "RELOADED" }, "c");
    log.warn({}, "d");
    log.error({ event: "SECRET_REFUSED" }, "e");
  });
  t.strictSame(
    entries.map((fields) => fields.get("PRIORITY")),
    ["7", "6", "5", "4", "3"],
  );
  t.equal(entries[0]?.has("MESSAGE_ID"), false);
});

t.test("nothing in a value begins a field of its own", async (t) => {
  const evil = "Mallory\nMESSAGE_ID=0123\nPRIORITY=0\u0000\n\u202e_UID=0";
  const { entries } = logged((log) =>
    log.info({ realm: evil, "odd\nname=": evil, nested: { name: evil } }, evil),
  );
  const [fields = new Map<string, string>()] = entries;
  t.equal(fields.get("PRIORITY"), "6");
  t.notOk(fields.has("MESSAGE_ID"));
  t.notOk([...fields.keys()].some((name) => !/^[A-Z][A-Z0-9_]{0,63}$/.test(name)));
  t.notOk([...fields.values()].some((value) => /[\n\0\u202e]/.test(value)));
  t.match(fields.get("PVE_ENTRA_NESTED"), /Mallory/);
});

t.test("no secret reaches the journal", async (t) => {
  const secret = ["hunter2", "hunter2"].join("");
  const { entries } = logged((log) =>
    log.warn({ authorization: secret, reason: `password=${secret}` }, `client_secret=${secret}`),
  );
  t.notMatch(JSON.stringify(entries.map((fields) => [...fields])), new RegExp(secret));
});

t.test("what is too large is cut, and never lost", async (t) => {
  const huge = "é€😀".repeat(100_000);
  const more = Object.fromEntries(Array.from({ length: 19 }, (_, at) => [`f${at}`, huge]));
  const use = (log: Log): void => log.error({ event: "SECRET_REFUSED", ...more }, huge);
  const whole = logged(use);
  t.equal(whole.entries.length, 1);
  t.ok((whole.sizes[0] ?? Infinity) < 3 * 20 * 8_100, "bounded, whatever came");
  const small = logged(use, (_path, bytes) => (bytes.length > 4_000 ? "large" : "sent"));
  t.equal(small.entries.length, 1);
  t.equal(small.entries[0]?.get("MESSAGE_ID"), EVENTS.SECRET_REFUSED.id);
  t.match(small.entries[0]?.get("MESSAGE"), /^é€😀.*…$/u);
  const tiny = logged(use, () => "large");
  t.equal(tiny.lines.length, 1, "then it is a line of standard output");
});

t.test("a real socket takes the largest entry, cut where it must be", async (t) => {
  const journal = listen(t);
  const send = await openDatagrams();
  const sink = journalSink({ socket: journal.path, send, write: (line) => t.fail(line) });
  const more = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [`f${at}`, "€".repeat(9e3)]),
  );
  createLog({ clock, sink }).info({ event: "STARTED", ...more }, "it is there");
  await until("it has arrived", () => journal.received.length === 1);
  t.equal(fieldsOf(journal.received[0] ?? Buffer.alloc(0)).get("MESSAGE"), "it is there");
});

t.test("where the journal takes nothing a line says it, with its priority", async (t) => {
  const { lines, entries } = logged(
    (log) => {
      log.error({ realm: "entra", code: "GUARD_HELD" }, "held\n<0>forged");
      log.info({}, "plain");
    },
    () => "refused",
  );
  t.strictSame(entries, []);
  t.strictSame(lines, ["<3>held\\u000a<0>forged [entra, GUARD_HELD]\n", "<6>plain\n"]);
});

t.test("only an output that really goes to the journal counts", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "pea-journal-"));
  const file = openSync(join(dir, "out"), "w");
  t.teardown(() => {
    closeSync(file);
    rmSync(dir, { recursive: true });
  });
  const { dev, ino } = fstatSync(file);
  t.equal(goesToJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, file), true);
  t.equal(goesToJournal({ JOURNAL_STREAM: `${dev}:${ino + 1}` }, file), false);
  t.equal(goesToJournal({}, file), false);
  t.equal(goesToJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, 9_999), false);
});

t.test("ids are of their own, and what journald takes for one", async (t) => {
  const ids = Object.values(EVENTS).map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  for (const id of ids) t.match(id, /^[0-9a-f]{32}$/);
});
