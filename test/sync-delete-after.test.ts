import t from "tap";
import type { Test } from "tap";
import { mapping } from "./support/site.js";
import type { Site } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const REALM = 'delete_after = "2d"\nrotate = false';

async function threeLeft(t: Test): Promise<{ bed: Bed; site: Site; ops: string }> {
  const parts = () => ({ groups: mapping("ops", ops), realm: REALM });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const leavers = ["anna", "bert", "cora"].map((name) => bed.person(name, { mail: null }));
  const stayers = ["x", "y", "z"].map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", [...leavers, ...stayers]);
  await site.pass(parts());
  site.entra.world.leave(ops, ...leavers);
  await bed.pass(t, "they leave", {
    writes: ["anna", "bert", "cora"].map(
      (name) => `PUT users/${name} comment=[entra:${name} left 2026-11-22] enable=0 groups=`,
    ),
  });
  return { bed, site, ops };
}

t.test("delete_after runs from the day that the journal confirms", async (t) => {
  const { bed, site, ops } = await threeLeft(t);
  // A day earlier in the mark hastens nothing; somebody enabled is not deleted.
  site.pve.world.editUser(bed.userid("bert"), { comment: bed.mark("bert", "left 2020-01-01") });
  site.pve.world.enableUser(bed.userid("cora"));
  site.clock.advance(DAY);
  await bed.settled(t);
  site.clock.advance(DAY - 60_000);
  await bed.settled(t);
  site.clock.advance(2 * 60_000);
  await bed.pass(t, "two days after", { writes: ["DELETE users/anna"] });
  // bert's mark was doubted a day later than it was written: his two days began then.
  site.clock.advance(DAY);
  await bed.pass(t, "three days after", { writes: ["DELETE users/bert"] });
  t.equal(bed.user("cora")?.enable, true);
  await bed.settled(t);
  site.entra.world.join(ops, "anna@contoso.example");
  await bed.pass(t, "back after the deletion: anew", {
    writes: ["POST users comment=[entra:anna] enable=1 groups=ops userid=anna"],
  });
  t.strictSame(site.entra.violations, []);
});

t.test("without the journal's confirmation it runs from now", async (t) => {
  const { bed, site } = await threeLeft(t);
  site.clock.advance(DAY);
  site.loseJournal();
  await bed.settled(t);
  site.clock.advance(DAY + 60_000);
  await bed.settled(t);
  site.clock.advance(DAY);
  await bed.pass(t, "two days after the new journal saw them", {
    writes: ["DELETE users/anna", "DELETE users/bert", "DELETE users/cora"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("who is back in Entra's groups is not deleted on a lagging list's word", async (t) => {
  const { bed, site, ops } = await threeLeft(t);
  site.clock.advance(3 * DAY);
  site.entra.world.join(ops, "anna@contoso.example", "bert@contoso.example");
  // The list still lacks them; their own side knows.
  const members = ["x", "y", "z"].map((name) => ({
    "@odata.type": "#microsoft.graph.user",
    ...site.entra.world.user(`${name}@contoso.example`),
  }));
  site.entra.faults.add({
    path: "/transitiveMembers",
    do: { kind: "json", body: { value: members } },
  });
  await bed.pass(t, "the list lags", { writes: ["DELETE users/cora"] });
  await bed.pass(t, "the list knows", {
    writes: ["anna", "bert"].map(
      (name) => `PUT users/${name} append=1 comment=[entra:${name}] enable=1 groups=ops`,
    ),
  });
  t.strictSame(site.entra.violations, []);
});
