import t from "tap";
import { aclKey } from "../src/decide/facts.js";
import type { Action } from "../src/decide/plan.js";
import type { Outcome } from "../src/journal/index.js";
import {
  DAY,
  HOUR,
  START,
  action,
  anna,
  annaId,
  bert,
  bertId,
  disable,
  enable,
  grant,
  handClock,
  join,
  leave,
  open,
  pass,
  revoke,
} from "./journal-common.js";

const OUTCOMES: readonly Outcome[] = ["done", "unknown", "refused", "failed"];
const common = { realm: "entra", reason: "because" };

t.test("a new journal knows nothing, since now", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  t.same(journal.findings, []);
  t.strictSame(journal.history(START), {
    since: START,
    losses: [],
    joins: [],
    leaves: [],
    ownAcl: new Set(),
    ownGroups: new Set(),
    knownUsers: new Set(),
    takenFrom: new Set(),
    disabledByUs: new Map(),
    inMoment: new Set(),
    enabledAgain: new Set(),
    lostPrivilege: new Set(),
    leftSeen: new Map(),
    absentBefore: new Set(),
    approvals: [],
  });
});

t.test("losses: one for each person and group, with its cause, for 24 hours", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  pass(journal, "done", action([leave(anna, "admins"), leave(anna, "users")]));
  clock.advance(HOUR);
  pass(
    journal,
    "done",
    action([leave(anna, "admins")]),
    action([revoke("admins", [anna, bert, bert])]),
    action([disable(bert)]),
    action([{ ...leave(bert, "admins"), counted: "renamed" }]),
    action([{ ...leave(bert, "users"), approved: true }]),
    action([{ ...common, kind: "leave", userid: bert, group: "jit" }]),
  );
  const later = START + HOUR;
  t.strictSame(
    journal
      .history(later)
      .losses.map((loss) => JSON.stringify(loss))
      .sort(),
    [
      {
        at: START,
        realm: "entra",
        group: "users",
        userid: anna,
        cause: "removed",
        approved: false,
      },
      {
        at: later,
        realm: "entra",
        group: "admins",
        userid: anna,
        cause: "removed",
        approved: false,
      },
      {
        at: later,
        realm: "entra",
        group: "admins",
        userid: bert,
        cause: "removed",
        approved: false,
      },
      { at: later, realm: "entra", group: "users", userid: bert, cause: "removed", approved: true },
      { at: later, realm: "entra", userid: bert, cause: "disabled", approved: false },
      { at: later, realm: "entra", userid: bert, cause: "renamed", approved: false },
    ]
      .map((loss) => JSON.stringify(loss))
      .sort(),
  );
  t.equal(journal.history(START + DAY).losses.length, 5, "what is a whole day old is gone");
  t.equal(journal.history(later + DAY).losses.length, 0);
});

t.test("losses and joins count unless they surely did not happen", async (t) => {
  for (const [outcome, counted] of [
    ["done", 1],
    ["unknown", 1],
    ["refused", 0],
    ["failed", 0],
  ] as const) {
    const journal = open(t.testdir({}));
    pass(journal, outcome, action([leave(anna, "admins")]), action([join(bert, "admins")]));
    const history = journal.history(START);
    t.equal(history.losses.length, counted, `a ${outcome} loss`);
    t.equal(history.joins.length, counted, `a ${outcome} join`);
    journal.close();
  }
});

t.test("joins: those of a join, and those of a new user's groups", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  const created: Action = action([{ ...common, kind: "create-user", userid: bert, fields: {} }], {
    write: { kind: "create-user", userid: bert, fields: {}, groups: ["admins", "users"] },
  });
  pass(journal, "done", created, action([join(anna, "users")]), action([join(anna, "users")]));
  t.strictSame(journal.history(START).joins, [
    { at: START, group: "admins", userid: bert },
    { at: START, group: "users", userid: anna },
    { at: START, group: "users", userid: bert },
  ]);
  t.equal(journal.history(START + DAY).joins.length, 0);
});

