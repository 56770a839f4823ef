/** What a node speaks of, and how the mails about it read. */
import t from "tap";
import { UNKNOWN_REALM } from "../src/health/index.js";
import type { HealthState } from "../src/health/index.js";
import { bookText, parseBook } from "../src/notify/book.js";
import { matters } from "../src/notify/matters.js";
import type { Judged } from "../src/notify/matters.js";
import { letter } from "../src/notify/words.js";
import { NOW, well, withRealm } from "./health-common.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const standings = (state: HealthState, under?: number): Record<string, Judged["standing"]> =>
  Object.fromEntries(matters(state, NOW, under).map(({ key, standing }) => [key, standing]));

const GOOD = {
  "secret entra": "good",
  "held entra": "good",
  "pass entra": "good",
  credential: "good",
};
const late = { ok: false, code: "PVE_NO_QUORUM", lastSuccess: NOW - HOUR - 1 } as const;

const STATES: Record<string, readonly [HealthState, object]> = {
  "all is well": [well, GOOD],
  "changes are held": [withRealm({ sync: { held: 2 } }), { ...GOOD, "held entra": "bad" }],
  "a pass that failed may have seen nothing to hold": [
    withRealm({ sync: { ok: false } }),
    { ...GOOD, "held entra": "unknown", "pass entra": "failing" },
  ],
  "what was held before a failed pass is still held": [
    withRealm({ sync: { ok: false, held: 1 } }),
    { ...GOOD, "held entra": "bad", "pass entra": "failing" },
  ],
  "the secret is refused": [
    withRealm({ secret: { accepted: false } }),
    { ...GOOD, "secret entra": "bad" },
  ],
  "no complete pass for an hour": [
    withRealm({ sync: late }),
    { ...GOOD, "held entra": "unknown", "pass entra": "bad" },
  ],
  "an hour to the millisecond is no more than an hour": [
    withRealm({ sync: { ...late, lastSuccess: NOW - HOUR } }),
    { ...GOOD, "held entra": "unknown", "pass entra": "failing" },
  ],
  "the hour begins with the daemon: who was off for a weekend has missed nothing": [
    { ...withRealm({ sync: late }), startedAt: NOW - HOUR },
    { ...GOOD, "held entra": "unknown", "pass entra": "failing" },
  ],
  "the last good pass has a date of a clock that was a year ahead": [
    withRealm({ sync: { ...late, lastSuccess: NOW + 365 * DAY } }),
    { ...GOOD, "held entra": "unknown", "pass entra": "bad" },
  ],
  "passes are rare by configuration, and the last one was good": [
    withRealm({ sync: { ok: true, lastSuccess: NOW - 6 * HOUR } }),
    GOOD,
  ],
  "the agent's credential ends in thirty days": [
    { ...well, credentialEnds: NOW + 30 * DAY },
    { ...GOOD, credential: "bad" },
  ],
  "a standby leaves the cluster's matters to the writer": [
    {
      ...withRealm({ secret: { accepted: false }, sync: { held: 3, ok: false } }),
      lease: { leader: false, writer: "pve2" },
      credentialEnds: NOW - DAY,
    },
    { credential: "bad" },
  ],
  "where nobody knows who writes, each node speaks, but not of what it would hold": [
    {
      ...withRealm({ secret: { accepted: false }, sync: { ...late, held: 3 } }),
      lease: { leader: false },
    },
    { "secret entra": "bad", "held entra": "unknown", "pass entra": "bad", credential: "good" },
  ],
  "just started": [
    {
      version: "1",
      startedAt: NOW,
      observed: false,
      lease: { leader: true },
      reload: { ok: true },
      realms: new Map([["entra", UNKNOWN_REALM]]),
      findings: new Map(),
    },
    {
      "secret entra": "unknown",
      "held entra": "unknown",
      "pass entra": "unknown",
      credential: "unknown",
    },
  ],
};

for (const [name, [state, wanted]] of Object.entries(STATES)) {
  t.test(name, async (t) => {
    t.strictSame(standings(state), wanted);
  });
}

t.test("a pass that does not end counts as one that fails, after five minutes", async (t) => {
  t.equal(standings(well, NOW - 5 * MINUTE)["pass entra"], "good");
  t.equal(standings(well, NOW - 5 * MINUTE - 1)["pass entra"], "failing");
});

