import t from "tap";
import type { AclEntry, GroupId, PveUser, UserId } from "../src/decide/facts.js";
import type { Change } from "../src/decide/plan.js";
import type { Journal, JournalEntry, RealmOutcome, Seen } from "../src/journal/index.js";
import {
  DAY,
  HOUR,
  START,
  action,
  anna,
  annaId,
  bert,
  disable,
  grant,
  handClock,
  join,
  leave,
  open,
  pass,
  revoke,
} from "./journal-common.js";

const common = { realm: "entra", reason: "because" };

function user(userid: UserId, groups: readonly GroupId[]): PveUser {
  return {
    userid,
    realm: "entra",
    enable: true,
    expire: 0,
    comment: "desk 4",
    firstname: "Anna",
    lastname: "Adler",
    email: "anna@example.com",
    keys: "",
    groups,
    tokens: [{ tokenid: "ci", privsep: true, expire: 0 }],
  };
}

const entry: AclEntry = {
  path: "/vms",
  type: "group",
  ugid: "admins",
  role: "PVEVMUser",
  propagate: false,
};
const seen: Seen = {
  users: new Map([[anna, user(anna, ["admins"])]]),
  groups: new Map([["admins", { groupid: "admins", comment: "old words" }]]),
  acl: [{ ...entry, type: "user" }, entry],
};

function changesOf(journal: Journal): Extract<JournalEntry, { type: "change" }>[] {
  return journal.entries({ limit: 99 }).filter((one) => one.type === "change");
}

t.test("a change tells what, when, why, before and after", async (t) => {
  const table: [string, Change, unknown, unknown][] = [
    ["join", join(anna, "users"), { member: false }, { member: true }],
    ["leave", leave(anna, "admins"), { member: true }, { member: false }],
    ["join of somebody new", join(bert, "users"), { member: false }, { member: true }],
    [
      "update",
      { ...common, kind: "update-user", userid: anna, fields: { lastname: "Berg" } },
      { lastname: "Adler" },
      { lastname: "Berg" },
    ],
    [
      "disable",
      disable(anna),
      { enable: true, comment: "desk 4" },
      { enable: false, comment: "[entra:x left 2026-11-21]" },
    ],
    [
      "enable",
      { ...common, kind: "enable-user", userid: anna, fields: {} },
      { enable: true },
      { enable: true },
    ],
    [
      "delete",
      { ...common, kind: "delete-user", userid: anna, because: "aged" },
      {
        enable: true,
        expire: 0,
        comment: "desk 4",
        firstname: "Anna",
        lastname: "Adler",
        email: "anna@example.com",
        groups: ["admins"],
        tokens: ["ci"],
      },
      null,
    ],
    [
      "new group",
      { ...common, kind: "create-group", group: "users", comment: "new" },
      null,
      { comment: "new" },
    ],
    [
      "group's comment",
      { ...common, kind: "update-group", group: "admins", comment: "new" },
      { comment: "old words" },
      { comment: "new" },
    ],
    [
      "group gone",
      { ...common, kind: "delete-group", group: "admins" },
      { comment: "old words" },
      null,
    ],
    ["grant in place of another", grant("admins"), { propagate: false }, { propagate: true }],
    ["grant", grant("users"), null, { propagate: true }],
    ["revoke", revoke("admins", [anna]), { propagate: false }, null],
  ];
  for (const [name, change, before, after] of table) {
    const journal = open(t.testdir({}));
    const id = journal.beginPass(["entra"], "schedule");
    journal.settle(journal.intend(id, action([change]), seen), "done");
    const told = changesOf(journal);
    t.match(told, [{ type: "change", at: START, kind: change.kind, reason: "because" }], name);
    t.strictSame(told[0]?.before, before, `${name}: before`);
    t.strictSame(told[0]?.after, after, `${name}: after`);
    journal.close();
  }
});

t.test("a new user's groups stand in what came after", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  const fields = { firstname: "Bert" };
  const created = action([{ ...common, kind: "create-user", userid: bert, fields }], {
    write: { kind: "create-user", userid: bert, fields, groups: ["users"] },
  });
  journal.intend(journal.beginPass(["entra"], "schedule"), created, seen);
  const [told] = changesOf(journal);
  t.strictSame(told?.before, null);
  t.strictSame(told?.after, { firstname: "Bert", enable: true, groups: ["users"] });
  t.equal(told?.outcome, "intended");
});

t.test("everything that was given is told, and nothing else", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  const id = journal.beginPass(["entra"], "schedule");
  const change: Change = {
    ...leave(anna, "admins"),
    personName: "Anna Adler",
    entraGroups: [annaId],
    approved: true,
  };
  const ids = journal.intend(id, action([change], { moment: true }));
  journal.settle(ids, "refused", { code: "PVE_REFUSED", message: "no such group" });
  t.strictSame(journal.entries({ limit: 1 }), [
    {
      type: "change",
      at: START,
      pass: id,
      realm: "entra",
      kind: "leave",
      outcome: "refused",
      code: "PVE_REFUSED",
      message: "no such group",
      reason: "because",
      userid: anna,
      group: "admins",
      person: annaId,
      personName: "Anna Adler",
      entraGroups: [annaId],
      before: null,
      after: { member: false },
      approved: true,
      moment: true,
    },
  ]);
});

