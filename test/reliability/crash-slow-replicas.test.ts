/** Killed at every point of rotations whose secret some replicas learn of late. */
import t from "tap";
import { crashEverywhere } from "./crash-here.js";
import { size } from "./size.js";
import { ROTATIONS } from "./scenarios-rotation.js";

t.setTimeout(3_600_000);
for (const scenario of ROTATIONS.slice(1)) {
  crashEverywhere(t, scenario, size({ usual: 40, nightly: 1 }));
}
