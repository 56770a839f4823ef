/**
 * Random worlds by night: a hundred thousand cases and more of what `test/random-*.test.ts` looks at
 * in a quick run, with the share of cases that reach each corner.
 */
import t from "tap";
import { sayCases } from "../random-world/cases.js";
import { guards, lives, orders, stricter, userids } from "../random-world/suites.js";
import { say, size } from "./size.js";

t.setTimeout(8 * 3_600_000);

/** Corners that the worlds have to reach, and how many of a thousand lives at least. */
const CORNERS: readonly (readonly [name: string, perMille: number])[] = [
  ["create-user", 300],
  ["delete-user", 30],
  ["a split write", 5],
  ["a moment", 1],
  ["held leave", 50],
  ["held adopt-group", 30],
  ["approved", 50],
  ["something waits", 100],
  ["looked again", 10],
  ["Entra misheard", 200],
  ["two realms", 200],
  ["SYNC_RENAMED", 20],
  ["SYNC_NAME_REUSED", 20],
  ["SYNC_DISAGREES", 50],
  ["SYNC_NO_FALLBACK", 10],
  ["SYNC_DATABASE_FULL", 10],
  ["SYNC_STAYS_DISABLED", 20],
];

t.test("random worlds", async (t) => {
  const tally = await lives(t, size({ usual: 20, nightly: 20_000 }));
  const { plans, writes } = await orders(t, size({ usual: 10, nightly: 10_000 }));
  await stricter(t, size({ usual: 10, nightly: 10_000 }));
  await guards(t, size({ usual: 100, nightly: 40_000 }));
  await userids(t, size({ usual: 100, nightly: 20_000 }));
  if (tally.cases >= 1_000) {
    for (const [name, perMille] of CORNERS) {
      t.ok(tally.share(name) * 1_000 >= perMille, `worlds reach: ${name}`);
    }
  }
  say(`random lives: ${tally.cases} with ${tally.passes} passes and ${tally.writes} writes`);
  say(`random orders: ${writes} writes of ${plans} plans, each refused once`);
  say(`of the lives: ${tally.shares()}`);
  sayCases();
});
