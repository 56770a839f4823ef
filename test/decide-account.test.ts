import t from "tap";
import { decide } from "../src/decide/decide.js";
import type { SyncFacts } from "../src/decide/decide.js";
import type { ErrorCode } from "../src/errors.js";
import { factsOf, idOf, NOW } from "./sync-world.js";
import type { PersonDraw, SiteDraw, UserDraw } from "./sync-world.js";

const HOUR = 60 * 60_000;

/** Five people in Entra's group and in PVE's, where all is well. */
const WELL: SiteDraw = {
  people: [0, 1, 2, 3, 4].map((name) => ({
    name,
    enabled: true,
    guest: false,
    listed: [true, false],
    own: "agrees",
  })),
  users: [0, 1, 2, 3, 4].map((mark) => ({
    there: true,
    enable: true,
    groups: ["ops"],
    text: "",
    mark,
    flags: "",
    known: true,
    disabledByUs: false,
  })),
  opsComment: "ours [entra:entra]",
  adopt: false,
  readable: [true, true],
  entries: [{ path: "/vms", type: "group", ugid: "ops", role: "Audit", propagate: true }],
  ownAcl: true,
  trusted: true,
  onLeave: "disable",
  unmarked: "report",
  absentBefore: false,
};

interface Case {
  readonly what: string;
  /** How the first person and their user differ from those who are well. */
  readonly person?: Partial<PersonDraw>;
  readonly user?: Partial<UserDraw>;
  readonly site?: Partial<SiteDraw>;
  readonly localOffsetMs?: number;
  /** Kinds of the changes that are done to the first person, in order of the alphabet. */
  readonly changes: readonly string[];
  readonly codes?: readonly ErrorCode[];
  readonly kept?: string;
}

const OUT: Partial<PersonDraw> = { listed: [false, false] };
const ASLEEP: Partial<UserDraw> = { enable: false, groups: [], disabledByUs: true };
const LEFT = " left 2026-01-01";

const CASES: readonly Case[] = [
  { what: "all is well", changes: [] },
  { what: "left the only mapping", person: OUT, changes: ["disable-user", "leave"] },
  {
    what: "left it, and the list of another mapping could not be read",
    person: OUT,
    site: { readable: [true, false] },
    changes: ["leave"],
    codes: ["ENTRA_GROUP_MISSING"],
  },
  {
    what: "not in the list, in it by their own side",
    person: { ...OUT, own: "elsewhere" },
    changes: [],
    codes: ["SYNC_DISAGREES"],
  },
  {
    what: "in the list, not in it by their own side: a member stays",
    person: { own: "elsewhere" },
    changes: [],
  },
  {
    what: "not in the list, and nobody answers",
    person: { ...OUT, own: "unknown" },
    changes: [],
    codes: ["ENTRA_THROTTLED"],
  },
  {
    what: "disabled by the list alone",
    person: { enabled: false },
    changes: ["disable-user", "leave"],
  },
  {
    what: "the list says disabled, nobody answers",
    person: { enabled: false, own: "unknown" },
    changes: [],
    codes: ["ENTRA_THROTTLED"],
  },
  {
    what: "on_leave = delete",
    person: OUT,
    site: { onLeave: "delete" },
    changes: ["delete-user", "leave"],
  },
  {
    what: "on_leave = delete, and the clock is off: only the groups go",
    person: OUT,
    site: { onLeave: "delete" },
    localOffsetMs: HOUR,
    changes: ["leave"],
    codes: ["SYNC_CLOCK_OFF"],
  },
  {
    what: "on_leave = keep",
    person: OUT,
    site: { onLeave: "keep" },
    changes: ["leave"],
    kept: 'on_leave = "keep"',
  },
  {
    what: "a manual group",
    person: OUT,
    user: { groups: ["manual", "ops"] },
    changes: ["leave"],
    codes: ["SYNC_KEPT"],
    kept: "in the manual group manual",
  },
  {
    what: "only just-in-time mappings ever brought them",
    person: OUT,
    user: { groups: [], flags: " jit" },
    site: { justInTime: true },
    changes: [],
    kept: "only just-in-time mappings ever brought them",
  },
  {
    what: "a just-in-time mapping brought them, and no mapping is one any more",
    person: OUT,
    user: { groups: [], flags: " jit" },
    changes: ["disable-user"],
  },
  {
    what: "marked as brought just in time, and a member of another mapping",
    person: OUT,
    user: { flags: " jit" },
    site: { justInTime: true },
    changes: ["disable-user", "leave"],
  },
  {
    what: "marked as a leaver enabled again, whom the journal never disabled",
    person: OUT,
    user: { groups: [], flags: LEFT },
    changes: ["disable-user"],
  },
  {
    what: "a moment that the journal does not know, in a manual group",
    person: OUT,
    user: { enable: false, groups: ["manual"], flags: " moment", known: false },
    changes: ["disable-user"],
  },
  {
    what: "a leaver whom an administrator enabled again",
    person: OUT,
    user: { groups: [], flags: LEFT, disabledByUs: true },
    changes: [],
    kept: "an administrator enabled the account again",
  },
  {
    what: "the same, renamed since",
    person: { own: "renamed", ...OUT },
    user: { groups: [], flags: LEFT, disabledByUs: true },
    changes: [],
    kept: "an administrator enabled the account again",
  },
  {
    what: "renamed",
    person: { own: "renamed", ...OUT },
    changes: ["disable-user", "leave"],
    codes: ["SYNC_RENAMED"],
  },
  {
    what: "disabled long ago, delete_after is over",
    person: OUT,
    user: { ...ASLEEP, flags: LEFT },
    changes: ["delete-user"],
  },
  {
    what: "the same with the clock off",
    person: OUT,
    user: { ...ASLEEP, flags: LEFT },
    localOffsetMs: -HOUR,
    changes: [],
    codes: ["SYNC_CLOCK_OFF"],
  },
  {
    what: "the same, back in the group by their own side",
    person: { ...OUT, own: "elsewhere" },
    user: { ...ASLEEP, flags: LEFT },
    changes: [],
  },
  {
    what: "the same, and a list could not be read",
    person: OUT,
    user: { ...ASLEEP, flags: LEFT },
    site: { readable: [true, false] },
    changes: [],
    codes: ["ENTRA_GROUP_MISSING"],
  },
  {
    what: "a leaver comes back",
    user: { ...ASLEEP, flags: LEFT },
    changes: ["enable-user", "join"],
  },
  {
    what: "a leaver whom the journal knows, and never disabled",
    user: { ...ASLEEP, disabledByUs: false, flags: LEFT },
    changes: ["join"],
    codes: ["SYNC_STAYS_DISABLED"],
  },
  {
    what: "a leaver comes back, their own side does not know it yet",
    person: { own: "elsewhere" },
    user: { ...ASLEEP, flags: LEFT },
    changes: [],
    codes: ["SYNC_DISAGREES"],
  },
  {
    what: "a moment that nobody ended",
    user: { enable: false, disabledByUs: true, flags: " moment" },
    changes: ["enable-user"],
  },
  {
    what: "a moment that nobody ended, in a realm that is not trusted",
    user: { enable: false, disabledByUs: true, flags: " moment" },
    site: { trusted: false },
    changes: ["enable-user"],
    codes: ["REALM_ISSUER"],
  },
  {
    what: "a moment, and left meanwhile",
    person: OUT,
    user: { ...ASLEEP, flags: " moment" },
    changes: ["disable-user"],
  },
  {
    what: "a moment, left meanwhile, with a manual group",
    person: OUT,
    user: { ...ASLEEP, groups: ["manual"], flags: " moment" },
    changes: ["enable-user"],
  },
  {
    what: "a moment and a list that could not be read",
    person: OUT,
    user: { ...ASLEEP, flags: " moment" },
    site: { readable: [true, false] },
    changes: [],
    codes: ["ENTRA_GROUP_MISSING"],
  },
  {
    what: "became a guest",
    person: { guest: true },
    changes: ["disable-user", "leave"],
    codes: ["SYNC_PERSON_SKIPPED"],
  },
  {
    what: "became a guest by the list alone",
    person: { guest: true, own: "unknown" },
    changes: [],
    codes: ["ENTRA_THROTTLED", "SYNC_PERSON_SKIPPED"],
  },
];

