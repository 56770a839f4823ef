/** Random sites as plain data for the decisions, and the questions about them answered truly. */
import fc from "fast-check";
import type { MappingConfig, RealmConfig } from "../src/config/types.js";
import { openQuestions } from "../src/decide/decide.js";
import type { SyncFacts } from "../src/decide/decide.js";
import type {
  Access,
  AclEntry,
  EntraGroup,
  History,
  ObjectId,
  OwnSide,
  Person,
  PveUser,
  Question,
  QuestionKey,
  UserId,
} from "../src/decide/facts.js";
import { questionKey } from "../src/decide/facts.js";

export const NOW = Date.parse("2026-11-22T10:00:00Z");
export const ISSUER = "https://login.example/tenant/v2.0";
export const OPS = "11111111-0000-4000-8000-000000000000" as ObjectId;
export const DEV = "22222222-0000-4000-8000-000000000000" as ObjectId;
const CLIENT = "33333333-0000-4000-8000-000000000000";
const PEOPLE = 5;

export const idOf = (n: number): ObjectId => `aaaaaaaa-0000-4000-8000-00000000000${n}` as ObjectId;
export const useridOf = (n: number): UserId => `p${n}@x.example@entra` as UserId;

/** One person: what the lists say, and what their own object says. */
export interface PersonDraw {
  readonly name: number;
  readonly enabled: boolean;
  readonly guest: boolean;
  readonly listed: readonly [ops: boolean, dev: boolean];
  readonly own: "agrees" | "elsewhere" | "disabled" | "deleted" | "absent" | "unknown" | "renamed";
}

export interface UserDraw {
  readonly there: boolean;
  readonly enable: boolean;
  readonly groups: readonly string[];
  readonly text: string;
  /** Whose mark the comment carries; -1: none. */
  readonly mark: number;
  readonly flags: string;
  readonly known: boolean;
  readonly disabledByUs: boolean;
}

export interface SiteDraw {
  readonly people: readonly PersonDraw[];
  readonly users: readonly UserDraw[];
  readonly opsComment: string | undefined;
  readonly adopt: boolean;
  readonly readable: readonly [ops: boolean, dev: boolean];
  readonly entries: readonly AclEntry[];
  readonly ownAcl: boolean;
  readonly trusted: boolean;
  readonly onLeave: RealmConfig["onLeave"];
  readonly unmarked: RealmConfig["unmarked"];
  readonly absentBefore: boolean;
  /** `dev` is a just-in-time mapping. */
  readonly justInTime?: boolean;
}

const person: fc.Arbitrary<PersonDraw> = fc.record({
  name: fc.nat({ max: PEOPLE - 1 }),
  enabled: fc.boolean(),
  guest: fc.boolean(),
  listed: fc.tuple(fc.boolean(), fc.boolean()),
  own: fc.constantFrom(
    "agrees",
    "agrees",
    "elsewhere",
    "disabled",
    "deleted",
    "absent",
    "unknown",
    "renamed",
  ),
});

const user: fc.Arbitrary<UserDraw> = fc.record({
  there: fc.boolean(),
  enable: fc.boolean(),
  groups: fc.subarray(["ops", "dev", "old", "manual", "theirs"]),
  text: fc.constantFrom("", "desk 4", "[entra:not a mark] ", "two  spaces "),
  mark: fc.integer({ min: -1, max: PEOPLE }),
  flags: fc.constantFrom("", " left 2026-01-01", " moment", " jit"),
  known: fc.boolean(),
  disabledByUs: fc.boolean(),
});

const entry: fc.Arbitrary<AclEntry> = fc
  .record({
    path: fc.constantFrom("/", "/vms", "/vms/1"),
    holder: fc.constantFrom("ops", "dev", "old", "manual", "theirs", useridOf(0), "local@pve"),
    role: fc.constantFrom("Audit", "Modify"),
    propagate: fc.boolean(),
  })
  .map(({ path, holder, role, propagate }) => ({
    path,
    type: holder.includes("@") ? ("user" as const) : ("group" as const),
    ugid: holder,
    role,
    propagate,
  }));

export const siteDraw: fc.Arbitrary<SiteDraw> = fc.record({
  people: fc.array(person, { minLength: PEOPLE, maxLength: PEOPLE }),
  users: fc.array(user, { minLength: PEOPLE, maxLength: PEOPLE }),
  opsComment: fc.constantFrom(undefined, "[entra:entra]", "ours [entra:entra]", "by hand"),
  adopt: fc.boolean(),
  readable: fc.tuple(fc.boolean(), fc.boolean()),
  entries: fc.array(entry, { maxLength: 5 }),
  ownAcl: fc.boolean(),
  trusted: fc.boolean(),
  onLeave: fc.constantFrom("disable", "delete", "keep"),
  unmarked: fc.constantFrom("report", "disable"),
  absentBefore: fc.boolean(),
});

