/**
 * Random organisations, configurations and histories, as plain data that fast-check can shrink:
 * small numbers that the rooms beside this one read as people, groups, paths and deeds.
 */
import fc from "fast-check";

export const PEOPLE = 6;
export const ENTRA_GROUPS = 4;
/** Names that mappings may have. */
export const MAPPED = ["ops", "dev", "aud", "adm-entra"] as const;
/** Groups of which no mapping speaks: one that once was mapped, a manual one, another realm's. */
export const OTHERS = ["old", "manual", "theirs"] as const;
export const ALL_GROUPS: readonly string[] = [...MAPPED, ...OTHERS];
export const PATHS = ["/", "/vms", "/vms/100", "/pool", "/pool/p1", "/storage/s1"] as const;
/** `Gone` does not exist in PVE. */
export const ROLES = [
  "Watch",
  "Desk",
  "Store",
  "Administrator",
  "NoAccess",
  "Void",
  "Gone",
] as const;
/** Parts of a UPN or mail before the domain; no two are equal but for case but the first ones. */
export const NAMES = [
  "anna",
  "ben",
  "cleo",
  "dora",
  "emil",
  "o'neil",
  "g_home.com#EXT#",
  "h,i",
  "jürg",
  "k".repeat(60),
  "lea",
  "mia",
] as const;
export const TEXTS = [
  "",
  "desk 4",
  "[entra:not a mark] ",
  "two  spaces ",
  "x".repeat(2030),
] as const;
export const FLAGS = [
  "",
  "",
  "",
  " left 2026-01-01",
  " left 2026-11-22",
  " moment",
  " jit",
] as const;

/** Deeds of people and machines in Entra and in PVE between two passes. */
export const EDITS = [
  "join",
  "leave",
  "leave",
  "enable",
  "disable",
  "soft-delete",
  "restore",
  "hard-delete",
  "rename",
  "take-name",
  "guest",
  "mail",
  "given-name",
  "empty-group",
  "pve-disable",
  "pve-enable",
  "pve-delete",
  "pve-sign-in",
  "pve-into-group",
  "pve-out-of-group",
  "pve-strip-mark",
  "pve-forge-mark",
  "pve-text",
  "pve-token",
  "pve-own-entry",
  "pve-group-comment",
  "pve-make-group",
  "pve-delete-group",
  "pve-entry",
  "pve-no-entry",
  "pve-root",
  "pve-admin",
  "pve-realm",
] as const;

/** What one pass hears differently from what is. */
export const LIES = [
  "group-unreadable",
  "list-lacks",
  "list-lacks",
  "list-still-has",
  "list-empty",
  "list-old-record",
  "own-unknown",
  "own-lacks",
  "own-still-has",
  "own-not-found",
  "own-old-record",
] as const;

export const FAULTS = [
  "refused-once",
  "refused-person",
  "refused-group",
  "refused-path",
  "unknown-without-effect",
  "unknown-with-effect",
  "stopped",
] as const;

