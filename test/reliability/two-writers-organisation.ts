/** A small organisation that changes while two agents write: its people, its groups, its mappings. */
import type { Config } from "../../src/config/types.js";
import type { AclConfig } from "../../src/config/types.js";
import type { Random } from "../emulators/entra/random.js";
import { createBed } from "./two-writers-bed.js";
import type { Bed } from "./two-writers-bed.js";
import { configOf, entry, mapped } from "./two-writers-config.js";
import { Ledger, MANUAL } from "./two-writers-ledger.js";

const PEOPLE = 5;
const GROUPS = 4;
const DOMAIN = "contoso.example";

/** Where groups of ours and of others have entries: one below another, one beside it. */
export const PATHS = ["/vms", "/vms/100", "/storage"] as const;
/** None of these makes a mapping privileged; NoAccess takes away what is inherited. */
export const ROLES = ["PVEVMUser", "PVEVMAdmin", "PVEAuditor", "NoAccess"] as const;

export interface Organisation {
  readonly bed: Bed;
  readonly ledger: Ledger;
  /** Object ids of everybody who ever was, and of the groups. */
  readonly people: string[];
  readonly groups: readonly string[];
  /** Another configuration of the same mappings. */
  configure(random: Random): Config;
}

export const useridOf = (upn: string): string => `${upn}@entra`;

export async function createOrganisation(seed: number, random: Random): Promise<Organisation> {
  const bed = await createBed({
    seed,
    aclPaths: PATHS,
    users: ["user:local@pve:1:0::::::"],
    lag: { min: 0, max: random.index(4) === 0 ? 30 : 0 },
  });
  const { world } = bed.tenant;
  const { people, groups } = world.settled(() => ({
    people: Array.from({ length: PEOPLE }, (_, n) => person(bed, `p${n}`)),
    groups: Array.from({ length: GROUPS }, (_, n) => world.addGroup({ displayName: `e${n}` }).id),
  }));
  const stays = world.settled(() => person(bed, "stays"));
  world.settled(() => {
    for (const group of groups) {
      const members = people.filter(() => random.index(2) === 0);
      // Somebody who stays: a group that would be emptied is held, and nobody approves here.
      world.join(group, ...members, stays);
    }
  });
  const ledger = new Ledger(bed);
  for (const name of MANUAL) bed.hands.createGroup(name, "made by hand");
  ledger.grant({ path: "/vms", role: "PVEAuditor", groups: ["manual"], users: ["local@pve"] });
  return { bed, ledger, people, groups, configure: (by) => draw(by, bed, groups) };
}

export function person({ tenant }: Bed, name: string): string {
  return tenant.world.addUser({ upn: `${name}@${DOMAIN}`, displayName: name }).id;
}

function draw(random: Random, bed: Bed, groups: readonly string[]): Config {
  const names = ["ops", "dev", "aud", "deny"];
  const mappings = names.map((name, n) => {
    const from = groups.filter((_, at) => at === n || random.index(5) === 0);
    return mapped(name, from, entries(random));
  });
  return configOf(bed.sso.appId, mappings, { rotate: false });
}

function entries(random: Random): readonly AclConfig[] {
  const drawn = Array.from({ length: 1 + random.index(3) }, () =>
    entry(pick(random, PATHS), pick(random, ROLES), random.index(4) > 0),
  );
  const unique = new Map(drawn.map((one) => [`${one.path} ${one.role}`, one]));
  return [...unique.values()];
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.index(from.length)] as T;
}
