/**
 * P3 over random plans: whatever is held or refused, after every single write nobody holds more
 * than before and after give together, by an oracle that shares nothing with the code.
 */
import fc from "fast-check";
import t, { type Test } from "tap";
import { createSequencer } from "../src/decide/order.js";
import type { Action } from "../src/decide/plan.js";
import {
  copy,
  create,
  createGroup,
  deleteGroup,
  entry,
  grant,
  input,
  naiveApply,
  naiveNext,
  nameOf,
  placesOf,
  remove,
  revoke,
  tooMuch,
  uid,
  update,
  type NaiveAcl,
  type NaiveUser,
  type World,
} from "./order-world.js";
import { seedOfRun } from "./reliability/size.js";

const RUNS = 300;
const NAMES = ["u1", "u2", "u3"];
const GROUPS = ["g1", "g2", "g3"];
const PATHS = ["/", "/vms", "/vms/1", "/vms/1/x", "/pool", "/pool/p"];
const ROLES = ["Audit", "Console", "Both", "Empty", "NoAccess"];

/** A change of the world, as the actions that make it. */
interface Case {
  readonly world: World;
  readonly actions: readonly Action[];
}

const groupEntries = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom(...PATHS),
    fc.constantFrom(...GROUPS),
    fc.constantFrom(...ROLES),
    fc.boolean(),
  ),
  { maxLength: 7, selector: ([path, group, role]) => `${path} ${group} ${role}` },
);
const ownEntries = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom(...PATHS),
    fc.constantFrom(...NAMES.map(uid)),
    fc.constantFrom(...ROLES),
    fc.boolean(),
  ),
  { maxLength: 2, selector: ([path, user, role]) => `${path} ${user} ${role}` },
);
const person = fc.option(
  fc.record({
    enabled: fc.nat({ max: 5 }).map((n) => n > 0),
    groups: fc.subarray(GROUPS),
  }),
  { nil: undefined, freq: 6 },
);
const people = fc.tuple(person, person, person);

function entries(list: readonly (readonly [string, string, string, boolean])[]): NaiveAcl[] {
  return list.map(([path, who, role, propagate]) => entry(path, who, role, propagate));
}

function usersOf(
  list: readonly (NaiveUser | undefined)[],
  groups: readonly string[],
): World["users"] {
  const users: World["users"] = {};
  list.forEach((user, n) => {
    if (user === undefined) return;
    const kept = user.groups.filter((group) => groups.includes(group));
    users[NAMES[n] ?? ""] = { enabled: user.enabled, groups: kept };
  });
  return users;
}

/** The writes that lead from one world to another: one a user, one a path, role and propagation. */
function difference(from: World, to: World, reused: readonly string[]): Action[] {
  const actions: Action[] = [];
  for (const group of to.groups) if (!from.groups.includes(group)) actions.push(createGroup(group));
  for (const name of NAMES)
    actions.push(...userActions(name, from.users[name], to.users[name], reused));
  actions.push(...aclActions(from, to));
  for (const group of from.groups) if (!to.groups.includes(group)) actions.push(deleteGroup(group));
  return actions;
}

function userActions(
  name: string,
  old: NaiveUser | undefined,
  next: NaiveUser | undefined,
  reused: readonly string[],
): Action[] {
  if (old === undefined)
    return next === undefined ? [] : [create(name, next.groups, { enable: next.enabled })];
  if (next === undefined) return [remove(name)];
  if (reused.includes(name)) {
    const off = update(name, { fields: { enable: false } });
    return [off, remove(name), create(name, next.groups, { enable: next.enabled })];
  }
  const join = next.groups.filter((group) => !old.groups.includes(group));
  const leave = old.groups.filter((group) => !next.groups.includes(group));
  const fields = old.enabled === next.enabled ? {} : { enable: next.enabled };
  if (join.length + leave.length + Object.keys(fields).length === 0) return [];
  return [update(name, { join, leave, fields })];
}