export interface Deed<Kind> {
  readonly kind: Kind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface PersonDraw {
  readonly name: number;
  readonly mail: number;
  readonly enabled: boolean;
  readonly guest: boolean;
  readonly groups: readonly boolean[];
}

export interface EntryDraw {
  readonly path: number;
  readonly role: number;
  readonly propagate: boolean;
}

export interface MappingDraw {
  readonly entra: readonly number[];
  readonly acl: readonly EntryDraw[] | undefined;
  readonly maxMembers: number | undefined;
  readonly adopt: boolean;
  readonly keepExtra: boolean;
  readonly jit: boolean;
  readonly guests: boolean;
}

export interface RealmDraw {
  readonly claim: "upn" | "oid" | "email" | "preferred_username" | "sub";
  /** By the index of `MAPPED`; undefined: no mapping of that name in this realm. */
  readonly mappings: readonly (MappingDraw | undefined)[];
  readonly guests: boolean;
  readonly names: boolean;
  readonly onLeave: "disable" | "delete" | "keep";
  readonly deleteAfterDays: number | undefined;
  readonly unmarked: "report" | "disable";
}

export interface GuardDraw {
  /** Bytes to which the user database may be filled; a small site has some 2,000. */
  readonly room: number;
  readonly maxRemovals: number;
  readonly share: number;
  readonly maxDisabled: number;
}

export interface ConfigDraw {
  readonly realms: readonly RealmDraw[];
  readonly guard: GuardDraw;
}

export interface UserDraw {
  readonly person: number;
  readonly realm: number;
  readonly enable: boolean;
  readonly groups: readonly number[];
  readonly text: number;
  /** Whose mark: their own, somebody else's (from 0), or none (-1). */
  readonly mark: "own" | number;
  readonly flags: number;
}

export interface HoldingDraw extends EntryDraw {
  /** Groups first, then users of PVE. */
  readonly holder: number;
}

export interface StepDraw {
  readonly edits: readonly Deed<(typeof EDITS)[number]>[];
  readonly lies: readonly Deed<(typeof LIES)[number]>[];
  readonly faults: readonly Deed<(typeof FAULTS)[number]>[];
  readonly hours: number;
  /** 0: the first configuration, 1: the other one. */
  readonly config: number;
  readonly approve: boolean;
  readonly clockOffMinutes: number;
  readonly loseJournal: boolean;
}

export interface LifeDraw {
  readonly people: readonly PersonDraw[];
  readonly configs: readonly [ConfigDraw, ConfigDraw];
  /** Comments of the mapped groups and of `old`; undefined: not there. */
  readonly groups: readonly (string | undefined)[];
  readonly users: readonly UserDraw[];
  readonly entries: readonly HoldingDraw[];
  readonly aclPaths: readonly string[];
  readonly hoursOld: number;
  readonly steps: readonly StepDraw[];
}

const rarely = (one: number): fc.Arbitrary<boolean> => fc.nat({ max: one }).map((n) => n === 0);
const mostly = (one: number): fc.Arbitrary<boolean> => fc.nat({ max: one }).map((n) => n > 0);

const person: fc.Arbitrary<PersonDraw> = fc.record({
  name: fc.nat({ max: NAMES.length - 1 }),
  mail: fc.nat({ max: NAMES.length }),
  enabled: mostly(7),
  guest: rarely(7),
  groups: fc.array(fc.boolean(), { minLength: ENTRA_GROUPS, maxLength: ENTRA_GROUPS }),
});

/** `Administrator` and `Gone` less often than what is harmless. */
const role = fc.constantFrom(0, 0, 1, 1, 2, 2, 3, 4, 5, 6);
const entry: fc.Arbitrary<EntryDraw> = fc.record({
  path: fc.nat({ max: PATHS.length - 1 }),
  role,
  propagate: mostly(3),
});

const mappingDraw: fc.Arbitrary<MappingDraw> = fc.record({
  entra: fc.oneof(
    { weight: 3, arbitrary: fc.nat({ max: ENTRA_GROUPS - 1 }).map((n) => [n]) },
    fc.subarray([0, 1, 2, 3], { minLength: 2, maxLength: 3 }),
  ),
  acl: fc.option(fc.array(entry, { maxLength: 3 }), { nil: undefined, freq: 3 }),
  maxMembers: fc.oneof(
    { weight: 5, arbitrary: fc.constant(20) },
    fc.constantFrom(2, 4),
    fc.constant(undefined),
  ),
  adopt: rarely(2),
  keepExtra: rarely(3),
  jit: rarely(4),
  guests: rarely(2),
});

const realm: fc.Arbitrary<RealmDraw> = fc.record({
  claim: fc.constantFrom("upn", "upn", "upn", "upn", "oid", "oid", "email", "preferred_username"),
  mappings: fc.array(fc.option(mappingDraw, { nil: undefined, freq: 3 }), {
    minLength: MAPPED.length,
    maxLength: MAPPED.length,
  }),
  guests: rarely(2),
  names: fc.boolean(),
  onLeave: fc.constantFrom("disable", "disable", "delete", "keep"),
  deleteAfterDays: fc.constantFrom(undefined, 1, 30),
  unmarked: fc.constantFrom("report", "report", "disable"),
});

const guard: fc.Arbitrary<GuardDraw> = fc.record({
  maxRemovals: fc.constantFrom(0, 1, 2, 3, 10, 10, 10),
  share: fc.constantFrom(0, 0.2, 0.5, 1, 1),
  maxDisabled: fc.constantFrom(0, 1, 2, 50, 50, 50),
  room: fc.oneof(
    { weight: 6, arbitrary: fc.constant(700_000) },
    fc.integer({ min: 1_500, max: 3_500 }),
  ),
});

const config: fc.Arbitrary<ConfigDraw> = fc.record({
  realms: fc.oneof(
    { weight: 3, arbitrary: fc.tuple(realm) },
    { weight: 2, arbitrary: fc.tuple(realm, realm) },
  ),
  guard,
});

/** The same with some of it changed, as an administrator would. */
function edited(draw: ConfigDraw): fc.Arbitrary<ConfigDraw> {
  const changed = (one: RealmDraw): fc.Arbitrary<RealmDraw> =>
    fc
      .tuple(
        fc.nat({ max: MAPPED.length - 1 }),
        fc.option(mappingDraw, { nil: undefined }),
        fc.nat({ max: 3 }),
        realm,
      )
      .map(([at, mapping, what, other]) => ({
        ...one,
        mappings: one.mappings.map((old, n) =>
          n === at ? changedMapping(old, mapping, what) : old,
        ),
        ...(what === 3
          ? { onLeave: other.onLeave, unmarked: other.unmarked, guests: other.guests }
          : {}),
      }));
  return fc
    .record({
      realms: fc.tuple(...draw.realms.map(changed)),
      guard: fc.oneof(fc.constant(draw.guard), guard),
    })
    .map(({ realms, guard: limits }) => ({ realms, guard: limits }));
}

/** Another mapping, none, or the same with other entries or other Entra groups. */
function changedMapping(
  old: MappingDraw | undefined,
  next: MappingDraw | undefined,
  what: number,
): MappingDraw | undefined {
  if (old === undefined || next === undefined || what === 0) return next;
  return what === 1 ? { ...old, acl: next.acl } : { ...old, entra: next.entra };
}

const user: fc.Arbitrary<UserDraw> = fc.record({
  person: fc.nat({ max: PEOPLE }),
  realm: fc.constantFrom(0, 0, 1),
  enable: mostly(3),
  groups: fc.uniqueArray(fc.nat({ max: ALL_GROUPS.length - 1 }), { maxLength: 4 }),
  text: fc.constantFrom(0, 0, 1, 2, 3, 4),
  mark: fc.oneof<fc.Arbitrary<"own" | number>[]>(
    fc.constant("own"),
    fc.constant("own"),
    fc.constant(-1),
    fc.nat({ max: PEOPLE }),
  ),
  flags: fc.nat({ max: FLAGS.length - 1 }),
});

const deed = <Kind extends string>(kinds: readonly Kind[]): fc.Arbitrary<Deed<Kind>> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    a: fc.nat({ max: 59 }),
    b: fc.nat({ max: 59 }),
    c: fc.nat({ max: 59 }),
  });

