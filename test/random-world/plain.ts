/** A site in which nothing is drawn: what random worlds found is told again with it, in few words. */
import type { GuardDraw, LifeDraw, MappingDraw, PersonDraw, RealmDraw, StepDraw } from "./draw.js";
import { LivingSite } from "./site.js";
import type { Look, PassResult } from "./site.js";
import { Hearing } from "./tenant.js";
import { Watcher } from "./watch.js";

const HOURS_OLD = 48;

export function plainPerson(name: number, groups: readonly number[]): PersonDraw {
  const isIn = [0, 1, 2, 3].map((n) => groups.includes(n));
  return { name, mail: name, enabled: true, guest: false, groups: isIn };
}

export function plainMapping(
  entra: readonly number[],
  more: Partial<MappingDraw> = {},
): MappingDraw {
  const usual = { acl: undefined, maxMembers: 20, adopt: false, keepExtra: false };
  return { entra, ...usual, jit: false, guests: false, ...more };
}

export function plainRealm(
  mappings: readonly (MappingDraw | undefined)[],
  more: Partial<RealmDraw> = {},
): RealmDraw {
  return {
    claim: "upn",
    mappings: [0, 1, 2, 3].map((n) => mappings[n]),
    guests: false,
    names: false,
    onLeave: "disable",
    deleteAfterDays: undefined,
    unmarked: "report",
    ...more,
  };
}

export interface PlainLife extends Partial<Omit<LifeDraw, "configs">> {
  readonly realms: readonly RealmDraw[];
  /** The second configuration; the first one where there is none. */
  readonly then?: readonly RealmDraw[];
  readonly guard?: Partial<GuardDraw>;
}

/** A site that is watched as the random ones are, and told what to do step by step. */
export class PlainSite {
  readonly site: LivingSite;
  readonly #watch: Watcher;

  constructor({ realms, then, guard: limits, ...draw }: PlainLife) {
    const guard = { maxRemovals: 10, share: 1, maxDisabled: 50, room: 700_000, ...limits };
    this.site = new LivingSite({
      people: [],
      groups: [],
      users: [],
      entries: [],
      aclPaths: ["/"],
      hoursOld: HOURS_OLD,
      steps: [],
      ...draw,
      configs: [
        { realms, guard },
        { realms: then ?? realms, guard },
      ],
    });
    this.#watch = new Watcher(this.site, new Hearing(this.site.tenant, []));
  }

  /** Things happen, then a pass is made. Throws what the watch finds wrong. */
  async pass(step: Partial<StepDraw> = {}): Promise<PassResult & { readonly look: Look }> {
    const nothing = { edits: [], lies: [], faults: [], approve: false, loseJournal: false };
    const whole = { ...nothing, hours: 0, config: 0, clockOffMinutes: 0, ...step };
    this.site.live(whole);
    this.#watch.hears(new Hearing(this.site.tenant, whole.lies));
    const result = await this.site.pass(whole, this.#watch);
    if (this.#watch.wrong !== undefined) throw new Error(this.#watch.wrong);
    const [look] = result.looks;
    if (look === undefined) throw result.thrown ?? new Error("nothing was looked at");
    return { ...result, look };
  }

  /** Who is in a group of PVE. */
  members(group: string): readonly string[] {
    return [...(this.site.pve.state.users.groups.get(group)?.users ?? [])].sort();
  }

  close(): void {
    this.site.close();
  }
}
