/** One step of a scenario that is gone through again and again, each time with another fault. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { EntraSnapshot } from "../emulators/entra/index.js";
import { filesBelow, leaksIn } from "../support/site.js";
import type { Site } from "../support/site.js";
import { concernOf, EVERYTHING, withUnheard } from "./faults-concern.js";
import type { Concern, Scene } from "./faults-concern.js";
import { isError, Program } from "./faults-program.js";
import type { Told } from "./faults-program.js";
import type { Met } from "./faults-request.js";
import { differences, Keepers, pictureOf, samePicture, secretsNow } from "./faults-state.js";
import type { Picture, SecretsThen } from "./faults-state.js";
import { Wire } from "./faults-wire.js";
import type { Ordered } from "./faults-wire.js";
import type { Scenario, Step } from "./scenario.js";
import { prepareStep, runStep, startStage } from "./scenarios-run.js";
import { watch, whyRefused } from "./watch.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Lists of two people have a second page, so that one can get lost. */
const SHORT_PAGE = 2;
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

interface Start {
  readonly pve: { readonly userCfg: string; readonly domainsCfg: string };
  readonly entra: EntraSnapshot;
  readonly now: number;
  readonly secrets: SecretsThen;
}

export class Bed {
  readonly scenario: Scenario;
  readonly step: Step;
  readonly #site: Site;
  readonly #wire: Wire;
  readonly #argv: readonly string[];
  readonly #mappings: string;
  readonly #start: Start;
  /** Undisturbed: what it asks for, what it says, and how it ends. */
  places: readonly Met[] = [];
  #usual: Told | undefined;
  #wanted: Picture | undefined;
  /** A day later, when secrets that nobody uses are gone. */
  #wantedLater: Picture | undefined;
  #keepers: Keepers | undefined;

