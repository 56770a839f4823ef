/** The properties over random worlds, each for any number of cases: a quick run and a night share them. */
import fc from "fast-check";
import type { Test } from "tap";
import { changeKey } from "../../src/decide/plan.js";
import type { Plan } from "../../src/decide/plan.js";
import { collisions, useridOf, claimOf } from "../../src/decide/userid.js";
import type { UserId } from "../../src/decide/facts.js";
import { buildDomainsCfg, buildUserCfg } from "../emulators/pve/default-world.js";
import { holds } from "./cases.js";
import { Tally } from "./count.js";
import { lifeDraw } from "./draw.js";
import { changesOf, guardCase, heldGroups, judge, keysOf, leave, limits } from "./guard-cases.js";
import { live } from "./life.js";
import { naiveUserid } from "./names.js";
import { oneLook, withGuard } from "./one-look.js";
import { goThrough } from "./order-cases.js";
import { personNamed } from "./people-named.js";
import type { NamedDraw } from "./people-named.js";
import { MemoryPve } from "./pve.js";

const never = new AbortController().signal;

/** Whole lives of a site: every write watched, and nothing left to do at the end. */
export async function lives(t: Test, count: number): Promise<Tally> {
  const tally = new Tally();
  await holds(
    t,
    "P2 to P7 hold, and a second pass has nothing to do",
    count,
    lifeDraw,
    async (draw) => {
      await live(draw, (told) => tally.pass(told));
      tally.close();
    },
  );
  return tally;
}

/** The order of one plan, with nothing refused and with each of its writes refused in turn. */
export async function orders(t: Test, count: number): Promise<{ plans: number; writes: number }> {
  const seen = { plans: 0, writes: 0 };
  await holds(
    t,
    "P3: nobody holds too much, whichever write is refused",
    count,
    lifeDraw,
    async (draw) => {
      const one = await oneLook(draw);
      if (one === undefined) return;
      const given = await goThrough(one.look, one.domainsCfg, -1);
      for (let nth = 0; nth < given; nth += 1) await goThrough(one.look, one.domainsCfg, nth);
      if (given > 0) seen.plans += 1;
      seen.writes += given;
    },
  );
  return seen;
}

/** Whole plans under stricter limits: less is done, and what is not done is held or waits. */
export async function stricter(t: Test, count: number): Promise<void> {
  const drawn = fc.tuple(lifeDraw, limits);
  await holds(
    t,
    "P5: a stricter guard does no more, and loses nothing from the plan",
    count,
    drawn,
    async ([draw, other]) => {
      const one = await oneLook(draw);
      if (one === undefined) return;
      const own = one.look.facts.config.guard;
      const strict = withGuard(one, {
        maxRemovals: Math.min(own.maxRemovals, other.maxRemovals),
        maxRemovalShare: Math.min(own.maxRemovalShare, other.maxRemovalShare),
        maxDisabled: Math.min(own.maxDisabled, other.maxDisabled),
      });
      const before = one.look.plan;
      const more = [...heldIn(before)].filter((key) => !heldIn(strict).has(key));
      if (more.length > 0) throw new Error(`a stricter guard holds no longer: ${more.join("; ")}`);
      const all = new Set([...doneIn(strict), ...waitingIn(strict), ...heldIn(strict)]);
      const lost = [...doneIn(before)].filter((key) => !all.has(key));
      if (lost.length > 0) throw new Error(`neither done nor held nor waiting: ${lost.join("; ")}`);
    },
  );
}

const doneIn = ({ actions }: Plan): Set<string> =>
  new Set(actions.filter(({ moment }) => moment !== true).flatMap((a) => a.changes.map(changeKey)));
const waitingIn = ({ waiting }: Plan): Set<string> =>
  new Set(waiting.flatMap(({ action }) => action.changes.map(changeKey)));
const heldIn = ({ holds: held }: Plan): Set<string> =>
  new Set(held.map(({ change }) => changeKey(change)));

