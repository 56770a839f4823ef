/** Killed at every point of what it does about people, groups and entries. */
import t from "tap";
import { crashEverywhere } from "./crash-here.js";
import { PEOPLE } from "./scenarios-people.js";
import { size } from "./size.js";

t.setTimeout(3_600_000);
for (const scenario of PEOPLE) crashEverywhere(t, scenario, size({ usual: 6, nightly: 1 }));
