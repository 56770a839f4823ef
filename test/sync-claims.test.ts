import t from "tap";
import { DOMAIN, mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("username-claim sub: userids cannot be computed, so nothing is added", async (t) => {
  for (const claim of ["sub", "subject", null]) {
    await t.test(`username-claim ${claim ?? "not set"}`, async (t) => {
      const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }), {
        realmProperties: { "username-claim": claim },
      });
      const { site } = bed;
      const ops = site.group("Operators", [bed.person("anna"), bed.person("bert")]);
      site.pve.world.createUser("pairwise-subject@entra", { comment: "by autocreate" });
      const report = await bed.pass(t, "the pass", {
        writes: [],
        codes: ["REALM_USERNAME_CLAIM"],
      });
      t.equal(report.realms.get("entra")?.ok, false);
      t.notOk(site.pve.userCfg().includes("group:ops"));
      t.strictSame(site.entra.violations, []);
    });
  }
});

t.test("username-claim oid: a new name changes nothing but names", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }), { usernameClaim: "oid" });
  const { site } = bed;
  const anna = bed.person("anna", { givenName: "Anna", mail: null });
  const ops = site.group("Operators", [anna, bed.person("bert", { mail: null })]);
  await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "POST users comment=[entra:anna] enable=1 firstname=Anna groups=ops userid=anna@entra",
      "POST users comment=[entra:bert] enable=1 groups=ops userid=bert@entra",
    ],
  });
  site.entra.world.rename(anna, `änna,b@${DOMAIN}`);
  site.entra.world.editUser(anna, { givenName: "Änna" });
  await bed.pass(t, "the new name", { writes: ["PUT users/anna@entra firstname=Änna"] });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("claims that people can change themselves need email_claim = true", async (t) => {
  for (const claim of ["email", "preferred_username", "username"]) {
    await t.test(claim, async (t) => {
      const allowed = () => ({ groups: mapping("ops", ops), realm: "email_claim = true" });
      const bed = await startBed(t, allowed, { usernameClaim: claim });
      const { site } = bed;
      const nameless = bed.person("nameless", { mail: null });
      const ops = site.group("Operators", [
        bed.person("anna", { mail: "a.a@contoso.example" }),
        bed.person("bert", { mail: "b.b@contoso.example" }),
        nameless,
      ]);
      await bed.pass(
        t,
        "email_claim = false",
        { writes: [], codes: ["REALM_USERNAME_CLAIM"] },
        { groups: mapping("ops", ops) },
      );
      const byMail = claim === "email";
      const made = (name: string, mail: string): string =>
        `POST users comment=[entra:${name}] email=${mail}@contoso.example enable=1 groups=ops userid=${byMail ? mail : name}`;
      await bed.pass(t, "email_claim = true", {
        writes: [
          "POST groups comment=[entra:entra] groupid=ops",
          made("anna", "a.a"),
          made("bert", "b.b"),
          ...(byMail
            ? []
            : ["POST users comment=[entra:nameless] enable=1 groups=ops userid=nameless"]),
        ],
        codes: byMail ? ["SYNC_PERSON_SKIPPED"] : [],
      });
      t.strictSame(site.entra.violations, []);
    });
  }
});

t.test("two people with one userid but for case: neither is given anything", async (t) => {
  const bed = await startBed(
    t,
    () => ({ groups: mapping("ops", ops), realm: "email_claim = true" }),
    { usernameClaim: "email" },
  );
  const { site } = bed;
  const ops = site.group("Operators", [
    bed.person("anna", { mail: "anna@contoso.example" }),
    bed.person("anna2", { mail: "Anna@contoso.example" }),
    bed.person("bert"),
  ]);
  const report = await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "POST users comment=[entra:bert] email=bert@contoso.example enable=1 groups=ops userid=bert",
    ],
    codes: ["SYNC_PERSON_SKIPPED", "SYNC_PERSON_SKIPPED"],
  });
  t.match(report.plan.skipped[0]?.why, /but for case/);

  site.entra.world.editUser("anna2@contoso.example", { mail: "other@contoso.example" });
  await bed.pass(t, "told apart", {
    writes: [
      "POST users comment=[entra:anna] email=anna@contoso.example enable=1 groups=ops userid=anna",
      "POST users comment=[entra:anna2] email=other@contoso.example enable=1 groups=ops userid=other",
    ],
  });
  site.entra.world.editUser("anna2@contoso.example", { mail: "ANNA@contoso.example" });
  await bed.pass(t, "the same again: only the former name goes", {
    writes: ["PUT users/other comment=[entra:anna2 left 2026-11-22] enable=0 groups="],
    codes: ["SYNC_PERSON_SKIPPED", "SYNC_PERSON_SKIPPED", "SYNC_RENAMED"],
  });
  t.match(bed.user("anna"), { enable: true, groups: ["ops"] });
  await bed.settled(t, ["SYNC_PERSON_SKIPPED", "SYNC_PERSON_SKIPPED"]);
  t.strictSame(site.entra.violations, []);
});
