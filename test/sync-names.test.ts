import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("UPNs that PVE bears are written as they are, the others are told", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const fits = "f".repeat(64 - `@${DOMAIN}@entra`.length);
  const odd = ["müller", "a,b", "semi;colon", "two words", `${fits}f`];
  const members = ["o'brien", "a+b", "hash#tag", "amp&er%sand=", fits, ...odd].map((name) =>
    bed.person(name, { displayName: "somebody", mail: null }),
  );
  const ops = site.group("Operators", members);
  // What a comma would make of `a,b@…`: a member called b@….
  bed.person("b");
  site.pve.world.createUser(bed.userid("b"));
  const report = await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      ...["o'brien", "a+b", "hash#tag", "amp&er%sand=", fits].map(
        (name) => `POST users comment=[entra:${name}] enable=1 groups=ops userid=${name}`,
      ),
    ],
    codes: odd.map(() => "SYNC_PERSON_SKIPPED"),
  });
  t.strictSame(
    report.plan.skipped.map(({ who, why }) => `${who.replace(`@${DOMAIN}`, "")}: ${why}`).sort(),
    [
      `a,b: "," in userPrincipalName "a,b@${DOMAIN}"`,
      `${fits}f: "${fits}f@${DOMAIN}@entra" has 65 characters, PVE allows 64`,
      `müller: a character beyond ASCII in userPrincipalName "müller@${DOMAIN}"`,
      `semi;colon: ";" in userPrincipalName "semi;colon@${DOMAIN}"`,
      `two words: white space in userPrincipalName "two words@${DOMAIN}"`,
    ].sort(),
  );
  t.strictSame(bed.user("b")?.groups, [], "nobody else became a member");
  await bed.settled(
    t,
    odd.map(() => "SYNC_PERSON_SKIPPED"),
  );

  for (const name of ["o'brien", "a+b", "hash#tag"])
    site.entra.world.leave(ops, `${name}@${DOMAIN}`);
  await bed.pass(t, "they leave", {
    writes: ["o'brien", "a+b", "hash#tag"].map(
      (name) => `PUT users/${name} comment=[entra:${name} left 2026-11-22] enable=0 groups=`,
    ),
    codes: odd.map(() => "SYNC_PERSON_SKIPPED"),
  });
  t.strictSame(site.entra.violations, []);
});

t.test("somebody whose userid became impossible has left", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const ops = site.group("Operators", [
    bed.person("anna", { mail: null }),
    bed.person("bert", { mail: null }),
    bed.person("cora", { mail: null }),
  ]);
  await site.pass({ groups: mapping("ops", ops) });
  site.entra.world.rename(`anna@${DOMAIN}`, `änna@${DOMAIN}`);
  await bed.pass(t, "anna is called änna", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
    codes: ["SYNC_PERSON_SKIPPED"],
  });
  await bed.settled(t, ["SYNC_PERSON_SKIPPED"]);
  site.entra.world.rename(`änna@${DOMAIN}`, `anna@${DOMAIN}`);
  await bed.pass(t, "and anna again", {
    writes: ["PUT users/anna append=1 comment=[entra:anna] enable=1 groups=ops"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("somebody in PVE whose userid differs only in case is another user", async (t) => {
  for (const unmarked of ["report", "disable"]) {
    await t.test(`unmarked = "${unmarked}"`, async (t) => {
      const bed = await startBed(t, () => ({
        groups: mapping("ops", ops),
        realm: `unmarked = "${unmarked}"`,
      }));
      const { site } = bed;
      const ops = site.group("Operators", [bed.person("anna", { mail: null }), bed.person("bert")]);
      site.pve.world.createUser("Anna@contoso.example@entra", { comment: "made by hand" });
      const report = await bed.pass(t, "the first pass", {
        writes: [
          "POST groups comment=[entra:entra] groupid=ops",
          "POST users comment=[entra:anna] enable=1 groups=ops userid=anna",
          "POST users comment=[entra:bert] email=bert@contoso.example enable=1 groups=ops userid=bert",
        ],
      });
      t.strictSame(report.plan.unmanaged, [
        { realm: "entra", userid: "Anna@contoso.example@entra" },
      ]);
      t.match(site.user("Anna@contoso.example@entra"), { enable: true, comment: "made by hand" });
      await bed.settled(t);

      // By hand into our group: nobody signs in by that name, so it is nobody's membership.
      site.pve.world.addToGroup("Anna@contoso.example@entra", "ops");
      await bed.pass(t, "in a group of ours", {
        writes: ["PUT users/Anna groups="],
      });
      t.match(site.user("Anna@contoso.example@entra"), { enable: true, comment: "made by hand" });
      t.strictSame(site.entra.violations, []);
    });
  }
});

t.test("a UPN changed in case alone is a new userid", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const ops = site.group("Operators", [bed.person("anna", { mail: null }), bed.person("bert")]);
  await site.pass({ groups: mapping("ops", ops) });
  site.entra.world.rename(`anna@${DOMAIN}`, `Anna@${DOMAIN}`);
  await bed.pass(t, "the pass", {
    writes: [
      "PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups=",
      "POST users comment=[entra:anna] enable=1 groups=ops userid=Anna",
    ],
    codes: ["SYNC_RENAMED"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("names and email follow Entra, or are left alone", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const ops = site.group("Operators", [
    bed.person("anna", {
      givenName: "Anna",
      surname: "Ahrens",
      mail: "anna.ahrens@contoso.example",
    }),
    bed.person("bert", { givenName: "Bert", surname: null, mail: "o'bert@contoso.example" }),
  ]);
  await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "POST users comment=[entra:anna] email=anna.ahrens@contoso.example enable=1 firstname=Anna groups=ops lastname=Ahrens userid=anna",
      "POST users comment=[entra:bert] enable=1 firstname=Bert groups=ops userid=bert",
    ],
  });
  await bed.settled(t);
  site.entra.world.editUser(`anna@${DOMAIN}`, { surname: "Bergmann" });
  site.pve.world.editUser(bed.userid("anna"), {
    comment: `desk 4 ${bed.mark("anna")}`,
    expire: 1893456000,
  });
  site.pve.world.editUser(bed.userid("bert"), { lastname: "Benz", email: "bert@home.example" });
  await bed.pass(t, "one field changed", { writes: ["PUT users/anna lastname=Bergmann"] });
  t.equal(bed.user("anna")?.comment, `desk 4 ${bed.mark("anna")}`);
  t.match(bed.user("bert"), { lastname: "Benz", email: "bert@home.example" });

  const without = { groups: mapping("ops", ops), realm: "names = false" };
  site.entra.world.editUser(`anna@${DOMAIN}`, { surname: "Conrad", mail: "ac@contoso.example" });
  const cora = bed.person("cora", { givenName: "Cora" });
  site.entra.world.join(ops, cora);
  await bed.pass(
    t,
    "names = false",
    { writes: ["POST users comment=[entra:cora] enable=1 groups=ops userid=cora"] },
    without,
  );
  await bed.settled(t, [], without);
  t.strictSame(site.entra.violations, []);
});
