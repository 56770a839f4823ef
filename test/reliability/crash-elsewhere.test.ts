/** Killed at every write of what it does about people, and started again on another node. */
import t from "tap";
import { crashElsewhere } from "./crash-elsewhere.js";
import { PEOPLE } from "./scenarios-people.js";

t.setTimeout(3_600_000);
for (const scenario of PEOPLE.slice(0, 2)) crashElsewhere(t, scenario);
