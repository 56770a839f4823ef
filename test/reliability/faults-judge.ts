/** What has to hold after a pass with a fault in it, and what came of the fault in a few words. */
import type { Concern } from "./faults-concern.js";
import type { FaultKind } from "./faults-list.js";
import { isError } from "./faults-program.js";
import type { Told } from "./faults-program.js";
import { differences, samePicture } from "./faults-state.js";
import type { Picture } from "./faults-state.js";

/** The pass with the fault, beside the same one without it. */
export interface Comparison {
  readonly fault: FaultKind;
  /** user.cfg as the step began. */
  readonly old: string;
  readonly usual: Told;
  readonly wanted: Picture;
  readonly told: Told;
  readonly now: Picture;
}

/** After these nothing that PVE says can be relied on: the pass stops writing. */
const STOPS: ReadonlySet<string> = new Set([
  "PVE_UNAUTHORIZED",
  "PVE_NO_QUORUM",
  "PVE_UNREACHABLE",
  "PVE_CERTIFICATE",
]);

/** What the fault does not concern and was not done all the same, though nothing stopped the pass. */
export function undone(concern: Concern, { told, now, wanted }: Comparison): readonly string[] {
  const stopped = told.codes.some((code) => STOPS.has(code));
  const { people } = concern;
  const left =
    people === "all" || stopped
      ? []
      : differences(now.userCfg, wanted.userCfg)
          .filter(({ about }) => !about.some((name) => people.has(name)))
          .filter(({ text, about }) => !(concern.accounts && isLeaver(text, about, wanted)))
          .map(({ text }) => `does not depend on it, and was not done: ${text}`);
  const rotated = now.keyIsNew === wanted.keyIsNew && now.kept.length === wanted.kept.length;
  return concern.secrets || rotated
    ? left
    : [...left, "the rotation does not depend on it, and was not done"];
}

/** The account of somebody who left: it ends once all groups are known to lack them. */
function isLeaver(text: string, about: readonly string[], wanted: Picture): boolean {
  return (
    text.startsWith("user:") && about.some((userid) => wanted.userCfg.includes(`user:${userid}:0:`))
  );
}

/** What was not done was said: by the exit code, in the log, and to health. */
export function unsaid(comparison: Comparison): readonly string[] {
  const { fault, told, now, wanted } = comparison;
  const codes = news(comparison);
  const problems: string[] = [];
  const silent = !samePicture(now, wanted) && codes.length === 0;
  if (silent && !(fault.plausible === true && onlyFewerAdded(comparison))) {
    problems.push("something was not done, and nothing was said");
  }
  const errors = codes.filter(isError);
  if (errors.length > 0 && told.exit === 0) problems.push(`exit 0 with ${errors.join()}`);
  if (errors.length > 0 && told.health === "ok") problems.push(`healthy with ${errors.join()}`);
  for (const code of errors) {
    if (!told.logged.includes(code)) problems.push(`${code} is not in the log`);
    if (!told.healthCodes.includes(code)) problems.push(`${code} is not in health`);
  }
  return problems;
}

/** What is missing was not there before either: nobody but the one who lied can know of it. */
function onlyFewerAdded({ old, now, wanted }: Comparison): boolean {
  const gone = new Set(differences(old, now.userCfg).map(({ text }) => text));
  return differences(now.userCfg, wanted.userCfg).every(
    ({ text }) => !gone.has(text) && !now.userCfg.includes(text),
  );
}

/**
 * @param again the request that the fault hit came more often than it does undisturbed; absent:
 *   how often it comes is up to chance
 */
export function outcomeOf(
  comparison: Comparison,
  again: boolean | undefined,
  passes: number,
): string {
  const { fault, old, now, wanted } = comparison;
  const codes = news(comparison).join(" + ");
  const later = passes > 1 ? `, done after ${passes} passes` : "";
  // Which of the requests beside it meet the wrong certificate first is a matter of milliseconds.
  if (codes !== "" && fault.around === "wrong certificate") return "reported";
  const done = samePicture(now, wanted);
  if (done && codes === "") {
    return `${again === undefined ? "harmless" : again ? "retried" : "unnoticed"}${later}`;
  }
  const nothing = now.userCfg === old && !now.keyIsNew && now.added === 0;
  const how = done ? "all done" : nothing ? "nothing done" : "the rest done";
  return `${how}, ${codes === "" ? "nobody could know" : `reported ${codes}`}${later}`;
}

/** Codes that the undisturbed run does not have. */
function news({ told, usual }: Comparison): readonly string[] {
  return told.codes.filter((code) => !usual.codes.includes(code));
}
