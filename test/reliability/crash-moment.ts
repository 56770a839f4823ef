/** A whole site at a moment: both worlds, the time, and the program's state folder. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EntraSnapshot } from "../emulators/entra/index.js";
import type { Site } from "../support/site.js";

export interface Moment {
  readonly now: number;
  readonly entra: EntraSnapshot;
  readonly pve: { readonly userCfg: string; readonly domainsCfg: string };
  /** Files of the state folder by name. */
  readonly state: ReadonlyMap<string, Buffer>;
}

/** Only while no program is at work. */
export function momentOf({ clock, entra, pve, dir }: Site): Moment {
  const folder = join(dir, "state");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return {
    now: clock.now(),
    entra: entra.snapshot(),
    pve: { userCfg: pve.userCfg(), domainsCfg: pve.domainsCfg() },
    state: new Map(names.map((name) => [name, readFileSync(join(folder, name))])),
  };
}

/** Takes the site back to one of its moments. Faults that were ordered and both logs are dropped. */
export function goTo({ clock, entra, pve, dir }: Site, moment: Moment): void {
  clock.set(moment.now);
  entra.restore(moment.entra);
  pve.load(moment.pve);
  const folder = join(dir, "state");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  for (const [name, bytes] of moment.state) {
    writeFileSync(join(folder, name), bytes, { mode: 0o600 });
  }
  for (const { faults, log } of [entra, pve]) {
    faults.clear();
    log.clear();
  }
}
