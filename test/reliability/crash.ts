/**
 * Kills the program at every point of a scenario and starts it again: the end is that of an
 * undisturbed run, and on the way there no promise falls.
 */
import { readFileSync } from "node:fs";
import type { Test } from "tap";
import { goTo, momentOf } from "./crash-moment.js";
import type { Moment } from "./crash-moment.js";
import { setTrap } from "./crash-kill.js";
import type { CrashPoint, Place } from "./crash-kill.js";
import { goneKeys, keyIdsOf, pictureOf, secretKinds } from "./crash-picture.js";
import type { KeyIds, Picture } from "./crash-picture.js";
import { bundleProgram } from "./process-bundle.js";
import type { Bundle } from "./process-bundle.js";
import { Program } from "./process.js";
import type { Ended } from "./process.js";
import type { Scenario, Stage, Step } from "./scenario.js";
import { prepareStep, runProgram, startStage } from "./scenarios-run.js";
import { NIGHTLY, say } from "./size.js";
import { watch } from "./watch.js";
import type { Watch } from "./watch.js";

/** A read has no effect, so that before and after it are one point; every night its answer is lost, too. */
const PLACES: readonly Place[] = NIGHTLY
  ? ["at the arrival of request", "after request"]
  : ["at the arrival of request", "after the effect of write"];
/** An old secret goes a day after the new one came into use (`overlap`), an orphan likewise. */
const CLEAN_UP_MS = 25 * 60 * 60_000;
/** So often it may be started until it is at rest. */
const STARTS = 3;
/** Enough to see what is wrong. */
const TOLD = 20;

/** What a step leaves behind where nothing disturbs it. */
interface Undisturbed {
  readonly picture: Picture;
  /** After the clean-up time. */
  readonly later: Picture;
  readonly secrets: readonly string[];
}

interface Disturbing {
  readonly stage: Stage;
  readonly step: Step;
  readonly argv: readonly string[];
  readonly before: Moment;
  readonly keys: KeyIds;
  readonly expected: Undisturbed;
  readonly watched: Watch;
  readonly start: () => Program;
}

/** Every crash point of one scenario, as a test of its own. */
export function crashEverywhere(t: Test, scenario: Scenario): void {
  t.test(scenario.name, async (t) => {
    t.setTimeout(1_800_000);
    const bundle = await bundleProgram();
    t.teardown(() => bundle.remove());
    const stage = await startStage(t, scenario);
    const count = { points: 0, converged: 0 };
    const cpu = cpuSeconds();
    for (const step of scenario.steps) {
      if (step.undisturbed === true) await lead(t, stage, step);
      else await disturb(t, stage, step, bundle, count);
    }
    t.strictSame(stage.site.entra.violations, []);
    const each = ((cpuSeconds() - cpu) / Math.max(count.points, 1)).toFixed(2);
    say(
      `${scenario.name}: crash points: ${count.converged} of ${count.points} converge, ${each} s of CPU each`,
    );
    t.equal(count.converged, count.points);
    t.ok(count.points > 0);
  });
}

/** A step that only leads to the next one. */
async function lead(t: Test, stage: Stage, step: Step): Promise<void> {
  const ran = await runProgram(stage.site, prepareStep(stage, step));
  t.equal(ran.exit, step.exit, `${step.name}: ${ran.out}${ran.err}`);
  stage.printed = ran.out;
}

async function disturb(
  t: Test,
  stage: Stage,
  step: Step,
  bundle: Bundle,
  count: { points: number; converged: number },
): Promise<void> {
  const { site } = stage;
  const start = (): Program =>
    new Program(bundle, { clock: site.clock, env: { RUNTIME_DIRECTORY: site.dir } });
  const argv = [...prepareStep(stage, step), "--config", site.configFile];
  const before = momentOf(site);
  const keys = keyIdsOf(site);

  const first = start();
  t.teardown(() => first.stop());
  const ran = await first.run(argv);
  if (ran.killed) throw new Error("nobody killed it");
  t.equal(ran.exit, step.exit, `${step.name}, undisturbed: ${ran.out}${ran.err}`);
  await first.keepBytecode();
  await first.stop();
  const end = momentOf(site);
  const picture = pictureOf(site, keys);
  await cleanUp(stage);
  const later = pictureOf(site, keys);
  const expected = { picture, later, secrets: secretKinds(site, keys) };

  const watched = watch(site, { old: before.pve.userCfg, wanted: end.pve.userCfg });
  const disturbing = { stage, step, argv, before, keys, expected, watched, start };
  for (const place of PLACES) await killAtEach(t, place, disturbing, count);
  watched.stop();
  t.ok(watched.writes > 0, `${step.name}: ${watched.writes} writes were watched`);

  goTo(site, end);
  stage.printed = ran.out;
}