function aclActions(from: World, to: World): Action[] {
  const groupsOf = (list: NaiveAcl[]): NaiveAcl[] => list.filter((e) => e.type === "group");
  const same = (a: NaiveAcl, b: NaiveAcl): boolean =>
    a.path === b.path && a.ugid === b.ugid && a.role === b.role;
  const gone = groupsOf(from.acl).filter(
    (e) => to.groups.includes(e.ugid) && !to.acl.some((other) => same(e, other)),
  );
  const made = groupsOf(to.acl).filter(
    (e) => !from.acl.some((other) => same(e, other) && other.propagate === e.propagate),
  );
  const together = (list: NaiveAcl[]): [NaiveAcl, string[]][] => {
    const byEntry = new Map<string, [NaiveAcl, string[]]>();
    for (const e of list) {
      const key = `${e.path} ${e.role} ${e.propagate}`;
      const known = byEntry.get(key) ?? [e, []];
      known[1].push(e.ugid);
      byEntry.set(key, known);
    }
    return [...byEntry.values()];
  };
  return [
    ...together(gone).map(([e, groups]) => revoke(e.path, e.role, groups)),
    ...together(made).map(([e, groups]) => grant(e.path, e.role, groups, e.propagate)),
  ];
}

const anyCase: fc.Arbitrary<Case> = fc
  .record({
    oldGroups: fc.subarray(GROUPS, { minLength: 1 }),
    newGroups: fc.subarray(GROUPS, { minLength: 1 }),
    oldPeople: people,
    newPeople: people,
    reused: fc.subarray(NAMES, { maxLength: 1 }),
    oldAcl: groupEntries,
    newAcl: groupEntries,
    own: ownEntries,
  })
  .map((r) => {
    const users = usersOf(r.oldPeople, r.oldGroups);
    const own = entries(r.own).filter((e) => users[nameOf(e.ugid)] !== undefined);
    const acl = entries(r.oldAcl).filter((e) => r.oldGroups.includes(e.ugid));
    const world: World = { users, groups: r.oldGroups, acl: [...acl, ...own] };
    const to: World = {
      users: usersOf(r.newPeople, r.newGroups),
      groups: r.newGroups,
      acl: entries(r.newAcl).filter((e) => r.newGroups.includes(e.ugid)),
    };
    return { world, actions: difference(world, to, r.reused) };
  });

/**
 * Knots: everybody is there and enabled, few roles that share nothing, deep entries, and changes
 * that pull in both directions.
 */
const KNOT_PATHS = ["/", "/vms", "/vms/1"];
const KNOT_ROLES = ["Audit", "Console", "Modify", "NoAccess"];
const membership = fc.tuple(...NAMES.map(() => fc.subarray(GROUPS)));
const slots = KNOT_PATHS.flatMap((path) => GROUPS.map((group) => ({ path, group })));
const knotAcl = fc.tuple(
  ...slots.map(() =>
    fc.option(fc.constantFrom(...KNOT_ROLES, ...KNOT_ROLES.slice(0, 3)), { freq: 2 }),
  ),
);
const knot: fc.Arbitrary<Case> = fc
  .record({
    groups: membership,
    acl: knotAcl,
    moves: fc.array(fc.tuple(fc.nat({ max: 2 }), fc.subarray(GROUPS)), { maxLength: 2 }),
    swaps: fc.array(
      fc.tuple(fc.nat({ max: slots.length - 1 }), fc.option(fc.constantFrom(...KNOT_ROLES))),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ groups, acl, moves, swaps }) => {
    const build = (members: readonly string[][], roles: readonly (string | null)[]): World => ({
      users: usersOf(
        members.map((list) => ({ enabled: true, groups: list })),
        GROUPS,
      ),
      groups: GROUPS,
      acl: slots.flatMap(({ path, group }, n) => {
        const role = roles[n];
        return typeof role === "string" ? [entry(path, group, role)] : [];
      }),
    });
    const members = [...groups];
    for (const [who, list] of moves) members[who] = list;
    const roles = [...acl];
    for (const [slot, role] of swaps) roles[slot] = role;
    const world = build(groups, acl);
    return { world, actions: difference(world, build(members, roles), []) };
  });

/**
 * The smallest plan without an order of single writes, among other things: somebody comes into a
 * group whose entries lie above and below a path at which an entry is granted. Without the new
 * entry too much is inherited from above, without the membership too much reaches what is below.
 */
