import t from "tap";
import { mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("members of nested groups, once each, whatever the way", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", outer) }));
  const { world } = bed.site.entra;
  const anna = bed.person("anna");
  const bert = bed.person("bert");
  const cora = bed.person("cora");
  bed.person("dora");
  const inner = bed.site.group("Inner", [bert, anna]);
  const middle = bed.site.group("Middle", [cora]);
  const outer = bed.site.group("Outer", [anna]);
  world.nest(outer, middle);
  world.nest(middle, inner);
  world.join(outer, world.addDevice("a laptop").id);
  await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      ...["anna", "bert", "cora"].map(
        (n) =>
          `POST users comment=[entra:${n}] email=${n}@contoso.example enable=1 groups=ops userid=${n}`,
      ),
    ],
  });
  await bed.settled(t);

  world.unnest(middle, inner);
  await bed.pass(t, "the innermost group taken out", {
    writes: ["PUT users/bert comment=[entra:bert left 2026-11-22] enable=0 groups="],
  });
  t.strictSame(bed.user("anna")?.groups, ["ops"], "who is in it directly too stays");
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a manual group beside ours stays, whatever we give or take", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) + mapping("dev", dev) }), {
    users: ["group:backup-people:root@pam:of the backup team:"],
  });
  const { site } = bed;
  const anna = bed.person("anna");
  const ops = site.group("Operators", [anna, bed.person("bert"), bed.person("cora")]);
  const dev = site.group("Developers", [site.addUser("dora"), site.addUser("emil")]);
  await site.pass({ groups: mapping("ops", ops) + mapping("dev", dev) });
  site.pve.world.addToGroup(bed.userid("anna"), "backup-people");
  site.pve.world.addToGroup(bed.userid("bert"), "backup-people");
  await bed.settled(t);

  site.entra.world.join(dev, anna);
  await bed.pass(t, "one more mapped group", { writes: ["PUT users/anna append=1 groups=dev"] });
  t.strictSame(bed.user("anna")?.groups.toSorted(), ["backup-people", "dev", "ops"]);

  site.entra.world.leave(ops, anna);
  await bed.pass(t, "one mapped group less", {
    writes: ["PUT users/anna groups=backup-people,dev"],
  });
  t.strictSame(bed.user("anna")?.groups.toSorted(), ["backup-people", "dev"]);
  t.strictSame(bed.user("bert")?.groups.toSorted(), ["backup-people", "ops"]);

  // Between the look at everybody and the write, somebody adds a manual group.
  site.pve.world.createGroup("night-shift");
  site.entra.world.leave(ops, "cora@contoso.example");
  site.entra.world.leave(dev, anna);
  site.entra.world.join(ops, anna);
  const end = site.pve.onWrite(() => {
    end();
    for (const name of ["anna", "cora"]) {
      if (!(bed.user(name)?.groups.includes("night-shift") ?? false))
        site.pve.world.addToGroup(bed.userid(name), "night-shift");
    }
  });
  const report = await site.pass({ groups: mapping("ops", ops) + mapping("dev", dev) });
  t.strictSame(report.findings, []);
  for (const name of ["anna", "cora"]) {
    t.ok(bed.user(name)?.groups.includes("night-shift"), `${name} keeps the new manual group`);
  }
  t.strictSame(bed.user("anna")?.groups.toSorted(), ["backup-people", "night-shift", "ops"]);
  t.strictSame(site.entra.violations, []);
});

t.test("a user whom PVE's autocreate made a moment ago", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const ops = site.group("Operators", [
    bed.person("anna", { givenName: "Anna", surname: "Ahrens" }),
    bed.person("bert"),
    bed.person("cora"),
  ]);
  bed.person("dora");
  site.pve.world.createUser(bed.userid("anna"), { email: "anna@contoso.example" });
  site.pve.world.createUser(bed.userid("dora"));
  // bert signs in for the first time while the pass is at its first write.
  const end = site.pve.onWrite(() => {
    end();
    site.pve.world.createUser(bed.userid("bert"), { firstname: "Bert", comment: "at sign-in" });
  });
  const made = (name: string): string =>
    `POST users comment=[entra:${name}] email=${name}@contoso.example enable=1 groups=ops userid=${name}`;
  const report = await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "PUT users/anna append=1 comment=[entra:anna] firstname=Anna groups=ops lastname=Ahrens",
      `${made("bert")} -> 500`,
      made("cora"),
    ],
    codes: ["PVE_REFUSED"],
  });
  t.match(report.findings[0]?.message, /bert.*already exists/);
  t.strictSame(
    report.plan.unmanaged.map(({ userid }) => userid),
    [bed.userid("dora")],
  );

  await bed.pass(t, "the next one", {
    writes: [
      "PUT users/bert append=1 comment=at sign-in [entra:bert] email=bert@contoso.example groups=ops",
    ],
  });
  t.equal(bed.user("bert")?.firstname, "Bert", "what Entra does not have stays");
  t.strictSame(bed.user("dora")?.groups, [], "who is in no mapping stays as PVE made them");
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
