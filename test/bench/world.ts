/** A tenant and a cluster of a given size, and the changes that the bench makes to them. */
import { createClock } from "../emulators/common/clock.js";
import { createAuthority } from "../emulators/common/tls.js";
import { startEntra } from "../emulators/entra/index.js";
import type { EntraEmulator } from "../emulators/entra/index.js";
import { AGENT_TOKEN, buildDomainsCfg, buildUserCfg, startPve } from "../emulators/pve/index.js";
import type { PveEmulator } from "../emulators/pve/index.js";
import { startRecorder } from "./recorder.js";
import type { Recorder } from "./recorder.js";

export const GROUPS = 50;
const DOMAIN = "contoso.example";
const TOKEN = "emulated-token-value-of-the-agent";

export interface WorldOptions {
  readonly people: number;
  /** PVE takes the time that it was measured to take. */
  readonly costs: boolean;
}

/** What a client of this world has to know. Plain data: it goes from one process to another. */
export interface WorldFacts {
  readonly pveUrl: string;
  readonly entraUrl: string;
  readonly caPem: string;
  readonly tenantId: string;
  readonly pveToken: { readonly id: string; readonly value: string };
  /** The app that the agent signs in as, and the one that people sign in to. */
  readonly agentApp: AppFacts;
  readonly ssoApp: AppFacts;
  /** Object ids of the Entra groups, in the order of the mappings. */
  readonly groups: readonly string[];
}

export interface AppFacts {
  readonly appId: string;
  readonly secret: string;
}

export interface World {
  readonly facts: WorldFacts;
  readonly recorder: Recorder;
  /** Person n goes from their first group to one that they are not in. */
  move(n: number): void;
  close(): Promise<void>;
}

/** Two worlds of one size are the same but for their ports: the tenant draws its ids from a seed. */
export async function startWorld({ people, costs }: WorldOptions): Promise<World> {
  const clock = createClock();
  const authority = await createAuthority("Bench CA");
  const entra = await startEntra({ clock, authority, lag: { min: 0, max: 0 }, validate: false });
  const apps = makeApps(entra);
  const pve = await startPve({
    clock,
    authority,
    costs,
    tokenSecrets: { [AGENT_TOKEN]: TOKEN },
    userCfg: buildUserCfg({ aclPaths: ["/pool"] }),
    domainsCfg: buildDomainsCfg({
      issuerUrl: entra.issuer,
      clientId: apps.ssoApp.appId,
      clientKey: apps.ssoApp.secret,
    }),
  });
  const { persons, groups } = fill(entra, people);
  const facts: WorldFacts = {
    pveUrl: pve.url,
    entraUrl: entra.authorityUrl,
    caPem: authority.caPem,
    tenantId: entra.tenantId,
    pveToken: { id: AGENT_TOKEN, value: TOKEN },
    ...apps,
    groups,
  };
  return { facts, recorder: startRecorder(entra, pve), ...orders(entra, pve, persons, groups) };
}

function orders(
  entra: EntraEmulator,
  pve: PveEmulator,
  persons: readonly string[],
  groups: readonly string[],
): Pick<World, "move" | "close"> {
  return {
    move(n) {
      const person = at(persons, n % persons.length);
      const [from = 0] = groupsOf(n % persons.length);
      const to = groups.find((group) => !entra.world.members(group).includes(person));
      entra.world.leave(at(groups, from), person);
      entra.world.join(to ?? at(groups, from), person);
    },
    async close() {
      await Promise.all([entra.close(), pve.close()]);
    },
  };
}

function makeApps({ world }: EntraEmulator): Pick<WorldFacts, "agentApp" | "ssoApp"> {
  const agent = world.addApp({
    displayName: "pve-entra-agent",
    roles: ["GroupMember.Read.All", "User.Read.All", "Application.ReadWrite.OwnedBy"],
    owners: ["self"],
  });
  const sso = world.addApp({ displayName: "Proxmox VE", owners: [agent.appId] });
  const secretOf = (id: string): string => world.addSecret(id, { days: 180 }).secretText;
  return {
    agentApp: { appId: agent.appId, secret: secretOf(agent.id) },
    ssoApp: { appId: sso.appId, secret: secretOf(sso.id) },
  };
}

function fill(
  { world }: EntraEmulator,
  people: number,
): { persons: readonly string[]; groups: readonly string[] } {
  const members = Array.from({ length: GROUPS }, (): string[] => []);
  const persons = Array.from({ length: people }, (_, n) => {
    const name = `person${String(n).padStart(4, "0")}`;
    const names = { givenName: "Person", surname: `Number ${n}`, displayName: `Person ${n}` };
    const { id } = world.addUser({ upn: `${name}@${DOMAIN}`, ...names });
    for (const group of groupsOf(n)) members[group]?.push(id);
    return id;
  });
  const groups = members.map(
    (ids, n) => world.addGroup({ displayName: `Team ${n}`, members: ids }).id,
  );
  return { persons, groups };
}

/** Everybody is in two or three groups; strides prime to their number spread them evenly. */
function groupsOf(person: number): readonly number[] {
  const strides = [person, 7 * person + 3, 13 * person + 11];
  return [...new Set(strides.map((n) => n % GROUPS))];
}

function at<T>(list: readonly T[], n: number): T {
  const found = list[n];
  if (found === undefined) throw new RangeError(`there is no number ${n}`);
  return found;
}