function mappingOf(name: string, entra: ObjectId, more: Partial<MappingConfig>): MappingConfig {
  return {
    entra: [entra],
    name,
    maxMembers: 100,
    adopt: false,
    aclExtra: "remove",
    justInTime: false,
    guests: "skip",
    ...more,
  };
}

function realmOf(draw: SiteDraw): RealmConfig {
  const acl = [{ path: "/vms", role: "Audit", propagate: true }];
  return {
    name: "entra",
    clientId: CLIENT,
    rotate: false,
    names: true,
    guests: "skip",
    emailClaim: false,
    onLeave: draw.onLeave,
    deleteAfterSeconds: 86_400,
    unmarked: draw.unmarked,
    groups: [
      mappingOf("ops", OPS, { acl, adopt: draw.adopt }),
      mappingOf("dev", DEV, { justInTime: draw.justInTime ?? false }),
    ],
  };
}

function personOf({ people }: SiteDraw, n: number): Person {
  const drawn = people[n];
  return {
    id: idOf(n),
    userPrincipalName: `p${drawn?.name ?? n}@x.example`,
    mail: null,
    givenName: `Given ${n}`,
    surname: null,
    displayName: `Person ${n}`,
    accountEnabled: drawn?.enabled ?? true,
    guest: drawn?.guest ?? false,
  };
}

function groupOf(draw: SiteDraw, id: ObjectId, at: 0 | 1): EntraGroup {
  if (!draw.readable[at]) {
    return { ok: false, id, finding: { code: "ENTRA_GROUP_MISSING", message: "not found" } };
  }
  const members = draw.people.flatMap(({ listed }, n) => (listed[at] ? [idOf(n)] : []));
  return { ok: true, id, displayName: id, members: new Set(members) };
}

/** What the person's own side says, as the draw has it. */
function ownSide(draw: SiteDraw, n: number, question: Question): OwnSide {
  const drawn = draw.people[n];
  if (drawn === undefined) return { kind: "absent" };
  const person = personOf(draw, n);
  const listed = [OPS, DEV].filter((_, at) => drawn.listed[at]);
  const asked = new Set(question.groups);
  const says = (change: Partial<Person>, groups: readonly ObjectId[]): OwnSide => ({
    kind: "person",
    person: { ...person, ...change },
    memberOf: new Set(groups.filter((group) => asked.has(group))),
    asked,
  });
  switch (drawn.own) {
    case "agrees":
      return says({}, listed);
    case "elsewhere":
      return says(
        {},
        [OPS, DEV].filter((group) => !listed.includes(group)),
      );
    case "disabled":
      return says({ accountEnabled: false }, listed);
    case "renamed":
      return says({ userPrincipalName: `new${n}@x.example` }, listed);
    case "deleted":
    case "absent":
      return { kind: drawn.own };
    case "unknown":
      return { kind: "unknown", finding: { code: "ENTRA_THROTTLED", message: "busy" } };
  }
}

function answer(draw: SiteDraw, question: Question): OwnSide {
  const { who } = question;
  const all = draw.people.map((_, n) => n);
  const n = all.find((one) =>
    who.by === "id"
      ? idOf(one) === who.id
      : personOf(draw, one)[who.by]?.toLowerCase() === who.value.toLowerCase(),
  );
  if (n === undefined) return { kind: "absent" };
  const own = ownSide(draw, n, question);
  // Only an object id can be told to be among the deleted.
  return own.kind === "deleted" && who.by !== "id" ? { kind: "absent" } : own;
}

function usersOf(draw: SiteDraw): ReadonlyMap<UserId, PveUser> {
  const plain = { expire: 7, firstname: "", lastname: "", email: "", keys: "x!oath" };
  const made = draw.users.flatMap((drawn, n): PveUser[] => {
    if (!drawn.there) return [];
    const mark = drawn.mark < 0 ? "" : `[entra:${idOf(drawn.mark)}${drawn.flags}]`;
    const comment = [drawn.text, mark].filter((part) => part !== "").join(" ");
    const userid = useridOf(n);
    const groups = drawn.groups.filter((g) => g !== "ops" || draw.opsComment !== undefined);
    return [
      { ...plain, userid, realm: "entra", enable: drawn.enable, comment, groups, tokens: [] },
    ];
  });
  const others = ["root@pam", "agent@pve", "local@pve"].map((userid): PveUser => {
    const groups = userid === "local@pve" ? ["dev", "manual", "old"] : [];
    const realm = userid.split("@")[1] ?? "";
    return {
      ...plain,
      expire: 0,
      userid: userid as UserId,
      realm,
      enable: true,
      comment: "",
      groups,
      tokens: [],
    };
  });
  return new Map([...made, ...others].map((one) => [one.userid, one]));
}