const tangle: fc.Arbitrary<Case> = fc
  .record({
    roles: fc.shuffledSubarray(["Audit", "Console", "Modify"], { minLength: 3 }),
    groups: fc.shuffledSubarray(GROUPS, { minLength: 3 }),
    paths: fc.constantFrom<string[]>(["/", "/vms", "/vms/1"], ["/pool", "/pool/p", "/pool/p/q"]),
    leaves: fc.boolean(),
    both: fc.boolean(),
    others: fc.tuple(fc.subarray(GROUPS), fc.subarray(GROUPS)),
    noise: fc.array(
      fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(...GROUPS), fc.constantFrom(...ROLES)),
      {
        maxLength: 2,
      },
    ),
    more: fc.array(
      fc.tuple(fc.constantFrom("/storage", "/vms", "/pool/p"), fc.constantFrom(...ROLES)),
      {
        maxLength: 2,
      },
    ),
  })
  .map(({ roles, groups, paths, leaves, both, others, noise, more }) => {
    const [low = "", high = "", given = ""] = roles;
    const [from = "", to = "", third = ""] = groups;
    const [top = "", middle = "", deep = ""] = paths;
    const [second, last] = others;
    const users = usersOf(
      [
        { enabled: true, groups: [from] },
        ...[second, last].map((list) => ({ enabled: true, groups: list })),
      ],
      GROUPS,
    );
    const acl = unique([
      entry(top, from, low),
      entry(top, to, high),
      entry(deep, to, low),
      ...noise.map(([path, group, role]) => entry(path, group, role)),
    ]);
    const world: World = { users, groups: GROUPS, acl };
    const next = copy(world);
    const mover = next.users["u1"];
    if (mover !== undefined) mover.groups = leaves ? [to] : [from, to];
    const gets = both || leaves ? [from, to] : [from];
    next.acl = unique([
      ...next.acl,
      ...gets.map((group) => entry(middle, group, given)),
      ...more.map(([path, role]) => entry(path, third, role)),
    ]);
    return { world, actions: difference(world, next, []) };
  });

function unique(acl: readonly NaiveAcl[]): NaiveAcl[] {
  return [...new Map(acl.map((e) => [`${e.path} ${e.ugid} ${e.role}`, e])).values()];
}

const plans = fc.oneof(anyCase, { arbitrary: knot, weight: 2 }, { arbitrary: tangle, weight: 3 });

interface Walk {
  readonly world: World;
  readonly done: readonly Action[];
  readonly refused: readonly Action[];
  readonly findings: number;
  readonly waiting: readonly string[];
}

/** Goes through a plan as `act` does, and looks at everybody's rights after every write. */
function walk(
  { world, actions }: Case,
  held: readonly Action[],
  refuses: (nth: number) => boolean,
  mayDisable: (name: string) => boolean = () => true,
): Walk {
  const todo = actions.filter((action) => !held.includes(action));
  const sequencer = createSequencer(
    input(world, todo, held, (userid) => mayDisable(nameOf(userid))),
  );
  const now = copy(world);
  const next = naiveNext(world, actions);
  const places = placesOf(world, next);
  const reborn = new Set<string>();
  const done: Action[] = [];
  const refused: Action[] = [];
  for (let n = 0; n < 200; n += 1) {
    const action = sequencer.next();
    if (action === undefined) {
      const waiting = sequencer.waiting().map(({ action: left }) => left.id);
      return { world: now, done, refused, findings: sequencer.findings().length, waiting };
    }
    if (held.some((one) => one.id === action.id)) throw new Error(`${action.id} is held`);
    if (refuses(n)) {
      sequencer.refused(action);
      refused.push(action);
      continue;
    }
    naiveApply(now, action.write);
    if (action.write.kind === "delete-user") reborn.add(nameOf(action.write.userid));
    if (
      action.moment === true &&
      "userid" in action.write &&
      !mayDisable(nameOf(action.write.userid))
    ) {
      throw new Error(`${action.write.userid} may not be disabled`);
    }
    done.push(action);
    sequencer.done(action);
    const found = tooMuch(now, world, next, reborn, places);
    if (found !== undefined)
      throw new Error(`after ${JSON.stringify(done.map((a) => a.write))}: ${found}`);
  }
  throw new Error("the plan does not end");
}

function sameUsers(a: World, b: World): boolean {
  const plain = (world: World): string =>
    JSON.stringify(
      Object.entries(world.users)
        .map(([name, user]) => [name, user.enabled, [...user.groups].sort()])
        .sort(),
    );
  return plain(a) === plain(b);
}

function sameAcl(a: World, b: World): boolean {
  const plain = (world: World): string =>
    JSON.stringify(world.acl.map((e) => JSON.stringify(e)).sort());
  return plain(a) === plain(b);
}

