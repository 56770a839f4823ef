/**
 * Killed at any write of a first sync, before or after its effect: the next start ends the same.
 * Every other point, and every other scenario, is in test/reliability/crash-*.test.ts.
 */
import t from "tap";
import { crashAtWrites } from "./reliability/crash-here.js";
import { PEOPLE } from "./reliability/scenarios-people.js";

t.setTimeout(600_000);
const [firstSync] = PEOPLE;
if (firstSync === undefined) throw new Error("no first sync");
crashAtWrites(t, firstSync);