const step: fc.Arbitrary<StepDraw> = fc.record({
  edits: fc.array(deed(EDITS), { maxLength: 6 }),
  lies: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(deed(LIES), { minLength: 1, maxLength: 3 }) },
  ),
  faults: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(deed(FAULTS), { minLength: 1, maxLength: 2 }) },
  ),
  hours: fc.constantFrom(0, 0, 1, 5, 25, 40, 800),
  config: fc.constantFrom(0, 0, 1),
  approve: rarely(2),
  clockOffMinutes: fc.constantFrom(0, 0, 0, 0, 0, 6, -60),
  loseJournal: rarely(9),
});

const COMMENTS = [
  undefined,
  undefined,
  "[entra:entra]",
  "[entra:entra]",
  "ours [entra:entra]",
  "by hand",
  "[entra:partner]",
] as const;

const anyLife: fc.Arbitrary<LifeDraw> = config.chain((first) =>
  fc.record({
    people: fc.array(person, { minLength: PEOPLE, maxLength: PEOPLE }),
    configs: fc.tuple(fc.constant(first), edited(first)),
    groups: fc.tuple(
      ...MAPPED.map(() => fc.constantFrom(...COMMENTS)),
      fc.constantFrom(undefined, "was mapped [entra:entra]"),
    ),
    users: fc.array(user, { maxLength: 5 }),
    entries: fc.array(
      fc.record({
        path: fc.nat({ max: PATHS.length - 1 }),
        role: fc.constantFrom(0, 0, 1, 1, 2, 2, 3, 4, 5),
        propagate: mostly(3),
        holder: fc.nat({ max: ALL_GROUPS.length + 3 }),
      }),
      { maxLength: 7 },
    ),
    aclPaths: fc.constantFrom(["/"], ["/"], ["/"], ["/vms", "/pool"]),
    hoursOld: fc.constantFrom(0, 48, 48),
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  }),
);

