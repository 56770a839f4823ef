import { readFileSync, readdirSync } from "node:fs";
import { join as path } from "node:path";
import t from "tap";
import { readJournal } from "../src/journal/index.js";
import { Secret } from "../src/secret.js";
import {
  DAY,
  HOUR,
  START,
  action,
  anna,
  handClock,
  leave,
  open,
  options,
} from "./journal-common.js";

const APP = "33333333-3333-4333-8333-333333333333";
const intent = {
  clientId: APP,
  realms: ["entra", "lab"],
  displayName: "pve-entra-agent 0123456789ab/entra, do not copy",
  start: START,
  end: START + 180 * DAY,
  reason: "its secret ends in five days",
  forced: false,
};

t.test("an intent is ours by its dates, then by its key id, through all its states", async (t) => {
  const clock = handClock();
  const dir = t.testdir();
  const journal = open(dir, clock);
  const id = journal.secrets.intend(intent);
  const { clientId, realms, displayName, start, end: sent, forced } = intent;
  const known = { clientId, realms, displayName, start, end: sent, forced };
  const first = { ...known, intent: id, state: "intended", at: START };
  t.strictSame(journal.secrets.all(APP), [first]);
  clock.advance(1000);
  const end = intent.end - 1;
  journal.secrets.made(id, { keyId: "k1", start: START, end });
  const made = { ...first, end, keyId: "k1", state: "made", at: START + 1000 };
  t.match(journal.secrets.all(APP), [made]);
  for (const state of ["proved", "written", "removed"] as const) {
    clock.advance(1000);
    journal.secrets.mark(id, state, `it is ${state}`);
    t.match(journal.secrets.all(APP), [{ keyId: "k1", state, at: clock.now() }]);
  }
  journal.close();
  const reader = readJournal(options(dir));
  t.teardown(() => reader.close());
  t.match(reader.secrets.all(APP), [{ keyId: "k1", state: "removed" }], "it survives a restart");
  t.strictSame(reader.secrets.all("other"), []);
  const told = reader.entries({ realm: "lab", limit: 9 });
  t.match(told, [
    { type: "rotation", state: "removed", detail: "it is removed", keyId: "k1" },
    { type: "rotation", state: "written" },
    { type: "rotation", state: "proved" },
    { type: "rotation", state: "made" },
    { type: "rotation", state: "intended", reason: intent.reason, realms: ["entra", "lab"] },
  ]);
  t.strictSame(reader.entries({ realm: "other", limit: 9 }), []);
});

t.test("forced rotations are counted, but for those that made nothing", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  const forced = { ...intent, forced: true };
  journal.secrets.intend(intent);
  journal.secrets.intend({ ...forced, clientId: "other" });
  journal.secrets.mark(journal.secrets.intend(forced), "not-made", "the lifetime is capped");
  journal.secrets.intend(forced);
  clock.advance(HOUR);
  journal.secrets.mark(journal.secrets.intend(forced), "removed");
  t.equal(journal.secrets.forcedSince(APP, START), 2);
  t.equal(journal.secrets.forcedSince(APP, START + 1), 1);
});

t.test("own secrets that have not ended are kept whatever their age", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  journal.secrets.intend(intent);
  journal.secrets.intend({ ...intent, end: START + 500 * DAY });
  clock.advance(401 * DAY);
  journal.prune(clock.now());
  t.match(journal.secrets.all(APP), [{ end: START + 500 * DAY }]);
  t.equal(journal.entries({ limit: 9 }).length, 1);
  clock.advance(100 * DAY);
  journal.prune(clock.now());
  t.strictSame(journal.secrets.all(APP), []);
});

t.test("no value of a secret gets into the file by any way in", async (t) => {
  const dir = t.testdir();
  const journal = open(dir);
  // Made here, so that no file of the repository holds anything that looks like a secret.
  const body = "n0tR3al".repeat(5).slice(0, 34);
  const value = `${"Ab1"}8${"Q~"}${body}`;
  const jwt = ["eyJhbGciOiJub25l", "eyJzdWIiOiJub2JvZHki", "c2lnbmF0dXJl"].join(".");
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";
  const texts = [
    `client_secret=${value}`,
    `refused ${value} because`,
    `{"client-key":"${value}","type":"openid"}`,
    `Authorization: Bearer ${jwt}`,
    `PVEAPIToken=entra-agent@pve!agent=${uuid}`,
    `token ${jwt}`,
  ];
  const secret = new Secret(value);
  const id = journal.beginPass(["entra"], "schedule");
  for (const text of texts) {
    const ids = journal.intend(id, action([{ ...leave(anna, "admins"), reason: text }]));
    journal.settle(ids, "refused", { code: "PVE_REFUSED", message: text });
    journal.note("alarm", "entra", text, {
      secret,
      key: secret,
      nested: [{ text, list: [secret] }],
    });
    journal.note("alarm", "entra", `${String(secret)} ${JSON.stringify({ secret })}`);
    const made = journal.secrets.intend({ ...intent, reason: text });
    journal.secrets.mark(made, "proof-failed", text);
    journal.noteHolds("id", [{ key: "k", summary: text }], START);
    journal.approve("id", text, START);
  }
  journal.endPass(id, new Map(), 1);
  const search = (): void => {
    for (const name of readdirSync(dir)) {
      const bytes = readFileSync(path(dir, name));
      for (const hidden of [value, jwt, uuid]) t.notOk(bytes.includes(hidden), name);
    }
  };
  search();
  t.match(JSON.stringify(journal.entries({ limit: 99 })), /\[secret\]/);
  journal.close();
  search();
});
