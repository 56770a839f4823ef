/**
 * Attacks on the guard: removals in slices small enough to pass, by every way that removes, and
 * groups made to look fuller than they are. Within a day never more than the measure goes unasked (P5).
 */
import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import type { ConfigParts, Site } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const HOUR = 3_600_000;
const upn = (name: string): string => `${name}@${DOMAIN}`;
const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `p${at}`);

interface Crowd {
  readonly bed: Bed;
  readonly site: Site;
  readonly ops: string;
  /** How many of the crowd are in the group and enabled. */
  readonly inside: (group?: string) => number;
  readonly pass: (parts?: ConfigParts) => Promise<readonly string[]>;
}

const GUARD = "[guard]\nmax_removals = 3\nmax_removal_share = 1.0\nmax_disabled = 3";

/** Thirty people in a group for longer than a day. */
async function crowd(t: Parameters<typeof startBed>[0], usual?: () => ConfigParts): Promise<Crowd> {
  const parts = (): ConfigParts => usual?.() ?? { groups: mapping("ops", ops), sections: GUARD };
  const bed = await startBed(t, parts);
  const { site } = bed;
  const ops = site.group(
    "Operators",
    names(30).map((name) => bed.person(name, { mail: null })),
  );
  await site.pass({ groups: mapping("ops", ops), sections: GUARD });
  site.clock.advance(DAY + 60_000);
  const inside = (group = "ops"): number =>
    names(30).filter((name) => {
      const user = bed.user(name);
      return user?.enable === true && user.groups.includes(group);
    }).length;
  const pass = async (given = parts()): Promise<readonly string[]> =>
    (await site.pass(given)).findings.map(({ code }) => code);
  return { bed, site, ops, inside, pass };
}

t.test("one a pass for days: three a day, whatever restarts in between", async (t) => {
  const { site, ops, inside, pass } = await crowd(t);
  const start = inside();
  let held = 0;
  // A pass is a fresh agent each time, as after a restart.
  for (let hour = 0; hour < 48; hour += 2) {
    site.entra.world.leave(ops, upn(`p${hour / 2}`));
    if ((await pass()).includes("GUARD_HELD")) held += 1;
    const day = Math.floor(hour / 24) + 1;
    t.ok(start - inside() <= 3 * day, `hour ${hour}: ${start - inside()} are out`);
    site.clock.advance(2 * HOUR);
  }
  t.ok(held >= 16, "and the administrator is told in every pass from the fourth on");
});

t.test(
  "the journal lost in the middle of a drip: from then on nothing unasked for a day",
  async (t) => {
    const { site, ops, inside, pass } = await crowd(t);
    for (const name of ["p0", "p1"]) {
      site.entra.world.leave(ops, upn(name));
      await pass();
    }
    t.equal(inside(), 28);
    site.loseJournal();
    for (let at = 2; at < 12; at += 1) {
      site.entra.world.leave(ops, upn(`p${at}`));
      t.ok((await pass()).includes("GUARD_HELD"));
      site.clock.advance(2 * HOUR);
    }
    t.equal(inside(), 28, "twenty hours later");
  },
);

t.test(
  "several mappings: each has its own measure, and no account ends twice as fast",
  async (t) => {
    const groups = (): string => ["ops", "dev", "net"].map((name) => mapping(name, ops)).join("");
    const one = await crowd(t, () => ({ groups: groups(), sections: GUARD }));
    const { site, inside, pass } = one;
    const { ops } = one;
    await pass();
    site.clock.advance(DAY + 60_000);
    for (const name of names(6)) {
      site.entra.world.leave(ops, upn(name));
      await pass();
    }
    for (const group of ["ops", "dev", "net"]) t.equal(inside(group), 27, group);
  },
);

t.test(
  "by edits of the configuration: a mapping that shrinks its Entra groups in turn",
  async (t) => {
    const { site, bed, inside, pass } = await crowd(t);
    const halves = [0, 1, 2, 3, 4].map((at) =>
      site.group(
        `Part ${at}`,
        names(30)
          .filter((_, nth) => nth % 5 === at)
          .map((name) => bed.site.entra.world.user(upn(name)).id),
      ),
    );
    for (let left = 5; left >= 1; left -= 1) {
      const codes = await pass({ groups: mapping("ops", halves.slice(0, left)), sections: GUARD });
      t.equal(codes.includes("GUARD_HELD"), left < 5);
      t.equal(inside(), 30, "six at a time are twice the measure");
      site.clock.advance(HOUR);
    }
    const renamed = { groups: mapping("operators", halves), sections: GUARD };
    t.ok((await pass(renamed)).includes("GUARD_HELD"), "a mapping renamed: the old group waits");
    t.equal(inside(), 30);
    t.equal(inside("operators"), 30);
  },
);