const STILL: StepDraw = {
  edits: [],
  lies: [],
  faults: [],
  hours: 0,
  config: 0,
  approve: false,
  clockOffMinutes: 0,
  loseJournal: false,
};

const plainMapping = (group: number, acl: readonly EntryDraw[]): MappingDraw => ({
  entra: [group],
  acl,
  maxMembers: 20,
  adopt: false,
  keepExtra: false,
  jit: false,
  guests: false,
});

/**
 * A life whose second pass has no order of single writes: somebody comes into a group whose entries
 * lie above and below a path at which the group they come from gets a new one (the smallest such
 * plan; with both groups a split entry does). What is drawn besides goes on after it.
 */
const tangledLife: fc.Arbitrary<LifeDraw> = fc
  .record({
    life: anyLife,
    roles: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
    chain: fc.constantFrom([0, 1, 2], [0, 3, 4]),
    movers: fc.uniqueArray(fc.nat({ max: PEOPLE - 1 }), { minLength: 1, maxLength: 2 }),
    leaves: fc.boolean(),
    both: fc.boolean(),
    fault: fc.option(fc.record({ kind: fc.constantFrom(...FAULTS), a: fc.nat({ max: 7 }) })),
  })
  .map(({ life, roles, chain, movers, leaves, both, fault }) => {
    const at = (level: number, nth: number): EntryDraw => ({
      path: chain[level] ?? 0,
      role: roles[nth] ?? 0,
      propagate: true,
    });
    const [low, high, given] = [0, 1, 2];
    const realmWith = (...more: readonly EntryDraw[]): RealmDraw => ({
      claim: "upn",
      mappings: [
        plainMapping(0, [at(0, low), ...more]),
        plainMapping(1, [at(0, high), at(2, low), ...(both || leaves ? more : [])]),
        undefined,
        undefined,
      ],
      guests: false,
      names: false,
      onLeave: "disable",
      deleteAfterDays: undefined,
      unmarked: "report",
    });
    const guardDraw = { maxRemovals: 10, share: 1, maxDisabled: 50, room: 700_000 };
    const edits = movers.flatMap((a) => [
      { kind: "join" as const, a, b: 1, c: 0 },
      ...(leaves ? [{ kind: "leave" as const, a, b: 0, c: 0 }] : []),
    ]);
    const faults = fault === null ? [] : [{ ...fault, b: 0, c: 0 }];
    return {
      ...life,
      people: life.people.map((one) => ({
        ...one,
        enabled: true,
        guest: false,
        groups: [true, false, false, false],
      })),
      configs: [
        { realms: [realmWith()], guard: guardDraw },
        { realms: [realmWith(at(1, given))], guard: guardDraw },
      ],
      groups: [],
      users: [],
      entries: [],
      aclPaths: ["/"],
      hoursOld: 48,
      steps: [STILL, { ...STILL, edits, config: 1, faults }, ...life.steps.slice(0, 2)],
    };
  });

export const lifeDraw: fc.Arbitrary<LifeDraw> = fc.oneof(
  { weight: 14, arbitrary: anyLife },
  { weight: 1, arbitrary: tangledLife },
);
