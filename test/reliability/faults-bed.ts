/** One step of a scenario that is gone through again and again, each time with another fault. */
import type { Test } from "tap";
import { concernOf, EVERYTHING, withUnheard } from "./faults-concern.js";
import type { Concern, Scene } from "./faults-concern.js";
import { Ground } from "./faults-ground.js";
import { outcomeOf, undone, unsaid } from "./faults-judge.js";
import type { Program, Told } from "./faults-program.js";
import { byMeaning } from "./faults-request.js";
import type { Met } from "./faults-request.js";
import { differences, Keepers, samePicture } from "./faults-state.js";
import type { Picture } from "./faults-state.js";
import type { Ordered } from "./faults-wire.js";
import type { Scenario, Step } from "./scenario.js";
import { watch, whyRefused } from "./watch.js";

const MINUTE_MS = 60_000;
/** After this long no secret is left that nobody uses. */
const CLEAN_UP_MS = 25 * 60 * MINUTE_MS;
/** Real time: what a stall costs. Far above what an honest answer takes on a busy machine. */
const DEADLINE_MS = 2_000;
/** Waits before each further pass: the schedule, then what a failed rotation rests. */
const WAITS_MS = [5, 5, 5, 65, 65, 65].map((minutes) => minutes * MINUTE_MS);

export interface Result {
  /** What came of it, in the words of the matrix. */
  readonly outcome: string;
  /** Promises that fell; empty: none. */
  readonly problems: readonly string[];
}

/** The step with nothing in its way. */
interface Undisturbed {
  readonly places: readonly Met[];
  readonly told: Told;
  readonly end: Picture;
  /** A day later, when secrets that nobody uses are gone. */
  readonly later: Picture;
}

export class Bed {
  readonly scenario: Scenario;
  readonly step: Step;
  readonly #ground: Ground;
  readonly #usual: Undisturbed;
  readonly #keepers: Keepers;

  private constructor(scenario: Scenario, step: Step, ground: Ground, usual: Undisturbed) {
    this.scenario = scenario;
    this.step = step;
    this.#ground = ground;
    this.#usual = usual;
    this.#keepers = new Keepers(ground.old, usual.end.userCfg);
  }

  /** Goes to the step, and through it once, undisturbed. */
  static async at(t: Test, scenario: Scenario, step: Step): Promise<Bed> {
    const ground = await Ground.of(t, scenario, step);
    ground.wire.begin();
    const program = ground.program();
    try {
      const told = await program.run(ground.argv);
      // Requests that are under way at once arrive in the order that the machine's load makes.
      const places = [...ground.wire.met].sort(byMeaning);
      const end = ground.picture();
      if (told.exit !== step.exit) throw new Error(`${step.name}: ${told.exit}, ${told.out}`);
      ground.site.clock.advance(CLEAN_UP_MS);
      await program.run(["sync"]);
      return new Bed(scenario, step, ground, { places, told, end, later: ground.picture() });
    } finally {
      await program.close();
    }
  }

  /** The scenario, and which of its steps where it has several. */
  get name(): string {
    const disturbed = this.scenario.steps.filter(({ undisturbed }) => undisturbed !== true);
    return disturbed.length === 1 ? this.scenario.name : this.step.name;
  }

  /** What it asks for when nothing disturbs it. */
  get places(): readonly Met[] {
    return this.#usual.places;
  }

  /** Whether a secret is made in it: a hundred proofs. */
  get rotates(): boolean {
    return this.places.some(({ kind }) => kind === "Entra: addPassword");
  }

  /** How many people keep something all the while. */
  get keepers(): number {
    return this.#keepers.people;
  }

