/** What the program does in a scenario, so that crashes and faults can be put into each moment of it. */
import type { ConfigParts, Site, SiteOptions } from "../support/site.js";

/** A site in the middle of a scenario. */
export interface Stage {
  readonly site: Site;
  /** The configuration as it is now; a step may change it, as an administrator would. */
  parts: ConfigParts;
  /** What the last run of the program printed with `--json`; holds the IDs of held changes. */
  printed: string;
}

/** People, time and configuration change; then the program runs once. */
export interface Step {
  readonly name: string;
  /** What happens before, all of it instantly; no request of ours. */
  readonly prepare?: (stage: Stage) => void;
  /** The program's arguments without `--config`; read when the step begins, after `prepare`. */
  readonly command: (stage: Stage) => readonly string[];
  /** How the program ends when nothing disturbs it. */
  readonly exit: number;
  /** A step that only leads to the next one: nothing is put into it. */
  readonly undisturbed?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly options: SiteOptions;
  /** Fills the site; returns the first configuration. */
  readonly build: (site: Site) => ConfigParts;
  readonly steps: readonly Step[];
}
