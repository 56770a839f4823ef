/** What the daemon does once a day beside its passes. */
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import t from "tap";
import type { Agent } from "../src/agent.js";
import { Daily } from "../src/daemon/daily.js";
import type { Journal } from "../src/journal/index.js";
import { silentLog } from "../src/log.js";
import { byHand, startOn } from "./support/daemon-bed.js";
import { never, startSite } from "./support/site.js";
import { standingClock } from "./support/world-clock.js";

const DAY = 86_400_000;

t.test(
  "the journal is pruned daily, and a clock that was years ahead does not put it off",
  async (t) => {
    const site = await startSite(t);
    site.journal.close();
    site.configure({});
    const start = site.clock.now();
    site.clock.set(start + 300 * DAY);
    const schedule = byHand();
    const daemon = await startOn(site, schedule);
    t.teardown(() => daemon.stop());
    const journal = new Sqlite(join(site.dir, "state", "journal.db"));
    t.teardown(() => journal.close());
    /** Whether the next pass throws away what is over. */
    const prunes = async (): Promise<boolean> => {
      journal.exec("INSERT OR REPLACE INTO cache (key, value, expires) VALUES ('old', '', 0)");
      await schedule.tick();
      return journal.prepare("SELECT 1 FROM cache WHERE key = 'old'").get() === undefined;
    };
    await schedule.tick();
    t.notOk(await prunes(), "once a day");
    site.clock.set(start);
    t.ok(await prunes(), "a clock set right again");
    t.notOk(await prunes());
    site.clock.advance(DAY);
    t.ok(await prunes(), "the next day");
  },
);

/** A Daily on a clock that stands, asked about a credential whose end is what `answers` gives next. */
function asking(answers: (number | undefined | Error)[]): {
  readonly daily: Daily;
  readonly look: () => Promise<void>;
} {
  const clock = standingClock();
  const journal = { prune: () => undefined } as unknown as Journal;
  const daily = new Daily({ clock, log: silentLog, journal });
  const credentialEnd = async (): Promise<number | undefined> => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const agent = { credentialEnd } as unknown as Agent;
  return { daily, look: () => daily.look(agent, never) };
}

t.test("who could not ask for the credential's end asks again with the next pass", async (t) => {
  const { daily, look } = asking([new Error("Entra is away"), 7, 8]);
  await look();
  t.equal(daily.credentialEnds, undefined);
  await look();
  t.equal(daily.credentialEnds, 7);
  await look();
  t.equal(daily.credentialEnds, 7, "once answered, it is for a day");
});

t.test(
  "another credential whose end nobody knows does not keep the end of the one before",
  async (t) => {
    const { daily, look } = asking([7, undefined]);
    await look();
    daily.soon();
    await look();
    t.equal(daily.credentialEnds, undefined);
  },
);
