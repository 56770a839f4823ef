import type { EmulatorClock } from "../../common/clock.js";
import type { Directory } from "../directory.js";
import type { Random } from "../random.js";
import type { Settings } from "../settings.js";

/** What every order needs. */
export interface WorldContext {
  tenantId: string;
  /** The tenant's initial domain, `….onmicrosoft.com`. */
  domain: string;
  clock: EmulatorClock;
  random: Random;
  directory: Directory;
  settings: Settings;
}
