/** Who comes back, and who does not: by whatever way they went. */
import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("two people who swap their names and swap them back are let in again", async (t) => {
  const parts = () => ({
    groups: mapping("ops", ops),
    sections: "[guard]\nmax_removals = 1",
  });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const { world } = site.entra;
  const [anna = "", bert = "", ...rest] = ["anna", "bert", "x", "y"].map((name) =>
    bed.person(name, { mail: null }),
  );
  const ops = site.group("Operators", [anna, bert, ...rest]);
  await site.pass(parts());
  const swap = (): void => {
    const [a = "", b = ""] = [anna, bert].map((id) => world.user(id).userPrincipalName);
    world.rename(anna, `interim@${DOMAIN}`);
    world.rename(bert, a);
    world.rename(anna, b);
  };
  swap();
  await bed.pass(t, "swapped: disabled at once, the deletions wait", {
    writes: ["anna", "bert"].map(
      (name) => `PUT users/${name} comment=[entra:${name} left 2026-11-22] enable=0 groups=`,
    ),
    codes: ["GUARD_HELD", "SYNC_NAME_REUSED", "SYNC_NAME_REUSED"],
    held: 2,
  });
  swap();
  await bed.pass(t, "swapped back", {
    writes: ["anna", "bert"].map(
      (name) => `PUT users/${name} append=1 comment=[entra:${name}] enable=1 groups=ops`,
    ),
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("a leaver put into a group by hand is not let in by a lagging list", async (t) => {
  const parts = () => ({ groups: mapping("ops", ops) });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const [anna = "", ...rest] = ["anna", "x", "y", "z"].map((name) =>
    bed.person(name, { mail: null }),
  );
  const ops = site.group("Operators", [anna, ...rest]);
  await site.pass(parts());
  site.entra.world.leave(ops, anna);
  await site.pass(parts());
  t.match(bed.user("anna"), { enable: false, groups: [] });
  site.pve.world.addToGroup(bed.userid("anna"), "ops");
  // A replica that has not heard of it gives the old list.
  site.entra.faults.add({
    path: `/groups/${ops}/transitiveMembers`,
    do: {
      kind: "json",
      body: {
        value: [anna, ...rest].map((id) => ({
          "@odata.type": "#microsoft.graph.user",
          id,
          userPrincipalName: site.entra.world.user(id).userPrincipalName,
          mail: null,
          givenName: null,
          surname: null,
          displayName: null,
          accountEnabled: true,
          userType: "Member",
        })),
      },
    },
  });
  await bed.pass(t, "listed, but not by her own side", { writes: [], codes: ["SYNC_DISAGREES"] });
  t.match(bed.user("anna"), { enable: false });
  await bed.pass(t, "not listed either", { writes: ["PUT users/anna groups="] });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
