/** What commands print for a person: each thing once, with what one needs to act on it. */
import t from "tap";
import { entryText } from "../src/commands/history-text.js";
import { heldLines } from "../src/commands/held-text.js";
import { statusText } from "../src/commands/status-text.js";
import type { StatusView } from "../src/daemon/status.js";
import type { UserId } from "../src/decide/facts.js";
import { plainPaint, renderPlan } from "../src/decide/render.js";
import type { Plan, RightsDelta } from "../src/decide/plan.js";
import type { RotationDecision } from "../src/decide/rotation-facts.js";
import { action, anna, grant, join, leave, open, pass } from "./journal-common.js";

t.test("history says which role at which path was given to a group", (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  pass(journal, "done", action([grant("admins", "/pool/dev", "PVEVMUser")]));
  const [entry] = journal.entries({ limit: 1 });
  t.match(entry, { type: "change", path: "/pool/dev", role: "PVEVMUser" });
  t.match(entry && entryText(entry), /grant PVEVMUser at \/pool\/dev for admins: done/);
  t.end();
});

t.test("history words joins and leaves as the plan does", (t) => {
  const journal = open(t.testdir());
  t.teardown(() => journal.close());
  pass(journal, "done", action([join(anna, "users"), leave(anna, "admins")]));
  const lines = journal.entries({ limit: 9 }).map((entry) => entryText(entry).split("\n")[0]);
  t.same(
    lines.map((line) => line?.replace(/^.*UTC {2}/, "")).sort(),
    ["join users: anna@example.com@entra: done", "leave admins: anna@example.com@entra: done"],
    "membership before and after is what the words say already",
  );
  t.end();
});

t.test("what is held has each reason once", (t) => {
  const held = [
    { what: "leave ops: a", why: "too many" },
    { what: "disable user b", why: "another reason" },
    { what: "leave ops: b\u202e", why: "too many" },
  ];
  t.same(heldLines(held), [
    "too many",
    "  leave ops: a",
    "  leave ops: b\\u202e",
    "another reason",
    "  disable user b",
  ]);
  t.end();
});

t.test("status names days as people read them", (t) => {
  const text = statusText(STATUS, false);
  t.match(text, /secret abc…: accepted, ends 2027-05-21 04:15:16 UTC\n/);
  t.match(text, /last pass: 2026-11-27 10:28:26 UTC \(good\); last good one: the same\n/);
  t.match(text, /own credential ends 2040-01-01 00:00:00 UTC\n/);
  t.notMatch(text, /\dT\d\d:/);
  t.end();
});

t.test("a daemon that has just started does not say that another node writes", (t) => {
  const lease = { leader: false, writer: null };
  const text = statusText(
    { ...STATUS, health: { ...STATUS.health, state: "starting", lease } },
    false,
  );
  t.match(text, /: starting\nwhich node writes is known after the first pass\n/);
  t.end();
});

t.test("a realm without a client key has no beginning of one", (t) => {
  const { entra } = STATUS.health.realms;
  if (entra === undefined) throw new Error("the status has this realm");
  const realms = { entra: { ...entra, secret: { ...entra.secret, hint: "" } } };
  const text = statusText({ ...STATUS, health: { ...STATUS.health, realms } }, false);
  t.match(text, / {2}secret: accepted/);
  const decision: RotationDecision = {
    clientId: "app",
    realms: [{ realm: "entra", hint: "" }],
    remove: [],
    findings: [],
  };
  t.match(renderPlan(EMPTY, [decision], plainPaint), /realm entra: no client-key\n/);
  t.end();
});

const gains = (userid: string, gained: Record<string, string[]>): RightsDelta => ({
  userid: userid as UserId,
  lost: new Map(),
  gained: new Map(Object.entries(gained)),
});

t.test("the plan says the same rights of several people and paths once", (t) => {
  const admin = { "/": ["Sys.Audit", "VM.Audit"], "/vms": ["Sys.Audit", "VM.Audit"] };
  const rights = [
    gains("a@entra", admin),
    gains("b@entra", { "/vms": ["VM.Audit"] }),
    gains("c@entra", admin),
  ];
  const text = renderPlan({ ...EMPTY, rights }, [], plainPaint);
  t.equal(
    text,
    `Nothing to do.

Rights gained
  a@entra
  c@entra
    + /, /vms: Sys.Audit VM.Audit
  b@entra
    + /vms: VM.Audit
`,
  );
  t.end();
});

const EMPTY: Plan = {
  actions: [],
  holds: [],
  waiting: [],
  rights: [],
  guard: [],
  kept: [],
  skipped: [],
  unmanaged: [],
  untouched: [],
  wakingTokens: [],
  findings: [],
  members: new Map(),
  heard: { absent: [], leavers: [], enabledAgain: [] },
  database: { now: 0, after: 0, limit: 1 },
};

const STATUS: StatusView = {
  running: true,
  approval_id: null,
  held: [],
  waiting: [],
  kept: [],
  skipped: [],
  findings: [],
  health: {
    state: "ok",
    reasons: [],
    version: "0.1.0",
    since: "2026-11-22T04:11:00.000Z",
    lease: { leader: true, writer: null },
    reload: { ok: true, at: null },
    credential: { expires: "2040-01-01T00:00:00.000Z" },
    database: null,
    findings: {},
    realms: {
      entra: {
        secret: {
          hint: "abc",
          expires: "2027-05-21T04:15:16.744Z",
          accepted: true,
          last_proof: null,
          rotating: false,
          last_rotation: null,
        },
        sync: {
          ok: true,
          code: null,
          last_attempt: "2026-11-27T10:28:26.125Z",
          last_success: "2026-11-27T10:28:26.125Z",
          duration_seconds: 1,
          held: 0,
          skipped: 0,
          kept: 0,
          unmanaged: 0,
        },
        findings: {},
      },
    },
  },
};
