/** Kills the program at every point of a scenario, restores the world, and kills it at the next. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { Site } from "../support/site.js";
import { goTo, momentOf } from "./crash-moment.js";
import type { Moment } from "./crash-moment.js";
import { fingerprint } from "./crash-same.js";
import { toldSince } from "./crash-history.js";
import { setTrap } from "./crash-kill.js";
import type { Place } from "./crash-kill.js";
import { killAmong } from "./crash-stride.js";
import type { Killed } from "./crash-stride.js";
import { goneKeys, keyIdsOf, pictureOf, secretKinds } from "./crash-picture.js";
import type { KeyIds, Picture } from "./crash-picture.js";
import { cpuSeconds } from "./process-cpu.js";
import { bundleProgram } from "./process-bundle.js";
import { Program } from "./process.js";
import type { Scenario, Stage, Step } from "./scenario.js";
import { prepareStep, startStage } from "./scenarios-run.js";
import { NIGHTLY, say } from "./size.js";
import { watch } from "./watch.js";
import type { Watch } from "./watch.js";

/** A read has no effect, so that before and after it are one point; every night its answer is lost, too. */
export const EVERYWHERE: readonly Place[] = NIGHTLY
  ? ["at the arrival of request", "after request"]
  : ["at the arrival of request", "after the effect of write"];
/** Before and after each effect. */
export const WRITES: readonly Place[] = ["at the arrival of write", "after the effect of write"];
/** Before an effect nothing is done yet but that its intent is noted: that one is for the night. */
export const EFFECTS: readonly Place[] = NIGHTLY ? WRITES : ["after the effect of write"];
/** An old secret goes a day after the new one came into use (`overlap`), an orphan likewise. */
const CLEAN_UP_MS = 25 * 60 * 60_000;
/** Enough to see what is wrong. */
const TOLD = 20;

/** What a step leaves behind where nothing disturbs it. */
export interface Undisturbed {
  /** user.cfg before the step. */
  readonly old: string;
  readonly picture: Picture;
  /** What the journal says was changed (`toldSince`). */
  readonly told: ReadonlySet<string>;
  /** Key ids of those secrets that it removed. */
  readonly gone: readonly string[];
  /** After the clean-up time. */
  readonly later: Picture;
  readonly secrets: readonly string[];
}

/** A step in which the program is killed. */
export interface Disturbed {
  readonly stage: Stage;
  readonly step: Step;
  /** When it begins. */
  readonly since: number;
  /** With which it was started, and is again. */
  readonly argv: readonly string[];
  /** The app's secrets before the step. */
  readonly keys: KeyIds;
  readonly expected: Undisturbed;
  readonly watched: Watch;
}

/** Starts the program after a kill until it is at rest, and says what is not as it should be. */
export type Aftermath = (
  program: Program,
  point: string,
  disturbed: Disturbed,
) => Promise<readonly string[]>;

export interface Crashes {
  readonly places: readonly Place[];
  readonly aftermath: Aftermath;
  /** See `killAmong`. 1: it is killed at every point, and started again after each. */
  readonly stride: number;
  /** What is said of the points that are as they should be. */
  readonly good: string;
}

interface Count {
  points: number;
  good: number;
  /** At so many of them the program was killed; at the others it would have left the same. */
  killed: number;
}

/** All crash points of one scenario, as a test of its own. */
export function crashEach(t: Test, scenario: Scenario, crashes: Crashes): void {
  t.test(scenario.name, async (t) => {
    t.setTimeout(3_600_000);
    inMemory();
    const bundle = await bundleProgram();
    t.teardown(() => bundle.remove());
    const entra = { ...scenario.options.entra, lean: true };
    const stage = await startStage(t, { ...scenario, options: { ...scenario.options, entra } });
    const { site } = stage;
    const count: Count = { points: 0, good: 0, killed: 0 };
    const cpu = cpuSeconds();
    for (const step of scenario.steps) {
      const start = (): Program => {
        const program = new Program(bundle, { clock: site.clock, env: environment(site) });
        t.teardown(() => program.stop());
        return program;
      };
      if (step.undisturbed === true) await lead(t, start(), stage, step);
      else await disturb(t, stage, step, start, crashes, count);
    }
    t.strictSame(site.entra.violations, []);
    const each = ((cpuSeconds() - cpu) / Math.max(count.points, 1)).toFixed(2);
    const { points, good, killed } = count;
    const text = `crash points: ${good} of ${points} ${crashes.good}`;
    const how = killed === points ? "" : `; at ${killed} killed, between them it leaves the same`;
    say(`${scenario.name}: ${text} (${each} s of CPU each${how})`);
    t.ok(points > 0);
    t.equal(good, points, `${good} of ${points} ${crashes.good}`);
  });
}

/** A step that only leads to the next one. */
async function lead(t: Test, program: Program, stage: Stage, step: Step): Promise<void> {
  const argv = [...prepareStep(stage, step), "--config", stage.site.configFile];
  const ran = await program.run(argv);
  await program.stop();
  if (ran.killed) throw new Error("nobody killed it");
  t.equal(ran.exit, step.exit, step.name, { ran });
  stage.printed = ran.out;
}