t.test(
  "leaves: counted or not, approved or not, but not those that surely did not happen",
  async (t) => {
    const journal = open(t.testdir());
    t.teardown(() => journal.close());
    pass(journal, "done", action([{ ...leave(anna, "admins"), counted: "disabled" }]));
    pass(journal, "unknown", action([{ ...leave(bert, "admins"), approved: true }]));
    pass(journal, "refused", action([leave(bert, "users")]));
    t.strictSame(journal.history(START).leaves, [
      { at: START, group: "admins", userid: anna },
      { at: START, group: "admins", userid: bert },
    ]);
    t.equal(journal.history(START + DAY).leaves.length, 0);
  },
);

t.test("an ACL entry is ours from the first try to its certain end", async (t) => {
  const key = aclKey({ path: "/vms", ugid: "admins", role: "PVEVMUser" });
  for (const granted of OUTCOMES) {
    for (const revoked of [undefined, ...OUTCOMES]) {
      const journal = open(t.testdir({}));
      pass(journal, granted, action([grant("admins")]));
      if (revoked) pass(journal, revoked, action([revoke("admins", [])]));
      const ours = (granted === "done" || granted === "unknown") && revoked !== "done";
      t.equal(
        journal.history(START).ownAcl.has(key),
        ours,
        `granted: ${granted}, revoked: ${revoked ?? "no"}`,
      );
      journal.close();
    }
  }
});

t.test("a group is ours when we surely made or adopted it, until it is deleted", async (t) => {
  for (const kind of ["create-group", "adopt-group"] as const) {
    for (const outcome of OUTCOMES) {
      const journal = open(t.testdir({}));
      const made = { ...common, kind, group: "admins", comment: "[entra:entra]" };
      pass(journal, outcome, action([made]), action([grant("admins")]));
      const ours = journal.history(START).ownGroups.has("admins");
      t.equal(ours, outcome === "done", `${kind} ${outcome}`);
      pass(journal, "done", action([{ ...common, kind: "delete-group", group: "admins" }]));
      t.equal(journal.history(START).ownGroups.size, 0);
      t.equal(journal.history(START).ownAcl.size, 0, "PVE deletes a group's entries with it");
      journal.close();
    }
  }
});

t.test("people and users that we ever touched stay known", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  pass(journal, "unknown", action([leave(anna, "admins", annaId)]));
  pass(journal, "refused", action([leave(bert, "admins", bertId)]));
  pass(journal, "done", action([disable(bert, bertId)], { moment: true }));
  pass(journal, "done", action([{ ...enable(bert), person: bertId }], { moment: true }));
  clock.advance(500 * DAY);
  journal.prune(clock.now());
  const history = journal.history(clock.now());
  t.strictSame(history.knownUsers, new Set([anna, bert]));
  t.strictSame(history.takenFrom, new Set([annaId]), "nor refusals nor the moment take anything");
});

t.test("disabled by us: whose last change of enable was our disabling", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  const disabledAt = (): number | undefined => journal.history(clock.now()).disabledByUs.get(anna);
  pass(journal, "refused", action([disable(anna)]));
  t.equal(disabledAt(), undefined, "refused: nothing happened");
  pass(journal, "unknown", action([disable(anna)]));
  t.equal(disabledAt(), START, "unknown: may have happened");
  clock.advance(HOUR);
  pass(journal, "done", action([disable(anna)]));
  t.equal(disabledAt(), START + HOUR, "done");
  pass(journal, "done", action([{ ...common, kind: "update-user", userid: anna, fields: {} }]));
  t.equal(disabledAt(), START + HOUR, "a change of names is none of enable");
  pass(journal, "unknown", action([enable(anna)]));
  t.equal(disabledAt(), START + HOUR, "an enabling that may not have happened is tried again");
  pass(journal, "done", action([enable(anna)]));
  t.equal(disabledAt(), undefined, "enabled");
  pass(journal, "done", action([disable(anna)]));
  pass(
    journal,
    "done",
    action([{ ...common, kind: "delete-user", userid: anna, because: "aged" }]),
  );
  t.equal(disabledAt(), undefined, "deleted");
});