t.test(
  "newest first, at most as many as asked for, by realm, person, group and time",
  async (t) => {
    const clock = handClock();
    const journal = open(t.testdir(), clock);
    t.teardown(() => journal.close());
    pass(journal, "done", action([leave(anna, "admins")]));
    clock.advance(HOUR);
    pass(journal, "done", action([{ ...join(bert, "users"), realm: "other" }]));
    clock.advance(HOUR);
    pass(journal, "done", action([revoke("admins", [bert])]));
    journal.note("reload", undefined, "configuration loaded");
    journal.note("alarm", "entra", "twenty secrets", { count: 20 });
    const kinds = (filter: object): string[] =>
      journal
        .entries({ limit: 99, ...filter })
        .map((one) => (one.type === "change" ? one.kind : one.type));
    t.strictSame(kinds({}), ["revoke", "note", "note", "join", "leave"]);
    t.strictSame(kinds({ limit: 1 }), ["revoke"]);
    t.strictSame(kinds({ limit: 0 }), []);
    t.strictSame(kinds({ realm: "entra" }), ["revoke", "note", "leave"]);
    t.strictSame(kinds({ userid: bert }), ["revoke", "join"], "losing an entry is about them too");
    t.strictSame(kinds({ group: "admins" }), ["revoke", "leave"]);
    t.strictSame(kinds({ userid: bert, realm: "other" }), ["join"]);
    t.strictSame(kinds({ since: START + HOUR, until: START + 2 * HOUR }), ["join"]);
    t.match(journal.entries({ limit: 3 })[1], { kind: "alarm", detail: { count: 20 } });
  },
);

t.test("passes that went well are no entry; those that failed or were cut off are", async (t) => {
  const dir = t.testdir();
  const journal = open(dir);
  const well = journal.beginPass(["entra", "other"], "schedule");
  t.strictSame(journal.entries({ limit: 9 }), [], "nor is the one under way");
  const ok = { ok: true, counts: { changes: 0 } };
  journal.endPass(
    well,
    new Map([
      ["entra", ok],
      ["other", ok],
    ]),
    10,
  );
  const bad = journal.beginPass(["entra", "other"], "order");
  const failed = { ok: false, code: "PVE_NO_QUORUM" as const, counts: { refused: 2 } };
  journal.endPass(
    bad,
    new Map<string, RealmOutcome>([
      ["entra", ok],
      ["other", failed],
    ]),
    10,
  );
  journal.beginPass(["entra"], "schedule");
  journal.close();
  const again = open(dir);
  t.teardown(() => again.close());
  t.match(again.entries({ limit: 9 }), [
    { type: "pass", realm: "entra", ended: false, trigger: "schedule" },
    {
      type: "pass",
      pass: bad,
      trigger: "order",
      realm: "other",
      code: "PVE_NO_QUORUM",
      ended: true,
      counts: { refused: 2 },
    },
  ]);
  t.equal(again.entries({ limit: 9, realm: "other" }).length, 1);
  t.strictSame(
    again.lastPasses(),
    new Map([
      ["entra", { lastAttempt: START, lastSuccess: START, ok: true }],
      ["other", { lastAttempt: START, lastSuccess: START, ok: false, code: "PVE_NO_QUORUM" }],
    ]),
  );
});

t.test("what nobody settled is unknown once its pass has ended", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  const id = journal.beginPass(["entra"], "schedule");
  journal.intend(id, action([grant("admins")]));
  journal.endPass(id, new Map(), 1);
  t.match(changesOf(journal), [{ outcome: "unknown" }]);
  t.equal(journal.history(START).ownAcl.size, 1);
  journal.intend(journal.beginPass(["entra"], "schedule"), action([grant("users")]));
  const next = journal.beginPass(["entra"], "schedule");
  t.match(changesOf(journal), [{ outcome: "unknown" }, { outcome: "unknown" }]);
  t.equal(journal.history(START).ownAcl.size, 2, `known before pass ${next} decides`);
});

t.test("entries live 400 days, quiet passes seven, and what still holds for ever", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  const group: Change = { ...common, kind: "create-group", group: "admins", comment: "" };
  pass(journal, "done", action([group]), action([grant("admins")]), action([disable(anna)]));
  pass(journal, "done");
  journal.note("start", undefined, "begun");
  journal.cache.set("k", "v", 2 * DAY);
  t.equal(journal.cache.get("k"), "v");
  clock.advance(8 * DAY);
  journal.prune(clock.now());
  t.equal(journal.cache.get("k"), undefined);
  t.equal(journal.entries({ limit: 99 }).length, 4);
  t.match(journal.lastPasses().get("entra"), { ok: true, lastSuccess: START });
  clock.advance(391 * DAY);
  journal.prune(clock.now());
  t.equal(journal.entries({ limit: 99 }).length, 4, "399 days");
  clock.advance(2 * DAY);
  journal.prune(clock.now());
  t.strictSame(journal.entries({ limit: 99 }), [], "401 days");
  const history = journal.history(clock.now());
  t.equal(history.ownAcl.size, 1);
  t.equal(history.ownGroups.size, 1);
  t.strictSame(history.disabledByUs, new Map([[anna, START]]));
});
