/** A site at the beginning of a step, to which it can be brought back. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { EntraSnapshot } from "../emulators/entra/index.js";
import { filesBelow, leaksIn } from "../support/site.js";
import type { Site } from "../support/site.js";
import { Program } from "./faults-program.js";
import { pictureOf, secretsNow } from "./faults-state.js";
import type { Picture, SecretsThen } from "./faults-state.js";
import { Wire } from "./faults-wire.js";
import type { Scenario, Step } from "./scenario.js";
import { prepareStep, runStep, startStage } from "./scenarios-run.js";

/** Lists of two people have a second page, so that one can get lost. */
const SHORT_PAGE = 2;

export class Ground {
  readonly site: Site;
  readonly wire: Wire;
  /** What the program is called with. */
  readonly argv: readonly string[];
  /** `[[realm.group]]` as TOML. */
  readonly mappings: string;
  /** user.cfg as the step begins. */
  readonly old: string;
  readonly #domainsCfg: string;
  readonly #entra: EntraSnapshot;
  readonly #now: number;
  readonly #secrets: SecretsThen;

  private constructor(site: Site, wire: Wire, argv: readonly string[], mappings: string) {
    this.site = site;
    this.wire = wire;
    this.argv = argv;
    this.mappings = mappings;
    this.old = site.pve.userCfg();
    this.#domainsCfg = site.pve.domainsCfg();
    this.#entra = site.entra.snapshot();
    this.#now = site.clock.now();
    this.#secrets = secretsNow(site);
    this.#copyState("state", "state-then");
  }

  /** Builds the site and goes to where the step begins. */
  static async of(t: Test, scenario: Scenario, step: Step): Promise<Ground> {
    const stage = await startStage(t, scenario);
    stage.site.entra.world.shortPages(SHORT_PAGE);
    for (const before of scenario.steps) {
      if (before === step) break;
      await runStep(stage, before);
    }
    const argv = prepareStep(stage, step);
    const wire = await Wire.before(stage.site);
    return new Ground(stage.site, wire, argv, stage.parts.groups ?? "");
  }

  program(deadlineMs?: number): Program {
    return new Program(this.site, this.wire.clock, deadlineMs);
  }

  picture(): Picture {
    return pictureOf(this.site, this.#secrets);
  }

  /** Everything is as it was when the step began; nothing was ever asked or logged. */
  goBack(): void {
    const { pve, entra, clock, logLines } = this.site;
    pve.load({ userCfg: this.old, domainsCfg: this.#domainsCfg });
    entra.restore(this.#entra);
    pve.log.clear();
    entra.log.clear();
    logLines.length = 0;
    clock.set(this.#now);
    this.#copyState("state-then", "state");
  }

  /** Secrets in what was printed, in the log, and in the files of the state folder (P10). */
  leaks(printed: readonly string[]): readonly string[] {
    const { dir, logLines } = this.site;
    const texts = [...printed, ...logLines, ...filesBelow(join(dir, "state"))];
    return leaksIn(this.site, texts).map((hint) => `P10: the secret ${hint} leaked`);
  }

  #copyState(from: string, to: string): void {
    const { dir } = this.site;
    rmSync(join(dir, to), { recursive: true, force: true });
    cpSync(join(dir, from), join(dir, to), { recursive: true, force: true });
  }
}
