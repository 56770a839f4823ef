/** Everything that crashes and faults are put into. */
import type { Scenario } from "./scenario.js";
import { PEOPLE } from "./scenarios-people.js";
import { ROTATIONS } from "./scenarios-rotation.js";

export const SCENARIOS: readonly Scenario[] = [...PEOPLE, ...ROTATIONS];
