/** P5: what the guard counts, holds and lets through, mapping by mapping. */
import t from "tap";
import type { Test } from "tap";
import { mapping } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const ACL = 'acl = [{ path = "/vms", role = "PVEVMUser" }]';
const left = (name: string, day = "2026-11-23"): string =>
  `PUT users/${name} comment=[entra:${name} left ${day}] enable=0 groups=`;
const names = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${letter}${at}`);

interface Crowd {
  readonly bed: Bed;
  readonly ops: string;
  readonly dev: string;
  /** `more`: the rest of each mapping's table. */
  readonly parts: (sections?: string, more?: string) => ConfigParts;
}

/** Twenty operators and five developers, in their groups for more than a day. */
async function crowd(t: Test, operators = 20, developers = 5): Promise<Crowd> {
  const parts = (sections = "", more = ACL): ConfigParts => ({
    groups: mapping("ops", ops, more) + mapping("dev", dev, more),
    sections,
  });
  const bed = await startBed(t, () => parts());
  const person = (name: string): string => bed.person(name, { mail: null });
  const ops = bed.site.group("Operators", names("o", operators).map(person));
  const dev = bed.site.group("Developers", names("d", developers).map(person));
  await bed.site.pass(parts());
  bed.site.clock.advance(DAY + 1);
  return { bed, ops, dev, parts };
}

const upn = (name: string): string => `${name}@contoso.example`;

t.test("above max_removals: held as a whole, while all else goes on", async (t) => {
  const { bed, ops, dev, parts } = await crowd(t);
  const { world } = bed.site.entra;
  const guarded = parts("[guard]\nmax_removals = 4\nmax_removal_share = 1.0");
  world.leave(ops, ...names("o", 5).map(upn));
  world.leave(dev, upn("d0"));
  world.join(ops, bed.person("new", { mail: null }));
  world.disable(upn("o9"));
  const report = await bed.pass(
    t,
    "five at once",
    {
      writes: [
        left("d0"),
        left("o9"),
        "POST users comment=[entra:new] enable=1 groups=ops userid=new",
      ],
      codes: ["GUARD_HELD"],
      held: 10,
    },
    guarded,
  );
  t.match(
    report.findings[0]?.message,
    /^10 changes for 5 people are held: group ops: 5 removed now, 0 in the last 24 h; at most 4/,
  );
  t.match(report.plan.approvalId, /^[0-9a-f]{64}$/);
  t.equal(report.realms.get("entra")?.ok, true, "waiting for somebody is no failure");
  t.match(bed.user("o0"), { enable: true, groups: ["ops"] });

  world.join(ops, upn("o4"));
  await bed.pass(
    t,
    "four are not too many",
    { writes: names("o", 4).map((name) => left(name)) },
    guarded,
  );
  await bed.settled(t, [], guarded);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a drip counts as much as a flood, and is forgotten after 24 hours", async (t) => {
  const { bed, ops, parts } = await crowd(t);
  const { world } = bed.site.entra;
  const guarded = parts("[guard]\nmax_removals = 3\nmax_removal_share = 1.0");
  for (const name of names("o", 3)) {
    world.leave(ops, upn(name));
    await bed.pass(t, `${name} leaves`, { writes: [left(name)] }, guarded);
    bed.site.clock.advance(60_000);
  }
  world.leave(ops, upn("o3"));
  const held = { writes: [], codes: ["GUARD_HELD"], held: 2 };
  const first = await bed.pass(t, "the fourth of the day", held, guarded);
  t.match(first.findings[0]?.message, /1 removed now, 3 in the last 24 h; at most 3/);
  bed.site.clock.advance(DAY - 10 * 60_000);
  const again = await bed.pass(t, "hours later", held, guarded);
  t.equal(again.plan.approvalId, first.plan.approvalId, "dates do not change its name");
  bed.site.clock.advance(11 * 60_000);
  await bed.pass(t, "a day later", { writes: [left("o3", "2026-11-24")] }, guarded);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("the share of those who were there at the start, once more than three go", async (t) => {
  const { bed, ops, parts } = await crowd(t, 20);
  const { world } = bed.site.entra;
  // Newcomers of today do not make room for leavers.
  world.join(ops, ...names("n", 10).map((name) => bed.person(name, { mail: null })));
  await bed.site.pass(parts());
  world.leave(ops, ...names("o", 5).map(upn));
  const report = await bed.pass(t, "a quarter", { writes: [], codes: ["GUARD_HELD"], held: 10 });
  t.match(report.findings[0]?.message, /20 % of the 20 members of a day ago/);
  world.join(ops, upn("o4"));
  await bed.pass(t, "a fifth", { writes: names("o", 4).map((name) => left(name)) });
  t.strictSame(bed.site.entra.violations, []);
});

t.test(
  "three may go whatever the share; but a group of two or more is never emptied",
  async (t) => {
    const { bed, ops, dev } = await crowd(t, 4, 2);
    const { world } = bed.site.entra;
    world.leave(ops, ...names("o", 3).map(upn));
    world.leave(dev, ...names("d", 2).map(upn));
    const report = await bed.pass(t, "three of four, two of two", {
      writes: names("o", 3).map((name) => left(name)),
      codes: ["GUARD_HELD"],
      held: 4,
    });
    t.match(report.findings[0]?.message, /group dev: .*would be emptied/);
    // One after the other it is emptied all the same.
    world.join(dev, upn("d1"));
    await bed.pass(t, "one of two", { writes: [left("d0")] });
    world.leave(dev, upn("d1"));
    await bed.pass(t, "the other of two", { writes: [], codes: ["GUARD_HELD"], held: 2 });
    bed.site.clock.advance(DAY + 1);
    await bed.pass(t, "one of one, a day later", { writes: [left("d1", "2026-11-24")] });
    t.strictSame(bed.site.entra.violations, []);
  },
);

t.test("who was disabled in Entra was in the group, too: the last one waits", async (t) => {
  const { bed, dev } = await crowd(t, 1, 2);
  const { world } = bed.site.entra;
  world.disable(upn("d0"));
  world.leave(dev, upn("d1"));
  await bed.pass(t, "one of two disabled, the other removed", {
    writes: [left("d0")],
    codes: ["GUARD_HELD"],
    held: 2,
  });
  await bed.pass(t, "a hold does not end by what it let through", {
    writes: [],
    codes: ["GUARD_HELD"],
    held: 2,
  });
  bed.site.clock.advance(DAY + 1);
  await bed.pass(t, "one of one, a day later", { writes: [left("d1", "2026-11-24")] });
  t.strictSame(bed.site.entra.violations, []);
});

t.test("disabled and deleted people have a measure of their own", async (t) => {
  const { bed, ops, parts } = await crowd(t);
  const { world } = bed.site.entra;
  const guarded = parts("[guard]\nmax_removals = 1\nmax_disabled = 4");
  for (const name of names("o", 3)) world.disable(upn(name));
  world.deleteUser(upn("o3"));
  await bed.pass(
    t,
    "four, far above max_removals",
    { writes: names("o", 4).map((name) => left(name)) },
    guarded,
  );
  bed.site.clock.advance(3_600_000);
  world.disable(upn("o4"));
  world.leave(ops, upn("o5"));
  const report = await bed.pass(
    t,
    "the fifth within 24 hours",
    { writes: [left("o5")], codes: ["GUARD_HELD"], held: 2 },
    guarded,
  );
  t.match(
    report.findings[0]?.message,
    /realm entra: 1 disabled now, 4 in the last 24 h; at most 4/,
  );
  bed.site.clock.advance(DAY);
  await bed.pass(t, "a day later", { writes: [left("o4", "2026-11-24")] }, guarded);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("renames count for themselves", async (t) => {
  const { bed, parts } = await crowd(t);
  const { world } = bed.site.entra;
  const guarded = parts("[guard]\nmax_removals = 2");
  const rename = (name: string): void => void world.rename(upn(name), upn(`${name}-new`));
  rename("o0");
  rename("o1");
  const made = (name: string): string =>
    `POST users comment=[entra:${name}] enable=1 groups=ops userid=${name}-new`;
  await bed.pass(
    t,
    "two",
    {
      writes: [left("o0"), made("o0"), left("o1"), made("o1")],
      codes: ["SYNC_RENAMED", "SYNC_RENAMED"],
    },
    guarded,
  );
  rename("o2");
  const report = await bed.pass(
    t,
    "the third within 24 hours",
    { writes: [made("o2")], codes: ["GUARD_HELD", "SYNC_RENAMED"], held: 2 },
    guarded,
  );
  t.match(
    report.findings.map(({ message }) => message).join(),
    /1 renamed now, 2 in the last 24 h; at most 2/,
  );
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a hold withholds new entries of its group, and of no other", async (t) => {
  const { bed, ops, parts } = await crowd(t);
  bed.site.entra.world.leave(ops, ...names("o", 5).map(upn));
  const vms = '{ path = "/vms", role = "PVEVMUser" }';
  const more = `acl = [${vms}, { path = "/pool", role = "PVEAuditor" }]`;
  const held = { writes: [], codes: ["GUARD_HELD"], held: 10 };
  const before = await bed.pass(t, "no new entry", held, parts());
  const report = await bed.pass(
    t,
    "an entry for both groups",
    {
      writes: ["PUT acl groups=dev path=/pool propagate=1 roles=PVEAuditor"],
      codes: ["GUARD_HELD"],
      held: 11,
    },
    parts("", more),
  );
  t.equal(before.plan.approvalId, report.plan.approvalId, "additions do not change its name");
  bed.site.journal.approve(before.plan.approvalId ?? "", "root", bed.site.clock.now());
  await bed.pass(
    t,
    "approved: the entry comes with it",
    {
      writes: [
        ...names("o", 5).map((name) => left(name)),
        "PUT acl groups=ops path=/pool propagate=1 roles=PVEAuditor",
      ],
    },
    parts("", more),
  );
  t.strictSame(bed.site.entra.violations, []);
});

t.test("people of several mappings: each mapping by itself", async (t) => {
  const { bed, ops, dev, parts } = await crowd(t, 8, 8);
  const { world } = bed.site.entra;
  const guarded = parts("[guard]\nmax_removals = 4\nmax_removal_share = 1.0");
  world.leave(ops, ...names("o", 3).map(upn));
  world.leave(dev, ...names("d", 3).map(upn));
  await bed.pass(
    t,
    "three of each are too many for nobody",
    { writes: [...names("o", 3), ...names("d", 3)].map((name) => left(name)) },
    guarded,
  );
  t.strictSame(bed.site.entra.violations, []);
});