async function disturb(
  t: Test,
  stage: Stage,
  step: Step,
  start: () => Program,
  crashes: Crashes,
  count: Count,
): Promise<void> {
  const { site } = stage;
  const argv = [...prepareStep(stage, step), "--config", site.configFile];
  const before = momentOf(site);
  const keys = keyIdsOf(site);
  const { end, expected, printed } = await undisturbed(t, start(), stage, step, argv, keys);

  const watched = watch(site, { old: before.pve.userCfg, wanted: end.pve.userCfg });
  const since = before.now;
  const disturbed = { stage, step, since, argv, keys, expected, watched };
  for (const place of crashes.places) {
    await killAtEach(t, place, before, start, crashes, disturbed, count);
  }
  watched.stop();
  t.ok(watched.writes > 0, `${step.name}: ${watched.writes} writes were watched`);

  goTo(site, end);
  stage.printed = printed;
}

/** How the step ends, there and once the clean-up time is over; leaves bytecode for all others. */
async function undisturbed(
  t: Test,
  program: Program,
  stage: Stage,
  step: Step,
  argv: readonly string[],
  keys: KeyIds,
): Promise<{ readonly end: Moment; readonly expected: Undisturbed; readonly printed: string }> {
  const { site } = stage;
  const old = site.pve.userCfg();
  const since = site.clock.now();
  const ran = await program.run(argv);
  if (ran.killed) throw new Error("nobody killed it");
  t.equal(ran.exit, step.exit, `${step.name}, undisturbed`, { ran });
  await program.keepBytecode();
  const end = momentOf(site);
  const picture = pictureOf(site, keys);
  const gone = goneKeys(site, keys);
  const told = toldSince(site, since);
  t.strictSame(await cleanUp(program, site), [], `${step.name}: the pass of the clean-up`);
  await program.stop();
  const expected = {
    ...{ old, picture, told, gone },
    later: pictureOf(site, keys),
    secrets: secretKinds(site, keys),
  };
  return { end, expected, printed: ran.out };
}

/** Each request that counts at this place, or so many that the others leave what they left. */
async function killAtEach(
  t: Test,
  place: Place,
  before: Moment,
  start: () => Program,
  crashes: Crashes,
  disturbed: Disturbed,
  count: Count,
): Promise<void> {
  const { stage, step, argv, watched } = disturbed;
  const { stride } = crashes;
  // What was started after one kill is the victim of the next: that halves the processes.
  let program = start();
  const fresh = async (): Promise<void> => {
    await program.stop();
    program = start();
  };
  const points = await requestsAt(t, place, before, program, disturbed);

  const killAt = async (nth: number): Promise<Killed> => {
    goTo(stage.site, before);
    const trap = setTrap(stage.site, { place, nth }, () => program.kill());
    watched.now(`${step.name}, before it was killed ${place} ${nth}`);
    const breaches = watched.breaches.length;
    const ended = await program.run(argv);
    trap.disarm();
    await fresh();
    if (!ended.killed) throw new Error(`${step.name}: it was never killed ${place} ${nth}`);
    const point = `${step.name}, killed ${place} ${nth} (${trap.caught ?? "none"})`;
    const left = stride > 1 ? fingerprint(momentOf(stage.site)) : `${nth}`;
    const said = await crashes.aftermath(program, point, disturbed);
    // Every victim of the night, too, is a process that has done nothing yet.
    if (NIGHTLY) await fresh();
    count.killed += 1;
    return { left, point, wrong: [...said, ...watched.breaches.slice(breaches)] };
  };

  const killed = await killAmong(points, stride, killAt);
  await program.stop();
  const bad = [...killed.values()].filter(({ wrong }) => wrong.length > 0);
  for (const { point, wrong } of bad.slice(0, TOLD)) t.fail(point, { wrong });
  count.points += points;
  count.good += points - bad.length;
}

/** How many requests count at this place, where nothing is in the way. */
async function requestsAt(
  t: Test,
  place: Place,
  before: Moment,
  program: Program,
  { stage, step, argv, watched }: Disturbed,
): Promise<number> {
  goTo(stage.site, before);
  const trap = setTrap(stage.site, { place, nth: Infinity }, () => undefined);
  watched.now(`${step.name}, undisturbed`);
  const breaches = watched.breaches.length;
  const ended = await program.run(argv);
  trap.disarm();
  if (ended.killed) throw new Error("nobody killed it");
  t.equal(ended.exit, step.exit, `${step.name}: undisturbed`);
  t.strictSame(watched.breaches.slice(breaches), [], `${step.name}, undisturbed`);
  return trap.seen;
}

/** Past the clean-up time, one pass more; gives what went wrong. */
export async function cleanUp(program: Program, site: Site): Promise<readonly string[]> {
  site.clock.advance(CLEAN_UP_MS);
  const ran = await program.run(["sync", "--json", "--config", site.configFile]);
  if (!ran.killed && (ran.exit === 0 || ran.exit === 3)) return [];
  return [`the pass of the clean-up: ${JSON.stringify(ran)}`];
}

/** Its own CA alone: reading the system's 150 is half of what a run would cost. */
function environment({ dir }: Site): Readonly<Record<string, string>> {
  return { RUNTIME_DIRECTORY: dir, SSL_CERT_FILE: join(dir, "ca.pem") };
}

/** What a kill leaves behind is the same on a disk in memory, whose writes cost nothing. */
function inMemory(): void {
  if (existsSync("/dev/shm")) process.env["TMPDIR"] = "/dev/shm";
}