function accessOf(draw: SiteDraw): Access {
  const groups = [
    ...(draw.opsComment === undefined ? [] : [["ops", draw.opsComment]]),
    ["dev", "[entra:entra]"],
    ["old", "was mapped [entra:entra]"],
    ["manual", ""],
    ["theirs", "[entra:other]"],
  ].map(([groupid = "", comment = ""]) => ({ groupid, comment }));
  const privileges = new Map([["Permissions.Modify", true]]);
  const unique = new Map(draw.entries.map((e) => [`${e.path} ${e.ugid} ${e.role}`, e]));
  return {
    users: usersOf(draw),
    groups: new Map(groups.map((group) => [group.groupid, group])),
    acl: [...unique.values()].filter(({ ugid }) => ugid !== "ops" || draw.opsComment !== undefined),
    roles: new Map([
      ["Audit", new Set(["VM.Audit"])],
      ["Modify", new Set(["Sys.Modify"])],
    ]),
    specialRoles: new Set(),
    realms: new Map([
      [
        "entra",
        {
          name: "entra",
          type: "openid",
          issuerUrl: draw.trusted ? ISSUER : "https://elsewhere.example/v2.0",
          clientId: CLIENT,
          usernameClaim: "upn",
          groupsOverwrite: false,
          groupsAutocreate: false,
          autocreate: true,
        },
      ],
    ]),
    own: new Map([["/", privileges]]),
    ownUser: "agent@pve" as UserId,
  };
}

function historyOf(draw: SiteDraw, access: Access): History {
  const drawn = [...draw.users.entries()];
  const keys = draw.people.map((_, n) => questionKey({ by: "id", id: idOf(n) }));
  return {
    since: NOW - 100 * 86_400_000,
    losses: [],
    joins: [],
    leaves: [],
    ownAcl: new Set(draw.ownAcl ? access.acl.map((e) => `${e.path}|${e.ugid}|${e.role}`) : []),
    ownGroups: new Set(draw.opsComment === "ours [entra:entra]" ? ["ops", "dev", "old"] : ["dev"]),
    knownUsers: new Set(drawn.filter(([, u]) => u.known).map(([n]) => useridOf(n))),
    takenFrom: new Set(),
    disabledByUs: new Map(
      drawn
        .filter(([, u]) => u.disabledByUs)
        .map(([n]) => [useridOf(n), Date.parse("2026-01-01T12:00:00Z")]),
    ),
    leftSeen: new Map(),
    inMoment: new Set(
      drawn
        .filter(([, u]) => u.disabledByUs && u.flags.includes("moment"))
        .map(([n]) => useridOf(n)),
    ),
    enabledAgain: new Set(),
    lostPrivilege: new Set(),
    absentBefore: new Set<QuestionKey>(draw.absentBefore ? keys : []),
    approvals: [],
  };
}

/** The site as facts, every question of the decisions answered as a pass would have it answered. */
export function factsOf(draw: SiteDraw): SyncFacts {
  const access = accessOf(draw);
  let facts: SyncFacts = {
    config: {
      guard: {
        maxRemovals: 100,
        maxRemovalShare: 1,
        maxDisabled: 100,
        userDbReserveBytes: 65_536,
      },
    },
    realms: [realmOf(draw)],
    issuer: ISSUER,
    directory: {
      groups: new Map([
        [OPS, groupOf(draw, OPS, 0)],
        [DEV, groupOf(draw, DEV, 1)],
      ]),
      people: new Map(draw.people.map((_, n) => [idOf(n), personOf(draw, n)])),
      answers: new Map(),
    },
    access,
    history: historyOf(draw, access),
    time: { now: NOW, localOffsetMs: 0 },
  };
  for (let round = 0; round < 4; round += 1) {
    const questions = openQuestions(facts);
    if (questions.length === 0) break;
    // New facts for each round, as a pass makes them: decisions may remember what they made of old.
    const heard = questions.map((one): [QuestionKey, OwnSide] => [
      questionKey(one.who),
      answer(draw, one),
    ]);
    const answers = new Map([...facts.directory.answers, ...heard]);
    facts = { ...facts, directory: { ...facts.directory, answers } };
  }
  return facts;
}
