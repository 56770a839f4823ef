/** After a kill, on the same node: the same command again ends where an undisturbed run does. */
import type { Test } from "tap";
import { cleanUp, crashEach, EVERYWHERE, WRITES } from "./crash.js";
import type { Aftermath } from "./crash.js";
import { toldSince } from "./crash-history.js";
import { differences, goneKeys, pictureOf, secretKinds } from "./crash-picture.js";
import type { Ended } from "./process.js";
import type { Scenario } from "./scenario.js";

/** So often it may be started until it is at rest. */
const STARTS = 3;

/** @param stride see `Crashes` */
export function crashEverywhere(t: Test, scenario: Scenario, stride = 1): void {
  const good = "converge";
  crashEach(t, scenario, { places: EVERYWHERE, aftermath: startAgain, stride, good });
}

/** The points before and after each write's effect alone. */
export function crashAtWrites(t: Test, scenario: Scenario): void {
  const good = "converge";
  crashEach(t, scenario, { places: WRITES, aftermath: startAgain, stride: 1, good });
}

const startAgain: Aftermath = async (program, point, disturbed) => {
  const { stage, step, since, argv, keys, expected, watched } = disturbed;
  const { site } = stage;
  watched.now(point);
  let ended: Ended | undefined;
  for (let starts = 1; starts <= STARTS; starts += 1) {
    ended = await program.run(argv);
    if (ended.killed || ended.exit === step.exit) break;
  }
  const wrong: string[] = [];
  if (ended === undefined || ended.killed || ended.exit !== step.exit) {
    return [`it never came to rest: ${JSON.stringify(ended)}`];
  }
  // The site looks for secrets in what was printed and logged (P10).
  site.logLines.push(...ended.log, ended.out, ended.err);
  wrong.push(...differences(pictureOf(site, keys), expected.picture));
  const told = toldSince(site, since);
  const untold = [...expected.told].filter((change) => !told.has(change));
  if (untold.length > 0) wrong.push(`not in the history: ${untold.join("; ")}`);
  const gone = goneKeys(site, keys).filter((keyId) => !expected.gone.includes(keyId));
  if (gone.length > 0) wrong.push(`removed before its time: ${gone.join(", ")}`);

  watched.now(`${point}, after the clean-up time`);
  wrong.push(...(await cleanUp(program, site)));
  wrong.push(...differences(pictureOf(site, keys), expected.later).map((text) => `later: ${text}`));
  const [now, then] = [secretKinds(site, keys), expected.secrets].map((all) => all.join("; "));
  if (now !== then) wrong.push(`secrets: ${now ?? ""}; undisturbed: ${then ?? ""}`);
  return wrong;
};
