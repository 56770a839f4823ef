/** A believable organisation in the emulated Entra: people, nested groups, a guest, a leaver. */
import type { EntraWorld } from "../emulators/entra/index.js";
import { localPart, nameOf, TEAMS } from "./names.js";
import type { Team } from "./names.js";

export const DOMAIN = "contoso.example";
/** Where guests are stored: the tenant's initial domain. */
export const TENANT_DOMAIN = "contoso.onmicrosoft.com";
export const REALM = "entra";

const NESTED: Readonly<Record<string, readonly Team[]>> = {
  "IT Operations": ["Platform Team", "Service Desk"],
  Engineering: ["Backend", "Frontend", "Quality Assurance"],
};
/** The guest works with the front-end people. */
const GUEST = { mail: "aino@fabrikam.example", displayName: "Aino Korhonen (Fabrikam)" };
/** Left the company last week; nobody has taken the account out of its groups. */
const DISABLED = "Matteo Esposito";

export interface Organisation {
  /** Object ids by the name of the group. */
  readonly groups: ReadonlyMap<string, string>;
  readonly guest: { readonly id: string; readonly upn: string; readonly name: string };
  readonly disabled: string;
  /** Everybody, the guest included. */
  readonly size: number;
}

/** Founds the organisation; every replica knows all of it at once. */
export function found(world: EntraWorld): Organisation {
  return world.settled(() => {
    const groups = new Map<string, string>();
    let size = 1;
    for (const [team, people] of Object.entries(TEAMS)) {
      const members = people.map((name) => hire(world, name));
      size += members.length;
      groups.set(team, world.addGroup({ displayName: team, members }).id);
    }
    for (const [outer, inner] of Object.entries(NESTED)) {
      const id = groups.get(outer) ?? world.addGroup({ displayName: outer }).id;
      groups.set(outer, id);
      for (const team of inner) world.nest(id, groups.get(team) ?? "");
    }
    world.disable(upnOf(DISABLED));
    const guest = world.addGuest({ ...GUEST, givenName: "Aino", surname: "Korhonen" });
    world.join(groups.get("Frontend") ?? "", guest.id);
    return {
      groups,
      guest: { id: guest.id, upn: guest.userPrincipalName, name: guest.displayName },
      disabled: DISABLED,
      size,
    };
  });
}

function hire(world: EntraWorld, name: string): string {
  const { given, family } = nameOf(name);
  return world.addUser({
    upn: upnOf(name),
    displayName: name,
    givenName: given,
    surname: family,
  }).id;
}

export function upnOf(name: string): string {
  return `${localPart(name)}@${DOMAIN}`;
}

/** As PVE calls the person. */
export function useridOf(name: string): string {
  return `${upnOf(name)}@${REALM}`;
}

/** Everybody of these teams whose account is enabled, the guest aside. */
export function peopleOf(...teams: readonly Team[]): readonly string[] {
  return teams.flatMap((team) => [...TEAMS[team]]).filter((name) => name !== DISABLED);
}
