/**
 * After a kill, on another node. The journal is of no use there, and P9 says what then errs to the
 * safe side: removals wait for an approval. Until it is given, nobody has less than both ends
 * give; afterwards everything is as an undisturbed run leaves it.
 */
import type { Test } from "tap";
import { crashEach, EFFECTS } from "./crash.js";
import type { Aftermath } from "./crash.js";
import { differences, pictureOf } from "./crash-picture.js";
import type { Ended } from "./process.js";
import type { Scenario } from "./scenario.js";
import { shortfall } from "./watch.js";

const OTHER = { nodeName: "pve2", machineId: "fedcba9876543210fedcba9876543210" };
/** One approval lets a set through; what only its doing makes possible may be a second set. */
const APPROVALS = 3;
const HELD = 3;

export function crashElsewhere(t: Test, scenario: Scenario): void {
  crashEach(t, scenario, {
    places: EFFECTS,
    aftermath: startElsewhere,
    stride: 1,
    good: "end the same on another node",
  });
}

const startElsewhere: Aftermath = async (program, point, disturbed) => {
  const { stage, step, keys, expected, watched } = disturbed;
  const { site } = stage;
  watched.now(`${point}, then on another node`);
  const sync = (...more: readonly string[]): Promise<Ended> =>
    program.run(["sync", "--json", ...more, "--config", site.configFile], OTHER);
  let ended = await sync();
  if (ended.killed || (ended.exit !== step.exit && ended.exit !== HELD)) {
    return [`it never came to rest: ${JSON.stringify(ended)}`];
  }
  const wrong = shortfall(site, expected.old, expected.picture.userCfg);
  for (let given = 1; given <= APPROVALS && !ended.killed && ended.exit === HELD; given += 1) {
    ended = await sync("--approve", approvalIdIn(ended.out));
  }
  if (ended.killed || ended.exit !== step.exit) {
    wrong.push(`held for ever: ${JSON.stringify(ended)}`);
  }
  wrong.push(...differences(pictureOf(site, keys), expected.picture));
  return wrong;
};

/** The ID that `sync --json` printed with what it held. */
function approvalIdIn(printed: string): string {
  const found = /"approval_id":"([0-9a-f]{64})"/.exec(printed)?.[1];
  if (found === undefined) throw new Error(`nothing was held: ${printed}`);
  return found;
}
