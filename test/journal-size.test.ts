/** The journal's size: whatever goes on for ever, it stops growing. */
import Sqlite from "better-sqlite3";
import { join } from "node:path";
import t from "tap";
import {
  action,
  anna,
  bert,
  DAY,
  handClock,
  HOUR,
  join as joins,
  leave,
  open,
  pass,
} from "./journal-common.js";

t.test(
  "what PVE refuses in every pass is kept once a day old: the first and the last time",
  async (t) => {
    const clock = handClock();
    const dir = t.testdir();
    const journal = open(dir, clock);
    t.teardown(() => journal.close());
    const began = clock.now();
    const changes = new Sqlite(join(dir, "journal.db"), { readonly: true });
    t.teardown(() => changes.close());
    const count = (): number =>
      (changes.prepare("SELECT count(*) AS count FROM changes").get() as { count: number }).count;
    pass(journal, "done", action([joins(anna, "staff")]));
    const figures: number[] = [];
    for (let day = 0; day < 20; day++) {
      for (let hour = 0; hour < 24; hour++) {
        clock.advance(HOUR);
        pass(journal, "refused", action([joins(anna, "admins")]));
        pass(journal, "failed", action([leave(bert, "staff")]));
      }
      journal.prune(clock.now());
      figures.push(count());
    }
    t.equal(figures.at(-1), figures[2], `flat from the third day on: ${figures.join(" ")}`);
    const refused = journal
      .entries({ userid: anna, limit: 1000 })
      .filter((entry) => entry.type === "change" && entry.outcome === "refused");
    t.equal(refused.at(-1)?.at, began + HOUR, "since when it was refused is still known");
    t.equal(refused[0]?.at, clock.now());
    t.ok(refused.length <= 28, `${refused.length} of 480`);
    const made = journal.entries({ userid: anna, limit: 1000 }).at(-1);
    t.match(made, { type: "change", outcome: "done", group: "staff" }, "what was done stays");
    clock.advance(DAY + 1);
    journal.prune(clock.now());
    t.equal(count(), 1 + 2 + 2);
  },
);