  /** The step with a fault in it, and what follows. */
  async disturbed(ordered: Ordered): Promise<Result> {
    const { site, wire, old } = this.#ground;
    const { end } = this.#usual;
    this.#ground.goBack();
    const problems: string[] = [];
    const concern = this.#concern(ordered);
    const watching = watch(site, { old, wanted: end.userCfg });
    watching.allow(withUnheard(concern, this.#scene));
    const losses = site.pve.onWrite(({ userCfgAfter }) =>
      problems.push(...this.#keepers.losses(userCfgAfter)),
    );
    wire.begin(ordered);
    const program = this.#ground.program(ordered.fault.stalls === true ? DEADLINE_MS : undefined);
    try {
      const told = await program.run(this.#ground.argv);
      const again = this.#cameAgain(ordered);
      if (wire.hits === 0) problems.push("the request never came");
      wire.end();
      const refused = whyRefused(site, site.pve.domainsCfg(), "entra");
      if (refused !== undefined) problems.push(`P1: ${refused}`);
      const now = this.#ground.picture();
      const { fault } = ordered;
      const comparison = { fault, old, usual: this.#usual.told, wanted: end, told, now };
      problems.push(...undone(concern, comparison), ...unsaid(comparison));
      const passes = await this.#converge(program, problems);
      problems.push(...watching.breaches, ...this.#ground.leaks([told.out]));
      return { outcome: outcomeOf(comparison, again, passes), problems };
    } finally {
      watching.stop();
      losses();
      wire.end();
      await program.close();
    }
  }

  /**
   * More requests of the one that the fault hit, than there are without it. How many proofs a new
   * secret takes depends on which replicas it meets.
   */
  #cameAgain({ at }: Ordered): boolean | undefined {
    if (at.key.includes("proof")) return undefined;
    const count = (mets: readonly Met[]): number => mets.filter(({ key }) => key === at.key).length;
    return count(this.#ground.wire.met) > count(this.places);
  }

  #concern({ at, lasts, fault }: Ordered): Concern {
    const met = this.places.find(({ key, n }) => key === at.key && n === at.n);
    if (met === undefined) throw new RangeError(`nothing asks for ${at.key} (${at.n})`);
    return lasts || fault.around !== undefined ? EVERYTHING : concernOf(met, this.#scene);
  }

  get #scene(): Scene {
    const { old, mappings } = this.#ground;
    return { old, wanted: this.#usual.end.userCfg, mappings };
  }

  /** Clean passes until everything is as it is without the fault; gives how many it took. */
  async #converge(program: Program, problems: string[]): Promise<number> {
    const { end } = this.#usual;
    for (const [at, wait] of WAITS_MS.entries()) {
      this.#ground.site.clock.advance(wait);
      const told = await this.#next(program);
      problems.push(...this.#ground.leaks([told.out]));
      const { userCfg, keyIsNew } = this.#ground.picture();
      if (told.exit !== this.step.exit) continue;
      if (userCfg !== end.userCfg || keyIsNew !== end.keyIsNew) continue;
      await this.#later(program, problems);
      return at + 1;
    }
    const left = differences(this.#ground.picture().userCfg, end.userCfg);
    const facts = left.map(({ text }) => text).join("; ");
    problems.push(`${WAITS_MS.length} clean passes later it is not as it should be: ${facts}`);
    return WAITS_MS.length;
  }

  /** Where an approval was used up, or never taken down, it is given again: as a person would. */
  async #next(program: Program): Promise<Told> {
    const { argv } = this.#ground;
    if (argv.includes("--approve")) await program.run(argv);
    return program.run(["sync"]);
  }

  /** A day later no secret of ours is left but the one in use, and none of others' is gone. */
  async #later(program: Program, problems: string[]): Promise<void> {
    const { end, later } = this.#usual;
    const aboutSecrets = end.keyIsNew || end.kept.length > 1;
    if (!aboutSecrets) return;
    this.#ground.site.clock.advance(CLEAN_UP_MS);
    const told = await program.run(["sync"]);
    const now = this.#ground.picture();
    if (samePicture(now, later)) return;
    const figures = ({ kept, added, keyIsNew }: Picture): string =>
      `${kept.length} kept, ${added} added, ${keyIsNew ? "new" : "old"} key`;
    problems.push(
      `a day later: ${figures(now)} instead of ${figures(later)} (${told.codes.join()})`,
    );
  }
}
