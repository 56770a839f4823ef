/** Which mails are due: a table of how things stood before, how they stand, and what is told. */
import t from "tap";
import { look, told } from "../src/notify/due.js";
import type { Book, Due, Entry } from "../src/notify/due.js";
import type { Judged } from "../src/notify/matters.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22, 12);

const judged = (standing: Judged["standing"], key = "held entra"): Judged => ({
  key,
  matter: { topic: "held", realm: "entra", held: 3, people: 2 },
  standing,
});

interface Case {
  readonly name: string;
  readonly before?: Entry;
  readonly standing: Judged["standing"];
  readonly after?: Entry;
  readonly due?: Due["kind"];
}

const since = NOW - 3 * DAY;

const CASES: readonly Case[] = [
  { name: "what was never bad is no news", standing: "good" },
  { name: "what nobody knows is no news", standing: "unknown" },
  {
    name: "what begins is told",
    standing: "bad",
    after: { state: "open", since: NOW },
    due: "begun",
  },
  {
    name: "what could not be told is told at the next look",
    before: { state: "open", since },
    standing: "bad",
    after: { state: "open", since },
    due: "begun",
  },
  {
    name: "what lasts is told once",
    before: { state: "open", since, told: NOW - DAY + 1 },
    standing: "bad",
    after: { state: "open", since, told: NOW - DAY + 1 },
  },
  {
    name: "what lasts is told again after a day",
    before: { state: "open", since, told: NOW - DAY },
    standing: "bad",
    after: { state: "open", since, told: NOW - DAY },
    due: "reminder",
  },
  {
    name: "a clock that was set back by days silences no reminder",
    before: { state: "open", since, told: NOW + 2 * DAY },
    standing: "bad",
    after: { state: "open", since, told: NOW + 2 * DAY },
    due: "reminder",
  },
  {
    name: "nobody knows whether it lasts: no reminder, and not over either",
    before: { state: "open", since, told: NOW - 2 * DAY },
    standing: "unknown",
    after: { state: "open", since, told: NOW - 2 * DAY },
  },
  {
    name: "what is over is told",
    before: { state: "open", since, told: NOW - HOUR },
    standing: "good",
    after: { state: "over", since, told: NOW - HOUR },
    due: "over",
  },
  {
    name: "what was over before anybody was told is not told at all",
    before: { state: "open", since },
    standing: "good",
  },
  {
    name: "an end that could not be told is told at the next look",
    before: { state: "over", since, told: NOW - HOUR },
    standing: "good",
    after: { state: "over", since, told: NOW - HOUR },
    due: "over",
  },
  {
    name: "an end that could not be told is told after a restart as well, before anybody has looked",
    before: { state: "over", since, told: NOW - HOUR },
    standing: "unknown",
    after: { state: "over", since, told: NOW - HOUR },
    due: "over",
  },
  {
    name: "what came back before its end was told never ended",
    before: { state: "over", since, told: NOW - HOUR },
    standing: "bad",
    after: { state: "open", since, told: NOW - HOUR },
  },
  {
    name: "what comes back shortly after its end was told has to wait",
    before: { state: "quiet", since, told: NOW - HOUR + 1 },
    standing: "bad",
    after: { state: "quiet", since, told: NOW - HOUR + 1 },
  },
  {
    name: "what is still back an hour later is told as something new",
    before: { state: "quiet", since, told: NOW - HOUR },
    standing: "bad",
    after: { state: "open", since: NOW },
    due: "begun",
  },
  {
    name: "what fails is not told at once",
    standing: "failing",
    after: { state: "open", since: NOW, seen: NOW },
  },
  {
    name: "what has failed for an hour is told, whoever was restarted meanwhile",
    before: { state: "open", since: NOW - HOUR, seen: NOW - 5 * MINUTE },
    standing: "failing",
    after: { state: "open", since: NOW - HOUR, seen: NOW },
    due: "begun",
  },
  {
    name: "what failed when the node was turned off for a weekend begins anew",
    before: { state: "open", since: NOW - 3 * DAY, seen: NOW - 2 * DAY },
    standing: "failing",
    after: { state: "open", since: NOW, seen: NOW },
  },
  {
    name: "what fails no more before anybody was told is no news",
    before: { state: "open", since: NOW - HOUR, seen: NOW - 5 * MINUTE },
    standing: "good",
  },
  {
    name: "what was told and still fails is told again after a day",
    before: { state: "open", since, told: NOW - DAY },
    standing: "failing",
    after: { state: "open", since, told: NOW - DAY },
    due: "reminder",
  },
  {
    name: "what stays away is forgotten",
    before: { state: "quiet", since, told: NOW - HOUR },
    standing: "good",
  },
];

for (const { name, before, standing, after, due } of CASES) {
  t.test(name, async (t) => {
    const book: Book = new Map(before === undefined ? [] : [["held entra", before]]);
    const result = look(book, [judged(standing)], NOW);
    t.strictSame(result.book.get("held entra"), after);
    t.strictSame(
      result.due.map(({ kind }) => kind),
      due === undefined ? [] : [due],
    );
    if (due !== undefined) t.equal(result.due[0]?.since, after?.since);
  });
}

t.test("what is none of this node's any more is forgotten without a word", async (t) => {
  const book: Book = new Map([["held entra", { state: "open", since, told: since }]]);
  t.strictSame(look(book, [judged("bad", "credential")], NOW).book.get("held entra"), undefined);
});

/** A look every five minutes, each mail taken at once; `bad` says how things stand by minute. */
function live(minutes: number, bad: (minute: number) => boolean): string[] {
  let book: Book = new Map();
  const mails: string[] = [];
  for (let minute = 0; minute < minutes; minute += 5) {
    const now = NOW + minute * MINUTE;
    const next = look(book, [judged(bad(minute) ? "bad" : "good")], now);
    book = next.book;
    for (const due of next.due) {
      mails.push(`${minute} ${due.kind}`);
      book = told(book, due, now);
    }
  }
  return mails;
}

t.test("three days of trouble are one mail, a reminder a day and one at the end", async (t) => {
  const mails = live(4 * 1440, (minute) => minute >= 60 && minute < 60 + 3 * 1440);
  t.strictSame(mails, ["60 begun", "1500 reminder", "2940 reminder", "4380 over"]);
});

t.test(
  "what flaps at every look for a day fills no mailbox, and its mails take turns",
  async (t) => {
    const mails = live(1440, (minute) => minute % 10 === 0);
    const kinds = mails.map((mail) => mail.split(" ")[1]);
    t.ok(mails.length >= 2 && mails.length <= 48, `${mails.length} mails`);
    t.ok(kinds.every((kind, at) => kind === (at % 2 === 0 ? "begun" : "over")));
  },
);

t.test("what ends while the mail about it is on its way is told to be over", async (t) => {
  const first = look(new Map(), [judged("bad")], NOW);
  const [due] = first.due;
  if (due === undefined) throw new Error("nothing was due");
  const meanwhile = look(first.book, [judged("good")], NOW + 1);
  const book = told(meanwhile.book, due, NOW + 2);
  const next = look(book, [judged("good")], NOW + 3);
  t.strictSame(
    next.due.map(({ kind }) => kind),
    ["over"],
  );
});
