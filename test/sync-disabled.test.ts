import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("an account disabled in Entra, and enabled again", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) + mapping("dev", dev) }));
  const { site } = bed;
  const { world } = site.entra;
  const anna = bed.person("anna", { mail: null });
  const others = ["bert", "cora"].map((name) => bed.person(name));
  const ops = site.group("Operators", [anna, ...others]);
  const dev = site.group("Developers", [anna, ...others]);
  await site.pass({ groups: mapping("ops", ops) + mapping("dev", dev) });
  site.pve.world.createToken(`${bed.userid("anna")}!cron`, "emulated-value");

  world.disable(anna);
  await bed.pass(t, "disabled", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
  });
  // The group's list and PVE agree on it: nobody has to be asked about them any more.
  site.entra.log.clear();
  await bed.settled(t);
  t.equal(site.entra.log.count({ path: "/users/" }), 0);

  world.enable(anna);
  const report = await bed.pass(t, "enabled again", {
    writes: ["PUT users/anna append=1 comment=[entra:anna] enable=1 groups=dev,ops"],
  });
  t.strictSame(report.plan.wakingTokens, [`${bed.userid("anna")}!cron`]);
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("an account deleted in Entra: soft, from the bin, and for good", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const { world } = site.entra;
  const anna = bed.person("anna", { mail: null });
  const bert = bed.person("bert", { mail: null });
  const ops = site.group("Operators", [anna, bert, bed.person("cora"), bed.person("dora")]);
  await site.pass({ groups: mapping("ops", ops) });

  world.deleteUser(anna);
  world.purgeUser(bert);
  await bed.pass(t, "one in the recycle bin, one just not found", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
    codes: ["SYNC_DISAGREES"],
  });
  t.match(bed.user("bert"), { enable: true, groups: ["ops"] });
  await bed.pass(t, "the next pass hears the second 404", {
    writes: ["PUT users/bert comment=[entra:bert left 2026-11-22] enable=0 groups="],
  });
  await bed.settled(t);

  world.restoreUser(anna);
  await bed.settled(t);
  world.join(ops, anna);
  await bed.pass(t, "back from the bin, and in the group again", {
    writes: ["PUT users/anna append=1 comment=[entra:anna] enable=1 groups=ops"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("a 404 that was replication takes nothing, and counts anew the next time", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const bert = bed.person("bert", { mail: null });
  const ops = site.group("Operators", [bert, bed.person("cora"), bed.person("dora")]);
  await site.pass({ groups: mapping("ops", ops) });
  site.entra.world.purgeUser(bert);
  await bed.pass(t, "not found", { writes: [], codes: ["SYNC_DISAGREES"] });
  bed.call("bert", site.entra.world.addUser({ upn: `bert@${DOMAIN}`, id: bert, mail: null }).id);
  site.entra.world.join(ops, bert);
  await bed.settled(t);
  site.entra.world.purgeUser(bert);
  await bed.pass(t, "not found, for the first time again", {
    writes: [],
    codes: ["SYNC_DISAGREES"],
  });
  t.match(bed.user("bert"), { enable: true, groups: ["ops"] });
  t.strictSame(site.entra.violations, []);
});

t.test("whom an administrator disabled stays disabled, and follows Entra in groups", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) + mapping("dev", dev) }));
  const { site } = bed;
  const { world } = site.entra;
  const anna = bed.person("anna", { mail: null });
  const others = ["bert", "cora"].map((name) => bed.person(name));
  const ops = site.group("Operators", [anna, ...others]);
  const dev = site.group("Developers", others);
  await site.pass({ groups: mapping("ops", ops) + mapping("dev", dev) });
  site.pve.world.disableUser(bed.userid("anna"));
  await bed.settled(t, ["SYNC_STAYS_DISABLED"]);

  world.join(dev, anna);
  world.leave(ops, anna);
  await bed.pass(t, "from one group to the other", {
    writes: ["PUT users/anna groups=dev"],
    codes: ["SYNC_STAYS_DISABLED"],
  });
  world.leave(dev, anna);
  await bed.pass(t, "out of all", { writes: ["PUT users/anna groups="] });
  await bed.settled(t);
  world.join(dev, anna);
  await bed.pass(t, "back", {
    writes: ["PUT users/anna append=1 groups=dev"],
    codes: ["SYNC_STAYS_DISABLED"],
  });
  world.disable(anna);
  await bed.pass(t, "disabled in Entra too", { writes: ["PUT users/anna groups="] });
  await bed.settled(t);
  world.enable(anna);
  await bed.pass(t, "enabled in Entra", {
    writes: ["PUT users/anna append=1 groups=dev"],
    codes: ["SYNC_STAYS_DISABLED"],
  });
  t.equal(bed.user("anna")?.enable, false);
  t.strictSame(site.entra.violations, []);
});

t.test("a leaver whom an administrator enabled stays enabled", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const { world } = site.entra;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", [anna, bed.person("bert"), bed.person("cora")]);
  await site.pass({ groups: mapping("ops", ops) });
  world.leave(ops, anna);
  await bed.pass(t, "anna leaves", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
  });
  site.pve.world.enableUser(bed.userid("anna"));
  const kept = await bed.settled(t);
  t.strictSame(kept.plan.kept, [
    {
      realm: "entra",
      userid: bed.userid("anna"),
      why: "an administrator enabled the account again",
    },
  ]);

  // Also under a new name: the old account stays what the administrator made of it.
  world.rename(anna, `anna.a@${DOMAIN}`);
  const renamed = await bed.settled(t);
  t.equal(renamed.plan.kept.length, 1);
  world.rename(anna, `anna@${DOMAIN}`);

  world.disable(anna);
  await bed.pass(t, "disabled in Entra: then always", {
    writes: ["PUT users/anna enable=0"],
  });
  world.enable(anna);
  site.pve.world.enableUser(bed.userid("anna"));
  world.join(ops, anna);
  await bed.pass(t, "back in the group: as anybody else", {
    writes: ["PUT users/anna append=1 comment=[entra:anna] groups=ops"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
