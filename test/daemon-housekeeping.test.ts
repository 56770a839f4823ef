/** What the daemon does once a day beside its passes. */
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import t from "tap";
import { byHand, startOn } from "./support/daemon-bed.js";
import { startSite } from "./support/site.js";

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
