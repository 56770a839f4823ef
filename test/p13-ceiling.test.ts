/** P13 in whole passes: near the ceiling additions wait with the figures, removals go on. */
import t from "tap";
import { mapping } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const NAMES = ["anna", "bert", "cora", "dora"];
const upn = (name: string): string => `${name}@contoso.example`;

t.test("a user database near its ceiling", async (t) => {
  const sections = '[guard]\nmax_removal_share = 1.0\nuser_db_reserve = "1KiB"';
  const parts = (): ConfigParts => ({
    groups: mapping("ops", ops) + mapping("dev", dev),
    sections,
  });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const { world } = site.entra;
  const ids = NAMES.map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", ids);
  const dev = site.group("Developers", ids.slice(0, 2));
  await site.pass(parts());
  site.clock.advance(DAY + 1);
  // Users of another realm fill the file up to a few bytes below 80 % less the reserve.
  const room = Math.floor(1_048_576 * 0.8) - 1024;
  const now = site.pve.userCfg();
  let filler = "";
  for (let at = 1000; now.length + filler.length < room - 200; at += 1) {
    filler += `user:filler${at}@pve:1:0::::${"x".repeat(70)}::\n`;
  }
  site.pve.load({ userCfg: filler + now });

  world.join(ops, ...["new1", "new2", "new3"].map((name) => bed.person(name, { mail: null })));
  world.leave(ops, upn("anna"));
  world.leave(dev, upn("anna"));
  world.disable(upn("cora"));
  world.leave(ops, upn("bert"));
  const before = site.pve.userCfg().length;
  const report = await site.pass(parts());
  const full = report.findings.filter(({ code }) => code === "SYNC_DATABASE_FULL");
  t.equal(full.length, 1);
  t.match(full[0]?.message, /\d+ bytes, and at most 837836 are filled \(80 % of 1048576/);
  t.ok(report.plan.waiting.length >= 1);
  t.ok(report.plan.waiting.every(({ waitsFor }) => /room in the user database/.test(waitsFor)));
  t.ok(site.pve.userCfg().length - before < 700, "at most what still fits");
  t.match(bed.user("anna"), { enable: false, groups: [] });
  t.match(bed.user("cora"), { enable: false, groups: [] });
  t.match(bed.user("bert"), { enable: true, groups: ["dev"] });
  t.match(bed.user("dora"), { enable: true, groups: ["ops"] });

  site.pve.load({ userCfg: site.pve.userCfg().replace(/^user:filler.*\n/gm, "") });
  await site.pass(parts());
  for (const name of ["new1", "new2", "new3"]) t.match(bed.user(name), { groups: ["ops"] });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