/** What the world of these cases brings along: members of other realms. */
const NOISE = new Set<ErrorCode>(["SYNC_FOREIGN_MEMBER"]);

/** Names are no matter here. */
function plainFacts(site: SiteDraw): SyncFacts {
  const facts = factsOf(site);
  return { ...facts, realms: facts.realms.map((realm) => ({ ...realm, names: false })) };
}

function siteOf({ person, user, site }: Case): SiteDraw {
  return {
    ...WELL,
    people: WELL.people.map((well, n) => (n === 0 ? { ...well, ...person } : well)),
    users: WELL.users.map((well, n) => (n === 0 ? { ...well, ...user } : well)),
    ...site,
  };
}

for (const one of CASES) {
  t.test(one.what, async (t) => {
    const facts = plainFacts(siteOf(one));
    const time = { now: NOW, localOffsetMs: one.localOffsetMs ?? 0 };
    const { plan } = decide({ ...facts, time }, (text) => text);
    const changes = plan.actions.flatMap((action) => action.changes);
    const about = changes.filter((change) => "userid" in change);
    t.ok(
      about.every(({ userid }) => userid.startsWith("p0@")),
      "nothing happens to others",
    );
    t.strictSame(about.map(({ kind }) => kind).sort(), [...one.changes].sort());
    const codes = plan.findings.map(({ code }) => code).filter((code) => !NOISE.has(code));
    t.strictSame(codes.sort(), [...(one.codes ?? [])].sort());
    t.strictSame(
      plan.kept.map(({ why }) => why),
      one.kept === undefined ? [] : [one.kept],
    );
    t.ok(
      about.every(({ person }) => person === idOf(0)),
      "each says whom it is about",
    );
    t.strictSame(plan.holds, []);
  });
}

t.test("a re-used name with the clock off: disabled at once, deleted later", async (t) => {
  const site = siteOf({ what: "", changes: [], person: { name: 4, own: "deleted", ...OUT } });
  // The fifth person has the first one's name now.
  const people = site.people.map((person, n) => (n === 4 ? { ...person, name: 0 } : person));
  const users = site.users.map((user, n) => (n === 4 ? { ...user, there: false } : user));
  const facts = plainFacts({ ...site, people, users });
  const late = { ...facts, time: { now: NOW, localOffsetMs: HOUR } };
  const { plan } = decide(late, (text) => text);
  t.strictSame(plan.actions.flatMap(({ changes }) => changes.map(({ kind }) => kind)).sort(), [
    "disable-user",
    "leave",
  ]);
  t.strictSame(
    plan.findings
      .map(({ code }) => code)
      .filter((code) => !NOISE.has(code))
      .sort(),
    ["SYNC_CLOCK_OFF", "SYNC_NAME_REUSED"],
  );
  const { plan: later } = decide(facts, (text) => text);
  t.strictSame(
    later.actions.map(({ write }) => write.kind),
    ["update-user", "delete-user", "create-user"],
  );
});
