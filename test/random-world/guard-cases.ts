/**
 * The guard alone, over random changes and pasts: what it lets through is compared with a count made
 * from the design's words, and with itself under other limits (P5).
 */
import fc from "fast-check";
import type { GuardConfig } from "../../src/config/types.js";
import type { Access, History, Loss, ObjectId, PveUser, UserId } from "../../src/decide/facts.js";
import { guard } from "../../src/decide/guard.js";
import type { GuardFacts, Judged } from "../../src/decide/guard.js";
import { changeKey } from "../../src/decide/plan.js";
import type { Change } from "../../src/decide/plan.js";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-22T10:00:00Z");
const GROUPS = ["ops", "dev", "jit"] as const;
const REALM = "entra";

interface LossDraw {
  readonly group: number;
  readonly user: number;
  readonly hours: number;
  readonly approved: boolean;
}

export interface GuardCase {
  /** For each of twelve people: which groups they are in, and which of them they leave. */
  readonly people: readonly {
    readonly groups: readonly boolean[];
    readonly leaves: readonly boolean[];
  }[];
  readonly losses: readonly LossDraw[];
  readonly joins: readonly {
    readonly group: number;
    readonly user: number;
    readonly hours: number;
  }[];
  /** For whom Entra did not answer. */
  readonly doubted: readonly { readonly group: number; readonly user: number }[];
  /** Who of them has an account that ends with it, whatever groups they leave. */
  readonly closes: readonly boolean[];
  readonly limits: GuardConfig;
  readonly journalHours: number;
  readonly known: readonly boolean[];
  /** Which of the changes somebody has approved. */
  readonly approved: readonly number[];
}

const three = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });

export const limits: fc.Arbitrary<GuardConfig> = fc.record({
  maxRemovals: fc.nat({ max: 8 }),
  maxRemovalShare: fc.constantFrom(0, 0.1, 0.2, 0.5, 1),
  maxDisabled: fc.nat({ max: 8 }),
  userDbReserveBytes: fc.constant(0),
});

export const guardCase: fc.Arbitrary<GuardCase> = fc.record({
  people: fc.array(fc.record({ groups: three, leaves: three }), { minLength: 2, maxLength: 12 }),
  losses: fc.array(
    fc.record({
      group: fc.nat({ max: 2 }),
      user: fc.nat({ max: 15 }),
      hours: fc.nat({ max: 30 }),
      approved: fc.nat({ max: 4 }).map((n) => n === 0),
    }),
    { maxLength: 6 },
  ),
  joins: fc.array(
    fc.record({ group: fc.nat({ max: 2 }), user: fc.nat({ max: 15 }), hours: fc.nat({ max: 30 }) }),
    { maxLength: 4 },
  ),
  doubted: fc.array(fc.record({ group: fc.nat({ max: 1 }), user: fc.nat({ max: 15 }) }), {
    maxLength: 2,
  }),
  closes: fc.array(
    fc.nat({ max: 3 }).map((n) => n === 0),
    { maxLength: 12 },
  ),
  limits,
  journalHours: fc.constantFrom(1, 23, 25, 500, 500, 500),
  known: three,
  approved: fc.array(fc.nat({ max: 30 }), { maxLength: 4 }),
});

const userid = (n: number): UserId => `p${n}@x.example@entra` as UserId;

export function leavesOf({ people }: GuardCase): Change[] {
  return people.flatMap(({ groups, leaves }, n) =>
    GROUPS.flatMap((group, g): Change[] =>
      groups[g] === true && leaves[g] === true ? [leave(n, group)] : [],
    ),
  );
}

export function leave(n: number, group: string): Change {
  return {
    kind: "leave",
    realm: REALM,
    userid: userid(n),
    group,
    reason: "left",
    person: `aaaaaaaa-0000-4000-8000-0000000000${String(n).padStart(2, "0")}` as ObjectId,
    losers: [userid(n)],
    // Of a just-in-time mapping nothing is counted.
    ...(group === "jit" ? {} : { counted: "removed" as const }),
  };
}

export function factsOf(one: GuardCase, changes: readonly Change[]): GuardFacts {
  const approved = new Set(
    one.approved.flatMap((n) => {
      const change = changes[n];
      return change === undefined ? [] : [changeKey(change)];
    }),
  );
  return {
    config: one.limits,
    access: accessOf(one),
    history: historyOf(one, approved),
    now: NOW,
    justInTime: new Set(["jit"]),
    doubted: one.doubted.map(({ group, user }) => ({
      group: GROUPS[group] ?? "ops",
      userid: userid(user),
    })),
  };
}

