/**
 * Random organisations, configurations and histories, lived through by the program against the
 * emulator in memory: no promise falls, and at the end nothing is left to do.
 */
import t from "tap";
import { sayCases } from "./random-world/cases.js";
import { lives } from "./random-world/suites.js";

t.setTimeout(900_000);

t.test("random lives", async (t) => {
  const tally = await lives(t, 150);
  const { cases, passes, writes } = tally;
  t.comment(`${cases} lives, ${passes} passes, ${writes} writes`);
  // A property over worlds in which nothing happens proves nothing.
  for (const corner of ["create-user", "a split write", "held leave", "approved", "SYNC_RENAMED"]) {
    t.ok(tally.share(corner) > 0, `worlds reach: ${corner}`);
  }
  t.ok(writes > 3 * cases, "and much is written in them");
  sayCases();
});