/** The nth request for n = 1, 2, … until a run ends before it comes to it. */
async function killAtEach(
  t: Test,
  place: Place,
  disturbing: Disturbing,
  count: { points: number; converged: number },
): Promise<void> {
  const { stage, step, argv, before, watched, start } = disturbing;
  // The process that was started after one kill is the victim of the next: half the processes.
  let program = start();
  t.teardown(() => program.stop());
  let told = 0;
  for (let nth = 1; ; nth += 1) {
    goTo(stage.site, before);
    const trap = setTrap(stage.site, { place, nth } satisfies CrashPoint, () => program.kill());
    watched.now(`${step.name}, before the kill`);
    const ended = await program.run(argv);
    trap.disarm();
    if (!ended.killed) {
      t.equal(ended.exit, step.exit, `${step.name}: nothing left to kill it in`);
      t.equal(trap.seen, nth - 1, `${step.name}: ${nth - 1} times killed ${place}`);
      await program.stop();
      return;
    }
    const point = `${step.name}, killed ${place} ${nth} (${trap.caught ?? "?"})`;
    await program.stop();
    program = start();
    const wrong = await startAgain(program, point, disturbing);
    count.points += 1;
    if (wrong.length === 0) count.converged += 1;
    else if ((told += 1) <= TOLD) t.fail(point, { wrong });
  }
}

/** After a kill: starts the program until it is at rest and says what is not as it should be. */
async function startAgain(
  program: Program,
  point: string,
  { stage, step, argv, keys, expected, watched }: Disturbing,
): Promise<readonly string[]> {
  const { site } = stage;
  const known = watched.breaches.length;
  watched.now(point);
  const wrong: string[] = [];
  let ended: Ended | undefined;
  for (let starts = 1; starts <= STARTS; starts += 1) {
    ended = await program.run(argv);
    if (!ended.killed) site.logLines.push(...ended.log, ended.out, ended.err);
    if (ended.killed || ended.exit === step.exit) break;
  }
  if (ended?.killed !== false || ended.exit !== step.exit) {
    wrong.push(`it never came to rest: ${JSON.stringify(ended)}`);
  }
  wrong.push(...differences(pictureOf(site, keys), expected.picture));
  const gone = goneKeys(site, keys);
  wrong.push(...(await cleanUp(stage)));
  wrong.push(...differences(pictureOf(site, keys), expected.later).map((text) => `later, ${text}`));
  const [now, then] = [secretKinds(site, keys), expected.secrets].map((all) => all.join("; "));
  if (now !== then) wrong.push(`secrets after the clean-up time: ${now}; undisturbed: ${then}`);
  if (gone.length > 0 && step.name !== "the clean-up") wrong.push(`removed: ${gone.join(", ")}`);
  wrong.push(...watched.breaches.slice(known));
  return wrong;
}

/** Past the clean-up time, one pass more. */
async function cleanUp({ site }: Stage): Promise<readonly string[]> {
  site.clock.advance(CLEAN_UP_MS);
  const ran = await runProgram(site, ["sync", "--json"]);
  return ran.exit === 0 || ran.exit === 3 ? [] : [`the pass of the clean-up: ${ran.out}${ran.err}`];
}

function differences(found: Picture, expected: Picture): readonly string[] {
  return (["userCfg", "domainsCfg", "people"] as const).flatMap((part) => {
    if (found[part] === expected[part]) return [];
    const [is, was] = [found[part].split("\n"), expected[part].split("\n")];
    const more = is.filter((line) => !was.includes(line)).map((line) => `+${line}`);
    const less = was.filter((line) => !is.includes(line)).map((line) => `-${line}`);
    return [`${part} differs: ${[...more, ...less].join(" ")}`];
  });
}

/** Of this process and its children that have ended (proc_pid_stat(5)); 0 where there is no /proc. */
function cpuSeconds(): number {
  const own = process.cpuUsage();
  const seconds = (own.user + own.system) / 1e6;
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
    return seconds + (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return seconds;
  }
}