  private constructor(
    scenario: Scenario,
    step: Step,
    parts: { site: Site; wire: Wire; argv: readonly string[]; mappings: string },
  ) {
    this.scenario = scenario;
    this.step = step;
    this.#site = parts.site;
    this.#wire = parts.wire;
    this.#argv = parts.argv;
    this.#mappings = parts.mappings;
    const { pve, entra, clock } = parts.site;
    this.#start = {
      pve: { userCfg: pve.userCfg(), domainsCfg: pve.domainsCfg() },
      entra: entra.snapshot(),
      now: clock.now(),
      secrets: secretsNow(parts.site),
    };
    this.#copyState("state", "state-then");
  }

  /** Goes to the step, and through it once, undisturbed. */
  static async at(t: Test, scenario: Scenario, step: Step): Promise<Bed> {
    const stage = await startStage(t, scenario);
    const { site } = stage;
    site.entra.world.shortPages(SHORT_PAGE);
    for (const before of scenario.steps) {
      if (before === step) break;
      await runStep(stage, before);
    }
    const argv = prepareStep(stage, step);
    const wire = await Wire.before(site);
    const bed = new Bed(scenario, step, {
      site,
      wire,
      argv,
      mappings: stage.parts.groups ?? "",
    });
    await bed.#undisturbed();
    return bed;
  }

  get name(): string {
    return this.scenario.steps.length === 1
      ? this.scenario.name
      : `${this.scenario.name}: ${this.step.name}`;
  }

  /** For a table. */
  get short(): string {
    const own = this.scenario.steps.filter(({ undisturbed }) => undisturbed !== true);
    return own.length === 1 ? this.scenario.name : this.step.name;
  }

  /** Whether a secret is made in it: a hundred proofs. */
  get rotates(): boolean {
    return this.places.some(({ kind }) => kind === "Entra: addPassword");
  }

  /** How many people keep something all the while. */
  get keepers(): number {
    return this.#keepers?.people ?? 0;
  }

  async #undisturbed(): Promise<void> {
    this.#wire.begin();
    const program = new Program(this.#site, this.#wire.clock);
    try {
      this.#usual = await program.run(this.#argv);
      this.places = [...this.#wire.met];
      this.#wanted = this.#picture();
      this.#keepers = new Keepers(this.#start.pve.userCfg, this.#wanted.userCfg);
      if (this.#usual.exit !== this.step.exit) {
        throw new Error(`${this.name} ended with ${this.#usual.exit}: ${this.#usual.out}`);
      }
      this.#site.clock.advance(25 * HOUR_MS);
      await program.run(["sync"]);
      this.#wantedLater = this.#picture();
    } finally {
      await program.close();
    }
  }

  /** The step with a fault in it, and what follows. */
  async disturbed(ordered: Ordered): Promise<Result> {
    const [usual, wanted] = [this.#usual, this.#wanted];
    if (usual === undefined || wanted === undefined) throw new Error("not gone through yet");
    this.#goBack();
    const { userCfg: old } = this.#start.pve;
    const problems: string[] = [];
    const concern = this.#concern(ordered);
    const watching = watch(this.#site, { old, wanted: wanted.userCfg });
    watching.allow(withUnheard(concern, this.#scene));
    const losses = this.#site.pve.onWrite(({ userCfgAfter }) =>
      problems.push(...(this.#keepers?.losses(userCfgAfter) ?? [])),
    );
    this.#wire.begin(ordered);
    const program = new Program(
      this.#site,
      this.#wire.clock,
      ordered.fault.stalls === true ? DEADLINE_MS : undefined,
    );
    try {
      const told = await program.run(this.#argv);
      const requests = this.#wire.met.length;
      const hits = this.#wire.hits;
      if (hits === 0) problems.push("the request never came");
      this.#wire.end();
      const now = this.#picture();
      const refused = whyRefused(this.#site, this.#site.pve.domainsCfg(), "entra");
      if (refused !== undefined) problems.push(`P1: ${refused}`);
      problems.push(...this.#peopleUndone(concern, told, now));
      problems.push(...this.#secretsUndone(concern, now), ...this.#silent(ordered, told, now));
      const passes = await this.#converge(program, problems);
      problems.push(...watching.breaches);
      problems.push(...this.#leaks([told.out]));
      const outcome = this.#outcome(ordered, told, now, { passes, requests });
      return { outcome, problems };
    } finally {
      watching.stop();
      losses();
      this.#wire.end();
      await program.close();
      this.#site.logLines.length = 0;
    }
  }

  // ------------------------------------------------------------ what must hold

  #concern({ at, lasts, fault }: Ordered): Concern {
    const met = this.places.find(({ key, n }) => key === at.key && n === at.n);
    if (met === undefined) throw new RangeError(`nothing asks for ${at.key} (${at.n})`);
    return lasts || fault.around !== undefined ? EVERYTHING : concernOf(met, this.#scene);
  }

  get #scene(): Scene {
    return {
      old: this.#start.pve.userCfg,
      wanted: this.#wanted?.userCfg ?? "",
      mappings: this.#mappings,
    };
  }

  /** Whatever the fault does not concern has happened, or the pass as a whole was stopped. */
  #peopleUndone({ people, accounts }: Concern, told: Told, now: Picture): readonly string[] {
    if (people === "all" || stopsWriting(told)) return [];
    return differences(now.userCfg, this.#wanted?.userCfg ?? "")
      .filter(({ about }) => !about.some((name) => people.has(name)))
      .filter(({ text, about }) => !(accounts && text.startsWith("user:") && this.#leaves(about)))
      .map(({ text }) => `does not depend on it, and was not done: ${text}`);
  }

  #leaves(about: readonly string[]): boolean {
    const wanted = this.#wanted?.userCfg ?? "";
    return about.some((userid) => wanted.includes(`user:${userid}:0:`));
  }

  #secretsUndone({ secrets }: Concern, now: Picture): readonly string[] {
    const wanted = this.#wanted;
    if (secrets || wanted === undefined) return [];
    const same = now.keyIsNew === wanted.keyIsNew && now.kept.length === wanted.kept.length;
    return same ? [] : ["the rotation does not depend on it, and was not done"];
  }

  /** What was not done was said: by the exit code, in the log, and to health. */
  #silent({ fault }: Ordered, told: Told, now: Picture): readonly string[] {
    const news = this.#news(told);
    const problems: string[] = [];
    const done = this.#wanted !== undefined && samePicture(now, this.#wanted);
    if (!done && news.length === 0 && !(fault.plausible === true && this.#onlyFewerAdded(now))) {
      problems.push("something was not done, and nothing was said");
    }
    const errors = news.filter(isError);
    if (errors.length === 0) return problems;
    if (told.exit === 0) problems.push(`exit 0 with ${errors.join()}`);
    if (told.health === "ok") problems.push(`health is ok with ${errors.join()}`);
    for (const code of errors) {
      if (!told.logged.includes(code)) problems.push(`${code} is not in the log`);
      if (!told.healthCodes.includes(code)) problems.push(`${code} is not in health`);
    }
    return problems;
  }

  /** What is missing was not there before either: nobody but the one who lied can know of it. */
  #onlyFewerAdded(now: Picture): boolean {
    const missing = differences(now.userCfg, this.#wanted?.userCfg ?? "");
    const before = new Set(differences(this.#start.pve.userCfg, now.userCfg).map(textOf));
    return missing.every(({ text }) => !before.has(text) && !now.userCfg.includes(text));
  }

  /** Clean passes until everything is as it is without the fault; gives how many it took. */
  async #converge(program: Program, problems: string[]): Promise<number> {
    const wanted = this.#wanted;
    for (const [at, wait] of WAITS_MS.entries()) {
      this.#site.clock.advance(wait);
      const told = await this.#next(program);
      const now = this.#picture();
      const settled =
        told.exit === this.step.exit &&
        now.userCfg === wanted?.userCfg &&
        now.keyIsNew === wanted.keyIsNew;
      problems.push(...this.#leaks([told.out]));
      if (!settled) continue;
      await this.#later(program, problems);
      return at + 1;
    }
    const left = differences(this.#site.pve.userCfg(), wanted?.userCfg ?? "");
    const facts = left.map(({ text }) => text).join("; ");
    problems.push(`${WAITS_MS.length} clean passes later it is not as it should be: ${facts}`);
    return WAITS_MS.length;
  }

  /** Where an approval was used up, or never taken down, it is given again: as a person would. */
  async #next(program: Program): Promise<Told> {
    if (this.#argv.includes("--approve")) await program.run(this.#argv);
    return program.run(["sync"]);
  }

  /** A day later no secret of ours is left but the one in use, and none of others' is gone. */
  async #later(program: Program, problems: string[]): Promise<void> {
    const wanted = this.#wantedLater;
    if (this.#wanted?.keyIsNew !== true && this.#wanted?.kept.length === 1) return;
    this.#site.clock.advance(25 * HOUR_MS);
    const told = await program.run(["sync"]);
    const now = this.#picture();
    if (wanted === undefined || samePicture(now, wanted)) return;
    const figures = ({ kept, added, keyIsNew }: Picture): string =>
      `${kept.length} kept, ${added} added, ${keyIsNew ? "new" : "old"} key`;
    problems.push(
      `a day later: ${figures(now)} instead of ${figures(wanted)} (${told.codes.join()})`,
    );
  }

  #leaks(printed: readonly string[]): readonly string[] {
    const { dir, logLines } = this.#site;
    const texts = [...printed, ...logLines, ...filesBelow(join(dir, "state"))];
    return leaksIn(this.#site, texts).map((hint) => `P10: the secret ${hint} leaked`);
  }

  // ------------------------------------------------------------ what came of it

  #outcome(
    ordered: Ordered,
    told: Told,
    now: Picture,
    { passes, requests }: { readonly passes: number; readonly requests: number },
  ): string {
    const news = this.#news(told);
    const done = this.#wanted !== undefined && samePicture(now, this.#wanted);
    const later = passes > 1 ? `, done after ${passes} passes` : "";
    const codes = news.join(" + ");
    // Which of the requests beside it meet the wrong certificate first is a matter of milliseconds.
    if (news.length > 0 && ordered.fault.around === "wrong certificate") return "reported";
    if (done && news.length === 0) {
      return requests > this.places.length ? `retried${later}` : `unnoticed${later}`;
    }
    if (done) return `all done, reported ${codes}${later}`;
    const nothing = now.userCfg === this.#start.pve.userCfg && !now.keyIsNew && now.added === 0;
    return `${nothing ? "nothing" : "the rest"} done, reported ${codes}${later}`;
  }

  /** Codes that the undisturbed run does not have. */
  #news({ codes }: Told): readonly string[] {
    return codes.filter((code) => this.#usual?.codes.includes(code) !== true);
  }

  #picture(): Picture {
    return pictureOf(this.#site, this.#start.secrets);
  }

  #goBack(): void {
    const { pve, entra, clock } = this.#site;
    pve.load(this.#start.pve);
    entra.restore(this.#start.entra);
    pve.log.clear();
    entra.log.clear();
    clock.set(this.#start.now);
    this.#copyState("state-then", "state");
  }

  #copyState(from: string, to: string): void {
    const { dir } = this.#site;
    rmSync(join(dir, to), { recursive: true, force: true });
    cpSync(join(dir, from), join(dir, to), { recursive: true, force: true });
  }
}

/** After these nothing that PVE says can be relied on: the pass stops writing. */
const STOPS: ReadonlySet<string> = new Set([
  "PVE_UNAUTHORIZED",
  "PVE_NO_QUORUM",
  "PVE_UNREACHABLE",
  "PVE_CERTIFICATE",
]);

function stopsWriting({ codes }: Told): boolean {
  return codes.some((code) => STOPS.has(code));
}

function textOf({ text }: { readonly text: string }): string {
  return text;
}
