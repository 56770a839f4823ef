/** Who Entra says should be where, realm by realm: before PVE's side is looked at. */
import type { MappingConfig, RealmConfig } from "../config/types.js";
import type { Finding } from "../errors.js";
import { isRealm } from "./facts.js";
import type {
  Access,
  Directory,
  GroupId,
  ObjectId,
  Person,
  PveUser,
  RealmFacts,
  UserId,
} from "./facts.js";
import { privilegedGroup } from "./privileged.js";
import { distrust, distrustsSecrets } from "./trust.js";
import { claimOf, collisions, useridOf } from "./userid.js";
import type { Claim } from "./userid.js";

/** One mapping with what its Entra groups' lists said. */
export interface Mapping {
  readonly config: MappingConfig;
  readonly entra: readonly ObjectId[];
  /** Those of them that could be read: about the others nobody's own side can be asked. */
  readonly readable: readonly ObjectId[];
  /** The Entra groups by name and object id, for reasons: `Entra group "Operators" (1111…)`. */
  readonly label: string;
  /** In at least one readable group of the mapping, whoever they are. */
  readonly listed: ReadonlySet<ObjectId>;
  /** Every group was read whole: only then does being absent mean anything. */
  readonly complete: boolean;
  readonly privileged: boolean;
}

/** Why somebody listed is given nothing. */
export interface Skip {
  readonly why: string;
  /** A guest or an impossible userid counts as having left; a collision does not. */
  readonly left: boolean;
}

export interface Roster {
  readonly realm: RealmConfig;
  readonly facts?: RealmFacts;
  readonly claim?: Claim;
  readonly mappings: readonly Mapping[];
  /** By the name of the PVE group. */
  readonly byName: ReadonlyMap<GroupId, Mapping>;
  /** The mappings whose lists have somebody, in their order. */
  readonly listing: ReadonlyMap<ObjectId, readonly Mapping[]>;
  readonly people: ReadonlyMap<ObjectId, Person>;
  readonly userids: ReadonlyMap<ObjectId, UserId>;
  /** Whom the lists give for a userid; collisions left out. */
  readonly holders: ReadonlyMap<UserId, ObjectId>;
  readonly skipped: ReadonlyMap<ObjectId, Skip>;
  /** What stops every addition in this realm; empty: nothing does. */
  readonly stops: readonly Finding[];
  readonly findings: readonly Finding[];
}

/** @param issuer what the realm's issuer-url must be: `<authority>/<tenant_id>/v2.0` */
export function roster(
  realm: RealmConfig,
  issuer: string,
  directory: Directory,
  access: Access,
): Roster {
  const read = access.realms.get(realm.name);
  const facts = isRealm(read) ? read : undefined;
  const stops = distrust(realm, issuer, read);
  const claim = usableClaim(realm, facts, stops);
  const mappings = realm.groups.map((config) => mappingOf(config, directory, access));
  const findings = mappings.flatMap((mapping) => unreadable(mapping, realm.name, directory));
  const people = listedPeople(mappings, directory);
  const { userids, skipped } = nameThem(people, claim, realm);
  return {
    realm,
    ...(facts === undefined ? {} : { facts }),
    ...(claim === undefined ? {} : { claim }),
    mappings,
    byName: new Map(mappings.map((mapping) => [mapping.config.name, mapping])),
    listing: listingOf(mappings),
    people,
    userids,
    holders: holdersOf(userids, skipped),
    skipped,
    stops,
    findings: [...stops, ...findings],
  };
}

/** Why this person is not to be in this mapping, whatever the list says; undefined: they may. */
export function skipIn(roster: Roster, mapping: Mapping, person: Person): Skip | undefined {
  const skip = roster.skipped.get(person.id);
  if (skip !== undefined) return skip;
  if (person.guest && mapping.privileged && mapping.config.guests !== "allow") {
    return { why: `a guest, and ${mapping.config.name} is privileged`, left: true };
  }
  return undefined;
}

/**
 * Whether a person, as this object of theirs says, counts as having left a mapping whoever lists
 * them: a guest where guests are not allowed, or without a possible userid.
 */
export function ruledOut({ realm, claim }: Roster, mapping: Mapping, person: Person): boolean {
  if (person.guest && realm.guests === "skip") return true;
  if (person.guest && mapping.privileged && mapping.config.guests !== "allow") return true;
  return claim !== undefined && !useridOf(person, claim, realm.name).ok;
}