function accessOf({ people }: GuardCase): Access {
  const users = people.map(({ groups }, n): PveUser => {
    const names = { firstname: "", lastname: "", email: "", keys: "", comment: "" };
    const mine = GROUPS.filter((_, g) => groups[g]);
    const common = { enable: true, expire: 0, tokens: [], realm: REALM };
    return { userid: userid(n), groups: mine, ...names, ...common };
  });
  return {
    users: new Map(users.map((user) => [user.userid, user])),
    groups: new Map(GROUPS.map((group) => [group, { groupid: group, comment: "" }])),
    acl: [],
    roles: new Map(),
    specialRoles: new Set(),
    realms: new Map(),
    own: new Map(),
    ownUser: "agent@pve" as UserId,
  };
}

function historyOf(one: GuardCase, approved: ReadonlySet<string>): History {
  const losses = one.losses.map((loss): Loss => ({
    at: NOW - loss.hours * HOUR,
    realm: REALM,
    group: GROUPS[loss.group] ?? "ops",
    userid: userid(loss.user),
    cause: "removed",
    approved: loss.approved,
  }));
  const joins = one.joins.map(({ group, user, hours }) => ({
    at: NOW - hours * HOUR,
    group: GROUPS[group] ?? "ops",
    userid: userid(user),
  }));
  const leaves = losses.flatMap(({ at, group, userid: who }) =>
    group === undefined ? [] : [{ at, group, userid: who }],
  );
  return {
    since: NOW - one.journalHours * HOUR,
    losses,
    joins,
    leaves,
    ownAcl: new Set(),
    ownGroups: new Set(GROUPS.filter((_, g) => one.known[g])),
    knownUsers: new Set(),
    takenFrom: new Set(),
    disabledByUs: new Map(),
    inMoment: new Set(),
    enabledAgain: new Set(),
    lostPrivilege: new Set(),
    leftSeen: new Map(),
    absentBefore: new Set(),
    approvals: approved.size === 0 ? [] : [{ id: "a", at: NOW - HOUR, keys: approved }],
  };
}

/** Leaves, and the accounts that end with them. */
export function changesOf(one: GuardCase): Change[] {
  const ends = one.people.flatMap((_, n) => (one.closes[n] === true ? [close(n)] : []));
  return [...leavesOf(one), ...ends];
}

function close(n: number): Change {
  return {
    kind: "disable-user",
    because: "left",
    realm: REALM,
    userid: userid(n),
    fields: { enable: false },
    reason: "left",
    losers: [userid(n)],
    counted: "removed",
  };
}

export function judge(one: GuardCase, changes = changesOf(one), config = one.limits): Judged {
  return guard(changes, { ...factsOf(one, changesOf(one)), config });
}

export const keysOf = (changes: readonly Change[]): ReadonlySet<string> =>
  new Set(changes.map(changeKey));

/** Which groups the design holds: counted anew, in its words. */
export function heldGroups(one: GuardCase): readonly string[] {
  const { access, history } = factsOf(one, leavesOf(one));
  const approved = new Set(history.approvals.flatMap(({ keys }) => [...keys]));
  const all = leavesOf(one);
  return ["ops", "dev"].filter((group) => {
    const mine = all.filter((change) => "group" in change && change.group === group);
    const open = mine.filter((change) => !approved.has(changeKey(change)));
    if (open.length === 0) return false;
    if (one.journalHours < 24 && !history.ownGroups.has(group)) return true;
    const members = [...access.users.values()].filter(({ groups }) => groups.includes(group));
    const today = (hours: number): boolean => hours < 24;
    const gone = one.losses.filter((loss) => GROUPS[loss.group] === group && today(loss.hours));
    const lost = gone.filter(({ approved }) => !approved);
    const silent = one.doubted
      .filter((doubt) => GROUPS[doubt.group] === group)
      .map(({ user }) => userid(user));
    const people = new Set([
      ...silent,
      ...lost.map(({ user }) => userid(user)),
      ...open.flatMap((change) => ("userid" in change ? [change.userid] : [])),
    ]);
    const newcomers = new Set(
      one.joins
        .filter((join) => GROUPS[join.group] === group && today(join.hours))
        .map(({ user }) => userid(user)),
    );
    const start = new Set([
      ...members.map((user) => user.userid),
      ...lost.map((l) => userid(l.user)),
    ]);
    const everybody = new Set([...start, ...gone.map((l) => userid(l.user))]);
    for (const who of newcomers) {
      start.delete(who);
      everybody.delete(who);
    }
    const limit = one.limits;
    const leaving = mine.flatMap((change) => ("userid" in change ? [change.userid] : []));
    const stay = members.filter(
      (user) => !leaving.includes(user.userid) && !silent.includes(user.userid),
    );
    const emptied = stay.length === 0 && Math.max(members.length, everybody.size) >= 2;
    return (
      people.size > limit.maxRemovals ||
      (people.size > 3 && people.size > limit.maxRemovalShare * start.size) ||
      emptied
    );
  });
}