t.test("by an entry taken out of the configuration and put back, again and again", async (t) => {
  const vms = { acl: 'acl = [{ path = "/vms", role = "PVEVMUser" }]', none: "acl = []" };
  const parts = (more: string): ConfigParts => ({
    groups: mapping("ops", ops, more),
    sections: GUARD,
  });
  const one = await crowd(t);
  const { site, bed, pass } = one;
  const { ops } = one;
  await pass(parts(vms.acl));
  const holds = (): boolean => site.rights(bed.userid("p9"), "/vms/100").includes("VM.Console");
  t.ok(holds());
  for (let at = 0; at < 3; at += 1) {
    t.ok((await pass(parts(vms.none))).includes("GUARD_HELD"), "thirty would lose it");
    t.ok(holds());
    await pass(parts(vms.acl));
  }
});

t.test(
  "by renames: an old name is taken away from three a day, nobody is locked out",
  async (t) => {
    const { site, inside, pass } = await crowd(t);
    const world = site.pve;
    for (const name of names(10)) {
      site.entra.world.rename(upn(name), upn(`${name}-new`));
      await pass();
      site.clock.advance(HOUR);
    }
    t.equal(inside(), 27, "old accounts");
    const fresh = names(10).filter(
      (name) => site.user(`${upn(`${name}-new`)}@entra`)?.enable === true,
    );
    t.equal(fresh.length, 10, "new accounts");
    t.ok(world);
  },
);

t.test("by disabling in Entra: a measure of its own, and a drip counts", async (t) => {
  const { site, inside, pass } = await crowd(t);
  for (const name of names(10)) {
    site.entra.world.disable(upn(name));
    await pass();
    site.clock.advance(HOUR);
  }
  t.equal(inside(), 27);
  for (const name of names(10)) site.entra.world.enable(upn(name));
  await pass();
  t.equal(inside(), 30, "who was taken out comes back");
});

t.test("disabled and enabled in turn: coming back gives nobody's place free", async (t) => {
  const { site, ops, inside, pass } = await crowd(t);
  for (const name of names(3)) site.entra.world.leave(ops, upn(name));
  await pass();
  site.entra.world.join(ops, ...names(3).map(upn));
  await pass();
  t.equal(inside(), 30);
  site.clock.advance(HOUR);
  for (const name of ["p3", "p4"]) site.entra.world.leave(ops, upn(name));
  t.ok((await pass()).includes("GUARD_HELD"), "five distinct people in one day");
  t.equal(inside(), 30);
});

t.test("members that make a group look fuller: foreign ones and disabled ones", async (t) => {
  const parts = (): ConfigParts => ({ groups: mapping("ops", ops) });
  const bed = await startBed(t, parts, { users: ["user:olga@pam:1:0::::::"] });
  const { site } = bed;
  const ops = site.group(
    "Operators",
    names(3).map((name) => bed.person(name, { mail: null })),
  );
  await site.pass(parts());
  site.clock.advance(DAY + 60_000);
  site.pve.world.addToGroup("olga@pam", "ops");
  site.pve.world.disableUser(bed.userid("p0"));
  site.entra.world.leave(ops, upn("p1"), upn("p2"));
  const report = await bed.pass(t, "emptied of everybody who can use it", {
    writes: [],
    codes: ["GUARD_HELD", "SYNC_FOREIGN_MEMBER", "SYNC_STAYS_DISABLED"],
    held: 4,
  });
  t.match(report.findings.find(({ code }) => code === "GUARD_HELD")?.message, /would be emptied/);
  t.strictSame(site.entra.violations, []);
});

t.test("the share is that of people who were there, not of accounts put in by hand", async (t) => {
  const parts = (): ConfigParts => ({ groups: mapping("ops", ops) });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const ops = site.group(
    "Operators",
    names(10).map((name) => bed.person(name, { mail: null })),
  );
  await site.pass(parts());
  site.clock.advance(DAY + 60_000);
  for (let at = 0; at < 40; at += 1) {
    const userid = at % 2 === 0 ? `fill${at}@pve` : `fill${at}@${DOMAIN}@entra`;
    site.pve.world.createUser(userid, { enable: at % 2 === 0 });
    site.pve.world.addToGroup(userid, "ops");
  }
  site.entra.world.leave(ops, ...names(4).map(upn));
  const report = await site.pass(parts());
  t.ok(report.findings.some(({ code }) => code === "GUARD_HELD"));
  for (const name of names(4)) t.match(bed.user(name), { enable: true, groups: ["ops"] });
});