/** The Entra groups of those mappings that could be read whole. */
export function readGroups({ mappings }: Roster): readonly ObjectId[] {
  return mappings.filter(({ complete }) => complete).flatMap(({ entra }) => entra);
}

/** The mapped PVE groups that a user is in now, as mappings. */
export function mappingsOf({ byName }: Roster, user: PveUser): readonly Mapping[] {
  return user.groups.flatMap((group) => byName.get(group) ?? []);
}

function listingOf(mappings: readonly Mapping[]): ReadonlyMap<ObjectId, readonly Mapping[]> {
  const listing = new Map<ObjectId, Mapping[]>();
  for (const mapping of mappings) {
    for (const id of mapping.listed) {
      const known = listing.get(id);
      if (known === undefined) listing.set(id, [mapping]);
      else known.push(mapping);
    }
  }
  return listing;
}

/**
 * In a realm that is pointed elsewhere nobody's name is what its claim says: believing it would
 * rename, and so disable, everybody. People are known by their object id alone then.
 */
function usableClaim(
  realm: RealmConfig,
  facts: RealmFacts | undefined,
  stops: readonly Finding[],
): Claim | undefined {
  if (facts === undefined || distrustsSecrets(stops)) return undefined;
  const claim = claimOf(facts.usernameClaim);
  return claim?.needsEmailClaim === true && !realm.emailClaim ? undefined : claim;
}

function mappingOf(config: MappingConfig, directory: Directory, access: Access): Mapping {
  const entra = config.entra as readonly ObjectId[];
  const reads = entra.map((id) => directory.groups.get(id));
  const named = reads.map((read, at) =>
    read?.ok === true ? `"${read.displayName}" (${read.id})` : String(entra[at]),
  );
  return {
    config,
    entra,
    label: `${named.length === 1 ? "Entra group" : "one of the Entra groups"} ${named.join(", ")}`,
    listed: new Set(reads.flatMap((read) => (read?.ok === true ? [...read.members] : []))),
    readable: entra.filter((_, at) => reads[at]?.ok === true),
    complete: reads.every((read) => read?.ok === true),
    privileged: privilegedGroup(access, config.name, config.acl),
  };
}

function unreadable(mapping: Mapping, realm: string, directory: Directory): Finding[] {
  return mapping.entra.flatMap((id) => {
    const read = directory.groups.get(id);
    if (read === undefined || read.ok) return [];
    return [{ ...read.finding, realm, subject: mapping.config.name }];
  });
}

function listedPeople(
  mappings: readonly Mapping[],
  directory: Directory,
): ReadonlyMap<ObjectId, Person> {
  const people = new Map<ObjectId, Person>();
  for (const id of mappings.flatMap((mapping) => [...mapping.listed])) {
    const person = directory.people.get(id);
    if (person !== undefined) people.set(id, person);
  }
  return people;
}

function nameThem(
  people: ReadonlyMap<ObjectId, Person>,
  claim: Claim | undefined,
  realm: RealmConfig,
): { userids: ReadonlyMap<ObjectId, UserId>; skipped: ReadonlyMap<ObjectId, Skip> } {
  const userids = new Map<ObjectId, UserId>();
  const skipped = new Map<ObjectId, Skip>();
  if (claim === undefined) return { userids, skipped };
  for (const person of people.values()) {
    const named = useridOf(person, claim, realm.name);
    if (person.guest && realm.guests === "skip") {
      skipped.set(person.id, { why: 'a guest, and guests = "skip"', left: true });
    } else if (!named.ok) {
      skipped.set(person.id, { why: named.why, left: true });
    }
    if (named.ok) userids.set(person.id, named.userid);
  }
  const doubled = collisions(
    [...userids].filter(([id]) => !skipped.has(id)).map(([, userid]) => userid),
  );
  for (const [id, userid] of userids) {
    if (!doubled.has(userid) || skipped.has(id)) continue;
    skipped.set(id, { why: `another person has the userid ${userid} but for case`, left: false });
  }
  return { userids, skipped };
}

function holdersOf(
  userids: ReadonlyMap<ObjectId, UserId>,
  skipped: ReadonlyMap<ObjectId, Skip>,
): ReadonlyMap<UserId, ObjectId> {
  const holders = new Map<UserId, ObjectId>();
  for (const [id, userid] of userids) {
    if (skipped.get(id)?.left !== false) holders.set(userid, id);
  }
  return holders;
}