/** The guard alone. */
export async function guards(t: Test, count: number): Promise<void> {
  const quarter = Math.ceil(count / 4);
  await holds(t, "P5: it holds what the design's count holds", quarter, guardCase, (one) => {
    const held = new Set(
      judge(one).holds.flatMap(({ change }) =>
        change.kind === "leave" && change.counted === "removed" ? [change.group] : [],
      ),
    );
    const expected = heldGroups(one);
    if ([...held].sort().join() !== [...expected].sort().join()) {
      throw new Error(`holds ${[...held].join()} instead of ${expected.join()}`);
    }
  });
  await holds(
    t,
    "P5: stricter limits let through no more",
    quarter,
    fc.tuple(guardCase, limits),
    ([one, other]) => {
      const strict = {
        ...one.limits,
        maxRemovals: Math.min(one.limits.maxRemovals, other.maxRemovals),
        maxRemovalShare: Math.min(one.limits.maxRemovalShare, other.maxRemovalShare),
        maxDisabled: Math.min(one.limits.maxDisabled, other.maxDisabled),
      };
      const usual = keysOf(judge(one).allowed);
      const more = judge(one, changesOf(one), strict).allowed.filter(
        (c) => !usual.has(changeKey(c)),
      );
      if (more.length > 0) throw new Error(`lets through ${more.map(changeKey).join()}`);
    },
  );
  const another = fc.tuple(guardCase, fc.nat({ max: 11 }), fc.constantFrom("ops", "dev"));
  await holds(t, "P5: one removal more frees no other", quarter, another, ([one, who, group]) => {
    const changes = changesOf(one);
    const more = leave(who, group);
    // Whose account is all they lose is counted with their account until they lose a group, too.
    if (keysOf(changes).has(changeKey(more)) || one.closes[who] === true) return;
    const held = keysOf(judge(one).holds.map(({ change }) => change));
    const then = keysOf(judge(one, [...changes, more]).holds.map(({ change }) => change));
    const freed = [...held].filter((key) => !then.has(key));
    if (freed.length > 0) throw new Error(`${changeKey(more)} frees ${freed.join()}`);
  });
  await holds(
    t,
    "P5: each mapping by itself, and an approval covers what it names",
    quarter,
    guardCase,
    (one) => {
      const all = judge(one);
      for (const group of ["ops", "dev"]) {
        const mine = changesOf(one).filter((c) => "group" in c && c.group === group);
        const alone = keysOf(judge(one, mine).allowed);
        const together = all.allowed.filter((c) => "group" in c && c.group === group);
        if (alone.size !== together.length) throw new Error(`${group} depends on the others`);
      }
      for (const { change } of all.holds) {
        if (change.approved === true) throw new Error(`holds the approved ${changeKey(change)}`);
      }
    },
  );
}

/** Names: the second opinion of names.ts, and what the emulator makes of them. */
export async function userids(t: Test, count: number): Promise<void> {
  const pair = fc.tuple(personNamed, personNamed);
  await holds(
    t,
    "one person a userid, as FACTS say, and PVE makes just that user",
    count,
    pair,
    async ([one, two]) => {
      const [first, second] = [check(one), check(two)];
      const differ =
        one.person.id !== two.person.id && one.claim === two.claim && one.realm === two.realm;
      if (first !== undefined && second !== undefined && differ) injective(first, second, one, two);
      if (first !== undefined) await made(first);
    },
  );
}

function check({ person, claim, realm }: NamedDraw): UserId | undefined {
  const known = claimOf(claim);
  const named = known === undefined ? undefined : useridOf(person, known, realm);
  const found = named?.ok === true ? named.userid : undefined;
  const expected = naiveUserid(person, claim, realm);
  if (found !== expected) throw new Error(`${String(found)} instead of ${String(expected)}`);
  return found;
}

function injective(a: UserId, b: UserId, one: NamedDraw, two: NamedDraw): void {
  const value = ({ person, claim }: NamedDraw): string | null =>
    claim === "oid" ? person.id : claim === "email" ? person.mail : person.userPrincipalName;
  if (a === b && value(one) !== value(two)) throw new Error(`two people are ${a}`);
  const alike = a.toLowerCase() === b.toLowerCase();
  if (collisions([a, b]).size > 0 !== alike) throw new Error(`${a} and ${b} collide, or not`);
}

/** The emulator has the user under just this name, in just this group, and nobody else changed. */
async function made(userid: UserId): Promise<void> {
  const realm = userid.slice(userid.lastIndexOf("@") + 1);
  const cfg = buildUserCfg({
    realms: [realm],
    extra: ["user:b@x@entra:1:0::::::", "group:ops:::"],
  });
  const pve = new MemoryPve(cfg, buildDomainsCfg({ name: realm }));
  const before = new Set(pve.state.users.users.keys());
  const port = pve.port();
  const fields = { enable: true, comment: "made" };
  if (before.has(userid)) return;
  await port.write({ kind: "create-user", userid, fields, groups: ["ops"] }, undefined, never);
  const added = [...pve.state.users.users.keys()].filter((one) => !before.has(one));
  const members = [...(pve.state.users.groups.get("ops")?.users ?? [])];
  const read = await port.readUser(userid, never);
  if (added.join() !== userid || members.join() !== userid || read.comment !== "made") {
    throw new Error(`PVE made ${added.join()} in ${members.join()} of ${userid}`);
  }
  await port.write({ kind: "delete-user", userid }, undefined, never);
  if ([...pve.state.users.users.keys()].length !== before.size) throw new Error(`${userid} stays`);
}
