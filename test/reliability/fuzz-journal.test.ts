/** Damaged journals: set aside or gone on with, never a crash, and the next pass always works. */
import { join } from "node:path";
import t from "tap";
import { readJournal } from "../../src/journal/index.js";
import type { Journal } from "../../src/journal/index.js";
import { seededRandom } from "../emulators/entra/random.js";
import {
  askAll,
  askForReading,
  damaged,
  folderWith,
  usedJournal,
  wrongValue,
} from "../fuzz/hostile-journal.js";
import { came, Tally } from "../fuzz/verdict.js";
import type { Came } from "../fuzz/verdict.js";
import { open, options } from "../journal-common.js";
import { say, seedOfRun, size } from "./size.js";

t.setTimeout(3_600_000);
const seed = seedOfRun();
t.comment(`SEED=${seed}`);

/** Reads, opens, works; a round that failed is done once more, as the next pass does it. */
async function use(dir: string, input: string, tally: Tally): Promise<void> {
  const reader = await came(`reading ${input}`, () => readJournal(options(dir)));
  if (reader.kind === "data") {
    const read = await came(`reading ${input}`, () => askForReading(reader.data));
    tally.add(`read: ${told(reader.data, read)}`);
    reader.data.close();
  } else tally.add(`read: ${reader.error.code}`);
  const opened = await came(`opening ${input}`, () => open(dir));
  if (opened.kind === "coded") {
    tally.add(`opened: ${opened.error.code}`);
    if (opened.error.code !== "JOURNAL_TOO_NEW")
      throw new Error(`${opened.error.message}: ${input}`);
    return;
  }
  const first = await came(`using ${input}`, () => askAll(opened.data));
  tally.add(`used: ${told(opened.data, first)}`);
  if (first.kind === "coded") {
    const second = await came(`using ${input} again`, () => askAll(opened.data));
    if (second.kind === "coded") throw new Error(`for good: ${second.error.message}: ${input}`);
  }
  opened.data.close();
}

function told(journal: Journal, out: Came<unknown>): string {
  if (out.kind === "coded") return out.error.code;
  return journal.findings.map(({ code }) => code).join() || "sound";
}

t.test("bits, bytes, pages and ends", async (t) => {
  const random = seededRandom(seed);
  const dir = join(t.testdir(), "state");
  const sound = usedJournal(dir);
  const tally = new Tally();
  const cases = size({ usual: 60, nightly: 6_000 });
  for (let nth = 0; nth < cases; nth += 1) {
    await use(folderWith(dir, damaged(random, sound)), `case ${nth}, seed ${seed}`, tally);
  }
  say(`fuzzed journals: ${cases} files, seed ${seed}: ${tally.text}`);
  t.ok(tally.get("used: JOURNAL_CORRUPT") > 0);
});

t.test("values that nobody wrote", async (t) => {
  const random = seededRandom(seed + 1);
  const dir = join(t.testdir(), "state");
  const sound = usedJournal(dir);
  const tally = new Tally();
  const cases = size({ usual: 60, nightly: 6_000 });
  for (let nth = 0; nth < cases; nth += 1) {
    folderWith(dir, sound);
    const what = wrongValue(random, join(dir, "journal.db"));
    await use(dir, `${what}, seed ${seed}`, tally);
  }
  say(`fuzzed rows of journals: ${cases} files, seed ${seed}: ${tally.text}`);
  t.ok(tally.get("used: sound") > 0);
});
