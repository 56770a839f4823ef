/** Killed at every point of a rotation, and of the pass that removes the secret before it. */
import t from "tap";
import { crashEverywhere } from "./crash-here.js";
import { size } from "./size.js";
import { ROTATIONS } from "./scenarios-rotation.js";

t.setTimeout(3_600_000);
const [whole] = ROTATIONS;
if (whole === undefined) throw new Error("no rotation");
// Most of its requests are questions to one and the same world.
crashEverywhere(t, whole, size({ usual: 40, nightly: 1 }));