function holds<T>(t: Test, name: string, property: fc.IProperty<T>): void {
  const seed = seedOfRun();
  const numRuns = Number(process.env["FC_RUNS"] ?? RUNS);
  const details = fc.check(property, { numRuns, seed });
  if (details.failed) t.comment(fc.defaultReportMessage(details));
  t.notOk(details.failed, `${name} (${details.numRuns} runs, seed ${seed})`);
}

t.test("P3: with nothing held or refused", (t) => {
  let complete = 0;
  let extra = 0;
  let stuck = 0;
  holds(
    t,
    "all is done, or SYNC_NO_SAFE_ORDER is reported",
    fc.property(plans, fc.subarray(NAMES), (one, allowed) => {
      const end = walk(
        one,
        [],
        () => false,
        (name) => allowed.includes(name),
      );
      const next = naiveNext(one.world, one.actions);
      if (end.waiting.length > 0) {
        stuck += 1;
        if (end.findings === 0) throw new Error("waits without a finding");
        return;
      }
      complete += 1;
      if (end.done.length > one.actions.length) extra += 1;
      if (end.findings > 0) throw new Error("a finding though all is done");
      if (!sameUsers(end.world, next) || !sameAcl(end.world, next)) throw new Error("another end");
    }),
  );
  t.comment(`${complete} complete, ${extra} of them with extra writes; ${stuck} not`);
  t.end();
});

t.test("P3: with everybody to be disabled for the moment, every plan comes to its end", (t) => {
  holds(
    t,
    "nothing waits",
    fc.property(plans, (one) => {
      const end = walk(one, [], () => false);
      if (end.waiting.length > 0) throw new Error(`waits: ${end.waiting.join()}`);
    }),
  );
  t.end();
});

t.test("P3: with some held and some refused", (t) => {
  holds(
    t,
    "nobody holds more than old and new",
    fc.property(
      plans,
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
      fc.array(
        fc.nat({ max: 4 }).map((n) => n === 0),
        { minLength: 20, maxLength: 20 },
      ),
      fc.subarray(NAMES),
      (one, hold, refuse, allowed) => {
        const held = one.actions.filter((_, n) => hold[n % hold.length] && n % 2 === 0);
        walk(
          one,
          held,
          (n) => refuse[n % refuse.length] ?? false,
          (name) => allowed.includes(name),
        );
      },
    ),
  );
  t.end();
});

t.test("P3: with some held, nobody stays disabled for a moment", (t) => {
  holds(
    t,
    "each moment ends within the plan",
    fc.property(plans, fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]), (one, which) => {
      const held = one.actions.filter((_, n) => which.includes(n));
      const end = walk(one, held, () => false);
      const left = Object.values(end.world.users).filter((user) =>
        user.comment?.includes("[moment]"),
      );
      if (left.length > 0) throw new Error("somebody is left in a moment");
    }),
  );
  t.end();
});

/** Whether any order of these writes is safe, by trying them all. */
function anyOrder(
  world: World,
  now: World,
  next: World,
  left: readonly Action[],
  reborn: ReadonlySet<string>,
): boolean {
  if (left.length === 0) return true;
  return left.some((action) => {
    const then = copy(now);
    try {
      naiveApply(then, action.write);
    } catch {
      return false;
    }
    const born = new Set(reborn);
    if (action.write.kind === "delete-user") born.add(nameOf(action.write.userid));
    if (tooMuch(then, world, next, born) !== undefined) return false;
    return anyOrder(
      world,
      then,
      next,
      left.filter((other) => other !== action),
      born,
    );
  });
}

t.test("P3: a small plan takes no extra write and waits for nothing that an order avoids", (t) => {
  let avoidable = 0;
  let unavoidable = 0;
  holds(
    t,
    "as good as trying all orders of up to five writes",
    fc.property(plans, (one) => {
      fc.pre(one.actions.length > 1 && one.actions.length <= 5);
      const next = naiveNext(one.world, one.actions);
      const possible = anyOrder(one.world, one.world, next, one.actions, new Set());
      if (possible) avoidable += 1;
      else unavoidable += 1;
      const end = walk(
        one,
        [],
        () => false,
        () => false,
      );
      const single = end.waiting.length === 0 && end.done.length === one.actions.length;
      if (possible !== single) {
        throw new Error(
          possible ? "an order exists that was not found" : "the oracle missed an order",
        );
      }
    }),
  );
  t.comment(`${avoidable} with an order of single writes, ${unavoidable} without`);
  t.end();
});
