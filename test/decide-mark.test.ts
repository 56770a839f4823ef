import fc from "fast-check";
import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import {
  parseGroupMark,
  parseUserMark,
  USER_COMMENT_LIMIT,
  writeGroupMark,
  writeUserMark,
  type UserMark,
} from "../src/decide/mark.js";
import { seedOfRun } from "./reliability/size.js";

const ID = "0a1b2c3d-1111-2222-3333-444455556666" as ObjectId;
const PLAIN: UserMark = { id: ID, moment: false, jit: false };

t.test("a user's mark says who it is, and what we did", (t) => {
  const cases: [name: string, comment: string, mark: UserMark][] = [
    ["the person alone", `[entra:${ID}]`, PLAIN],
    ["a leaver", `[entra:${ID} left 2026-11-21]`, { ...PLAIN, left: "2026-11-21" }],
    ["disabled for the moment", `[entra:${ID} moment]`, { ...PLAIN, moment: true }],
    ["just in time only", `[entra:${ID} jit]`, { ...PLAIN, jit: true }],
    [
      "everything at once",
      `[entra:${ID} left 2024-02-29 moment jit]`,
      { id: ID, left: "2024-02-29", moment: true, jit: true },
    ],
  ];
  for (const [name, comment, mark] of cases) {
    t.same(parseUserMark(comment), { text: "", mark }, `${name}: read`);
    t.same(writeUserMark("", mark), { comment, fits: true }, `${name}: written`);
    t.same(parseUserMark(`night shift ${comment}`), { text: "night shift", mark }, `${name}: text`);
  }
  t.same(parseUserMark(`[entra:${ID} jit left 2026-11-21]`).mark, {
    ...PLAIN,
    left: "2026-11-21",
    jit: true,
  });
  t.end();
});

t.test("what only looks like a mark belongs to people", (t) => {
  const comments = [
    "",
    "[entra:]",
    `[entra:${ID.toUpperCase()}]`,
    `[entra:${ID}] `,
    `[entra:${ID}]\n`,
    `[entra:${ID}].`,
    `[entra:${ID} ]`,
    `[entra: ${ID}]`,
    `[entra:${ID}  jit]`,
    `[entra:${ID} jit jit]`,
    `[entra:${ID} left]`,
    `[entra:${ID} left 2026-02-30]`,
    `[entra:${ID} left 2026-13-01]`,
    `[entra:${ID} left 26-1-1]`,
    `[entra:${ID} left 2026-11-21 left 2026-11-22]`,
    `[entra:${ID} gone]`,
    `[entra:${ID}\njit]`,
    `[Entra:${ID}]`,
    `entra:${ID}]`,
    `[entra:${ID}`,
    `[entra:[${ID}]]`,
    `[entra:${ID.slice(1)}]`,
    "[entra:contoso]",
  ];
  for (const comment of comments) t.same(parseUserMark(comment), { text: comment }, comment);
  t.end();
});

t.test("only the last mark counts, one before it is people's text", (t) => {
  const other = "ffffffff-1111-2222-3333-444455556666" as ObjectId;
  const comment = `[entra:${other}] [entra:${ID}]`;
  t.same(parseUserMark(comment), { text: `[entra:${other}]`, mark: PLAIN });
  t.same(writeUserMark(`[entra:${other}]`, PLAIN).comment, comment);
  t.end();
});

t.test("people's text keeps its line breaks, spaces and brackets", (t) => {
  for (const text of [
    "a\nb",
    " ",
    "  two ",
    "x\n",
    "\t",
    "[",
    "]",
    "a:b%41",
    "…ü日😀",
    "[entra:",
  ]) {
    const { comment } = writeUserMark(text, PLAIN);
    t.same(parseUserMark(comment), { text, mark: PLAIN }, JSON.stringify(text));
  }
  t.same(parseUserMark(`x[entra:${ID}]`), { text: "x", mark: PLAIN }, "no space before the mark");
  t.end();
});

t.test("a comment without room is written without its mark, never cut", (t) => {
  const room = USER_COMMENT_LIMIT - ` [entra:${ID}]`.length;
  t.equal(writeUserMark("x".repeat(room), PLAIN).fits, true);
  t.equal(writeUserMark("😀".repeat(room), PLAIN).fits, true, "PVE counts characters");
  const full = "x".repeat(room + 1);
  t.same(writeUserMark(full, PLAIN), { comment: full, fits: false });
  t.end();
});

const marks = fc.record({
  id: fc.uuid().map((id) => id as ObjectId),
  left: fc.option(
    fc
      .date({ min: new Date("1970-01-01"), max: new Date("2199-12-31"), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    { nil: undefined },
  ),
  moment: fc.boolean(),
  jit: fc.boolean(),
});
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: fc.constantFrom("[", "]", " ", "\n", "entra:", "left", ID, "jit") }),
  marks.map((mark) => writeUserMark("", clean(mark)).comment),
);

/** The generator's `left: undefined` as a mark has it: absent. */
function clean(mark: { id: ObjectId; left: string | undefined; moment: boolean; jit: boolean }) {
  const { left, ...rest } = mark;
  return left === undefined ? rest : { ...rest, left };
}

t.test("property: whatever people wrote, text and mark come back as they were", (t) => {
  fc.assert(
    fc.property(hostile, marks, (text, generated) => {
      const mark = clean(generated);
      const { comment, fits } = writeUserMark(text, mark);
      if (!fits) return comment === text;
      const read = parseUserMark(comment);
      return read.text === text && JSON.stringify(read.mark) === JSON.stringify(order(mark));
    }),
    { numRuns: 2000, seed: seedOfRun() },
  );
  t.end();
});

t.test("property: reading and writing again changes no letter of people's text", (t) => {
  fc.assert(
    fc.property(hostile, (comment) => {
      const read = parseUserMark(comment);
      if (read.mark === undefined) return read.text === comment;
      const again = parseUserMark(writeUserMark(read.text, read.mark).comment);
      return comment.startsWith(read.text) && again.text === read.text;
    }),
    { numRuns: 2000, seed: seedOfRun() },
  );
  t.end();
});

t.test("a group's mark names its realm, and no other realm's counts", (t) => {
  t.same(parseGroupMark("[entra:contoso]", "contoso"), { text: "", marked: true });
  t.same(parseGroupMark("Admins [entra:contoso]", "contoso"), { text: "Admins", marked: true });
  for (const comment of [
    "",
    "[entra:contoso2]",
    "[entra:Contoso]",
    "[entra:contoso] ",
    `[entra:${ID}]`,
    "[entra:contoso] x",
  ]) {
    t.same(parseGroupMark(comment, "contoso"), { text: comment, marked: false }, comment);
  }
  fc.assert(
    fc.property(hostile, (text) => {
      const read = parseGroupMark(writeGroupMark(text, "contoso"), "contoso");
      return read.marked && read.text === text;
    }),
    { seed: seedOfRun() },
  );
  t.end();
});

function order(mark: UserMark): UserMark {
  const { id, left, moment, jit } = mark;
  return { id, ...(left === undefined ? {} : { left }), moment, jit };
}