const bad: HealthState = {
  ...withRealm({ secret: { accepted: false }, sync: { ...late, held: 12, heldPeople: 6 } }),
  credentialEnds: NOW + DAY,
};

t.test("every mail says what, since when, how many, and what to do, in plain ASCII", async (t) => {
  const all = matters(bad, NOW);
  t.equal(all.length, 4);
  for (const { key, matter } of all) {
    for (const kind of ["begun", "reminder", "over"] as const) {
      const mail = letter({ key, kind, matter, since: NOW - DAY }, "pve1", NOW);
      t.match(mail.subject, /^pve-entra-agent on pve1: [\x20-\x7e]{10,100}$/);
      t.match(mail.text, /^[\x20-\x7e\n]+$/);
      t.match(mail.text.replaceAll("\n", " "), "since 2026-11-20 12:00:00 UTC");
      t.ok(mail.text.split("\n").every(({ length }) => length <= 72));
      t.notMatch(mail.text, /Ab1/, "not even the hint of a secret");
      if (kind === "over") t.match(mail.text, /last mail about it/);
      else t.match(mail.text, /pve-entra-agent (plan|status)|credential file/);
    }
  }
  const texts = all.map(({ key, matter }) =>
    letter({ key, kind: "begun", matter, since: NOW }, "pve1", NOW),
  );
  t.match(
    texts.map(({ text }) => text).join("\n"),
    /holds 12 changes for 6 people[^]*PVE_NO_QUORUM/,
  );
});

t.test("a name cannot end a header line, nor look like another one", async (t) => {
  const name = "pve1\r\nBcc: all@example.com\r\n\r\nhello\u202eevil\u0000\ud800";
  const [first] = matters(bad, NOW);
  if (first === undefined) throw new Error("nothing to tell");
  const matter = { topic: "held", realm: name, held: 1, people: 1 } as const;
  for (const node of ["pve1", name.repeat(40)]) {
    const mail = letter({ key: first.key, kind: "begun", matter, since: NOW }, node, NOW);
    t.match(mail.subject, /^[\x20-\x7e]{1,200}$/);
    t.match(mail.text, /^[\x20-\x7e\n]+$/);
    t.notMatch(mail.text, /^Bcc/m);
  }
});

t.test("a mail about a pass says that people wait only where they do", async (t) => {
  const wait = /nobody gains rights/;
  const textOf = (code?: "ENTRA_UNREACHABLE" | "SSO_APP_REFUSED"): string => {
    const matter = { topic: "pass", realm: "entra", ...(code && { code }) } as const;
    const { text } = letter({ key: "pass entra", kind: "begun", matter, since: NOW }, "pve1", NOW);
    return text.replaceAll("\n", " ");
  };
  t.match(textOf(), wait, "it does not end");
  t.match(textOf("ENTRA_UNREACHABLE"), wait);
  t.notMatch(textOf("SSO_APP_REFUSED"), wait);
  t.match(textOf("SSO_APP_REFUSED"), /the last one failed: SSO_APP_REFUSED\. +Groups and rights/);
});

t.test("what was told survives as text, and nonsense in its place counts as nothing", async (t) => {
  const book = new Map([
    ["held entra", { state: "open", since: 1, told: 2 }],
    ["credential", { state: "open", since: 3 }],
    ["pass other", { state: "open", since: 3, seen: 4 }],
    ["secret entra", { state: "over", since: 4, told: 5 }],
    ["pass entra", { state: "quiet", since: 6, told: 7 }],
  ] as const);
  t.strictSame(parseBook(bookText(book)), book);
  const nonsense = [
    "",
    "{",
    "null",
    "7",
    "{}",
    '[["a"]]',
    "[[1,{}]]",
    '[["a",null]]',
    '[["a",{"state":"gone","since":1}]]',
    '[["a",{"state":"open"}]]',
    '[["a",{"state":"open","since":"1"}]]',
    '[["a",{"state":"over","since":1}]]',
    '[["a",{"state":"open","since":1,"told":"x"}]]',
    '[["a",{"state":"open","since":1,"seen":"x"}]]',
  ];
  for (const text of nonsense) t.equal(parseBook(text).size, 0, text);
});
