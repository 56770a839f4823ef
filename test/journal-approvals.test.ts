import t from "tap";
import { DAY, HOUR, START, handClock, open } from "./journal-common.js";

const ID = "a".repeat(64);
const HELD = [
  { key: "leave|entra|p1|anna@entra|admins|", summary: "anna@entra leaves admins" },
  { key: "leave|entra|p2|bert@entra|admins|", summary: "bert@entra leaves admins" },
];
const keys = new Set(HELD.map(({ key }) => key));

t.test("a set of held changes is known by its id for a day after it was last noted", async (t) => {
  const clock = handClock();
  const journal = open(t.testdir(), clock);
  t.teardown(() => journal.close());
  t.equal(journal.heldSet(ID), undefined);
  journal.noteHolds(ID, HELD, clock.now());
  t.strictSame(journal.heldSet(ID), keys);
  clock.advance(23 * HOUR);
  journal.noteHolds(ID, HELD, clock.now());
  clock.advance(23 * HOUR);
  t.strictSame(journal.heldSet(ID), keys, "noted again");
  clock.advance(HOUR);
  t.equal(journal.heldSet(ID), undefined, "a day old");
  t.throws(() => journal.approve(ID, "root", clock.now()), { code: "APPROVAL_UNKNOWN" });
});

t.test("an id that nobody noted cannot be approved", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  journal.noteHolds(ID, HELD, START);
  for (const wrong of ["", "b".repeat(64), ID.slice(1), `${ID}' OR 1=1 --`]) {
    t.throws(() => journal.approve(wrong, "root", START), { code: "APPROVAL_UNKNOWN" });
  }
  t.strictSame(journal.history(START).approvals, []);
});

t.test(
  "an approval at a fraction of a millisecond does not make the journal look damaged",
  async (t) => {
    const dir = t.testdir();
    const journal = open(dir);
    journal.noteHolds(ID, HELD, START + 0.4);
    journal.approve(ID, "root", START + 0.6);
    journal.useApproval(HELD[0]?.key ?? "");
    journal.close();
    const later = open(dir);
    t.teardown(() => later.close());
    t.strictSame(later.history(START).approvals, [
      { id: ID, at: START + 1, keys: new Set([HELD[1]?.key]) },
    ]);
  },
);

t.test("an approval stands until each of its changes was made, or a day has passed", async (t) => {
  const clock = handClock();
  const dir = t.testdir();
  const journal = open(dir, clock);
  journal.noteHolds(ID, HELD, START);
  journal.approve(ID, "root", START);
  t.strictSame(journal.history(START).approvals, [{ id: ID, at: START, keys }]);
  journal.useApproval(HELD[0]?.key ?? "");
  t.strictSame(journal.history(START).approvals, [
    { id: ID, at: START, keys: new Set([HELD[1]?.key]) },
  ]);
  journal.close();
  const later = open(dir, clock);
  t.teardown(() => later.close());
  t.equal(later.history(START).approvals.length, 1, "a restart keeps it");
  t.equal(later.history(START + DAY).approvals.length, 0, "a day does not");
  later.useApproval(HELD[1]?.key ?? "");
  t.strictSame(later.history(START).approvals, [], "used up");
  t.match(later.entries({ limit: 5 }), [
    {
      type: "approval",
      at: START,
      approvalId: ID,
      by: "root",
      used: 2,
      summaries: HELD.map(({ summary }) => summary),
    },
  ]);
});

t.test("approvals are listed for whom and what they are about", async (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  journal.noteHolds(ID, HELD, START);
  journal.approve(ID, "root", START);
  const count = (filter: object): number => journal.entries({ ...filter, limit: 9 }).length;
  t.equal(count({ realm: "entra" }), 1);
  t.equal(count({ userid: "anna@entra" }), 1);
  t.equal(count({ group: "admins" }), 1);
  t.equal(count({ realm: "other" }), 0);
  t.equal(count({ userid: "nna@entra" }), 0);
  t.equal(count({ group: "admin" }), 0);
});
