/** Nobody's own object answers: who would lose something stays, and nobody else waits for it. */
import t from "tap";
import { mapping } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

t.test("the batch about people fails: joins and what the configuration takes go on", async (t) => {
  const ops = (): string => mapping("ops", site.entra.world.group("Operators").id);
  const old = (): string => mapping("old", site.entra.world.group("Old hands").id);
  const bed = await startBed(t, (): ConfigParts => ({ groups: ops() + old() }));
  const { site } = bed;
  const [anna, bert, cora] = ["anna", "bert", "cora"].map((name) =>
    bed.person(name, { mail: null }),
  );
  site.group("Operators", [anna ?? "", bert ?? ""]);
  site.group("Old hands", [bert ?? ""]);
  await site.pass({ groups: ops() + old() });

  site.entra.world.leave("Operators", anna ?? "");
  site.entra.world.join("Operators", cora ?? "");
  const aboutPeople = { path: "\\$batch", body: "/users/" };
  site.entra.faults.add({ ...aboutPeople, do: { kind: "status", status: 400 } });
  await bed.pass(
    t,
    "anna cannot be asked",
    {
      writes: [
        "PUT users/bert groups=ops",
        "DELETE groups/old",
        "POST users comment=[entra:cora] enable=1 groups=ops userid=cora",
      ],
      codes: ["ENTRA_REFUSED"],
    },
    { groups: ops() },
  );
  t.match(bed.user("anna"), { enable: true, groups: ["ops"] });

  await bed.pass(
    t,
    "and the next pass asks again",
    { writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="] },
    { groups: ops() },
  );
  t.strictSame(site.entra.violations, []);
});

t.test(
  "one part of it answers 401: the batch was let in, so this concerns one alone",
  async (t) => {
    const ops = (): string => mapping("ops", site.entra.world.group("Operators").id);
    const dev = (): string => mapping("dev", site.entra.world.group("Developers").id);
    const bed = await startBed(t, (): ConfigParts => ({ groups: ops() + dev() }));
    const { site } = bed;
    const group = site.group("Operators", [bed.person("anna", { mail: null })]);
    site.group("Developers", [bed.person("bert", { mail: null })]);
    site.entra.faults.add({
      path: `^/v1.0/groups/${group}\\?`,
      do: { kind: "status", status: 401 },
    });
    await bed.pass(t, "one group is refused", {
      writes: [
        "POST groups comment=[entra:entra] groupid=ops",
        "POST groups comment=[entra:entra] groupid=dev",
        "POST users comment=[entra:bert] enable=1 groups=dev userid=bert",
      ],
      codes: ["ENTRA_REFUSED"],
    });
    t.strictSame(site.entra.violations, []);
  },
);

t.test("a hold is not let through because somebody could not be asked", async (t) => {
  const ops = (): string => mapping("ops", site.entra.world.group("Operators").id);
  const bed = await startBed(t, (): ConfigParts => ({ groups: ops() }));
  const { site } = bed;
  const people = ["anna", "bert"].map((name) => bed.person(name, { mail: null }));
  const group = site.group("Operators", people);
  await site.pass({ groups: ops() });

  // Both have left; what empties a group of two is held. Of one of them Entra does not speak.
  for (const person of people) site.entra.world.leave(group, person);
  const path = `^/v1.0/users/${people[0] ?? ""}/checkMemberGroups`;
  site.entra.faults.add({ path, do: { kind: "status", status: 500 } });
  await bed.pass(t, "one could not be asked", {
    writes: [],
    codes: ["ENTRA_REFUSED", "GUARD_HELD"],
    held: 2,
  });
  await bed.pass(t, "both answer", { writes: [], codes: ["GUARD_HELD"], held: 4 });
  t.strictSame(site.entra.violations, []);
});
