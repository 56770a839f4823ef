import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("realm users without mark and mapping", async (t) => {
  for (const unmarked of ["report", "disable"]) {
    await t.test(`unmarked = "${unmarked}"`, async (t) => {
      const bed = await startBed(t, () => ({
        groups: mapping("ops", ops),
        realm: `unmarked = "${unmarked}"\ndelete_after = "1d"`,
      }));
      const { site } = bed;
      const ops = site.group(
        "Operators",
        ["x", "y"].map((n) => bed.person(n, { mail: null })),
      );
      const known = bed.person("known", { mail: null });
      const disabled = bed.person("disabled", { mail: null, enabled: false });
      for (const name of ["known", "disabled", "unknown", "asleep"]) {
        site.pve.world.createUser(bed.userid(name), {
          comment: "by hand",
          enable: name !== "asleep",
        });
      }
      site.pve.world.createUser("local@pve", { comment: "of another realm" });
      const made = ["x", "y"].map(
        (name) => `POST users comment=[entra:${name}] enable=1 groups=ops userid=${name}`,
      );
      const first = await bed.pass(t, "the first pass", {
        writes: [
          "POST groups comment=[entra:entra] groupid=ops",
          ...made,
          ...(unmarked === "disable"
            ? ["PUT users/disabled comment=by hand [entra:disabled left 2026-11-22] enable=0"]
            : []),
        ],
        codes: unmarked === "report" ? ["SYNC_UNMARKED_USER"] : [],
      });
      const unmanaged = first.plan.unmanaged.map(({ userid }) => userid.split("@")[0]).sort();
      t.strictSame(
        unmanaged,
        unmarked === "report" ? ["disabled", "known", "unknown"] : ["known", "unknown"],
      );
      await bed.pass(t, "the second 404", {
        writes: unmarked === "disable" ? ["PUT users/unknown enable=0"] : [],
        codes: unmarked === "report" ? ["SYNC_UNMARKED_USER", "SYNC_UNMARKED_USER"] : [],
      });
      const last = unmarked === "report" ? ["SYNC_UNMARKED_USER", "SYNC_UNMARKED_USER"] : [];
      await bed.settled(t, last);
      t.match(bed.user("known"), { enable: true, comment: "by hand" });
      t.match(bed.user("asleep"), { enable: false, comment: "by hand" });
      t.match(site.user("local@pve"), { enable: true, comment: "of another realm" });

      site.entra.world.enable(disabled);
      await bed.settled(t, unmarked === "report" ? ["SYNC_UNMARKED_USER"] : []);
      site.entra.world.join(ops, known, disabled);
      await bed.pass(t, "both come into the mapping", {
        writes: [
          "PUT users/known append=1 comment=by hand [entra:known] groups=ops",
          unmarked === "report"
            ? "PUT users/disabled append=1 comment=by hand [entra:disabled] groups=ops"
            : "PUT users/disabled append=1 comment=by hand [entra:disabled] enable=1 groups=ops",
        ],
        codes: unmarked === "report" ? ["SYNC_UNMARKED_USER"] : [],
      });
      t.strictSame(site.entra.violations, []);
    });
  }
});

t.test("an unmarked user in a group of ours is asked by name, whatever the name", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const ops = site.group(
    "Operators",
    ["x", "y", "z"].map((n) => bed.person(n, { mail: null })),
  );
  await site.pass({ groups: mapping("ops", ops) });
  for (const name of ["o'brien", "a+b", "hash#tag"]) {
    bed.person(name, { mail: null });
    site.pve.world.createUser(bed.userid(name), { groups: ["ops"] });
  }
  await bed.pass(t, "none of them is in the Entra group", {
    writes: ["o'brien", "a+b", "hash#tag"].map((name) => `PUT users/${name} groups=`),
  });
  for (const name of ["o'brien", "a+b", "hash#tag"]) t.equal(bed.user(name)?.enable, true);
  await bed.settled(t);
  site.pve.world.createUser(`nobody@${DOMAIN}@entra`, { groups: ["ops"] });
  await bed.pass(t, "unknown to Entra: one 404 is none", { writes: [] });
  await bed.pass(t, "the second one", {
    writes: ["PUT users/nobody enable=0 groups="],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