t.test(
  "leavers of an unknown date: the first moment, until we change enable ourselves",
  async (t) => {
    const clock = handClock();
    const journal = open(t.testdir(), clock);
    t.teardown(() => journal.close());
    journal.noteLeavers([anna, bert]);
    clock.advance(DAY);
    journal.noteLeavers([anna]);
    t.equal(journal.history(clock.now()).leftSeen.get(anna), START);
    pass(journal, "unknown", action([enable(anna)]));
    t.equal(journal.history(clock.now()).leftSeen.has(anna), true);
    pass(journal, "done", action([enable(anna)]));
    t.strictSame([...journal.history(clock.now()).leftSeen.keys()], [bert]);
  },
);

t.test("who was disabled by us and enabled by somebody else is not ours to enable", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  const history = () => journal.history(clock.now());
  pass(journal, "done", action([disable(anna)]), { ...action([disable(bert)]), moment: true });
  t.strictSame([...history().disabledByUs.keys()], [anna, bert]);
  t.strictSame(history().inMoment, new Set([bert]));
  journal.noteLeavers([anna]);
  journal.noteEnabled([anna, bert]);
  t.strictSame([...history().disabledByUs.keys()], []);
  t.strictSame(history().inMoment, new Set());
  t.strictSame(history().enabledAgain, new Set([anna, bert]));
  t.strictSame([...history().leftSeen.keys()], []);
  clock.advance(DAY);
  pass(journal, "done", action([disable(anna)]));
  t.strictSame([...history().disabledByUs], [[anna, START + DAY]], "and once more by us");
  t.strictSame(history().enabledAgain, new Set([bert]));
  pass(journal, "done", action([enable(bert)]));
  t.strictSame(history().enabledAgain, new Set());
});

t.test("a privileged group lost is known until it is given again, whatever the time", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  const lost = () => [...journal.history(clock.now()).lostPrivilege].sort();
  const out = (userid: typeof anna) =>
    action([{ ...common, kind: "leave", userid, group: "admins", privileged: true }]);
  pass(journal, "done", action([leave(anna, "ops")]));
  t.strictSame(lost(), [], "an ordinary one");
  pass(journal, "refused", out(anna));
  t.strictSame(lost(), []);
  pass(journal, "unknown", out(anna));
  pass(journal, "done", out(bert));
  clock.advance(30 * DAY);
  t.strictSame(lost(), [anna, bert]);
  pass(journal, "unknown", action([join(anna, "admins")]));
  pass(journal, "done", action([join(bert, "ops")]));
  t.strictSame(lost(), [anna, bert], "not surely, and not that one");
  pass(journal, "done", action([join(anna, "admins")]));
  t.strictSame(lost(), [bert]);
  pass(
    journal,
    "done",
    action([{ ...common, kind: "delete-user", userid: bert, because: "aged" }]),
  );
  t.strictSame(lost(), []);
});

t.test("a 404 counts from the pass after the one that heard it", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  const first = journal.beginPass(["entra"], "schedule");
  journal.noteAbsent(["id:a", "id:b"], first);
  t.strictSame(journal.history(START).absentBefore, new Set(), "not in the same pass");
  journal.endPass(first, new Map(), 1);
  t.strictSame(journal.history(START).absentBefore, new Set(["id:a", "id:b"]));
  const second = journal.beginPass(["entra"], "schedule");
  journal.noteAbsent(["id:a", "id:c"], second);
  journal.forgetAbsent(["id:b"]);
  t.strictSame(journal.history(START).absentBefore, new Set(["id:a"]));
});

t.test("rows carry Entra's time once it was told", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  const entra = START + 40 * HOUR;
  journal.history(entra);
  clock.advance(HOUR);
  pass(journal, "done", action([leave(anna, "admins")]));
  t.equal(journal.history(entra + HOUR).losses[0]?.at, entra + HOUR);
});
