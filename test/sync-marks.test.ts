import t from "tap";
import { mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";

t.setTimeout(300_000);

const MANAGER = "role:Manager:Permissions.Modify,VM.Audit:";
const PRIVILEGED = 'acl = [{ path = "/vms", role = "Manager" }]\nmax_members = 9\n';

t.test("a forged mark brings nothing of the person's, and takes nothing from them", async (t) => {
  const parts = () => ({ groups: mapping("admins", admins, PRIVILEGED) + mapping("ops", ops) });
  const bed = await startBed(t, parts, { users: [MANAGER] });
  const { site } = bed;
  const anna = bed.person("anna", { mail: null, givenName: "Anna" });
  const stayers = ["x", "y"].map((name) => bed.person(name, { mail: null }));
  const admins = site.group("Administrators", [anna, ...stayers]);
  const ops = site.group("Operators", stayers);
  // Mallory has no person in Entra, mike is one without mapping; zoe has the name of nobody listed.
  bed.person("mike", { mail: null });
  for (const name of ["mallory", "mike"]) {
    site.pve.world.createUser(bed.userid(name), { comment: bed.mark("anna") });
  }
  await bed.pass(t, "before anna has an account", {
    writes: [
      "POST groups comment=[entra:entra] groupid=admins",
      "POST groups comment=[entra:entra] groupid=ops",
      "PUT acl groups=admins path=/vms propagate=1 roles=Manager",
      "POST users comment=[entra:anna] enable=1 firstname=Anna groups=admins userid=anna",
      ...["x", "y"].map(
        (name) => `POST users comment=[entra:${name}] enable=1 groups=admins,ops userid=${name}`,
      ),
      // Their marks make them ours, and they are not anna: a mark may take away.
      ...["mallory", "mike"].map(
        (name) => `PUT users/${name} comment=[entra:anna left 2026-11-22] enable=0`,
      ),
    ],
    codes: ["SYNC_RENAMED", "SYNC_RENAMED"],
  });
  for (const name of ["mallory", "mike"]) {
    t.match(bed.user(name), { enable: false, firstname: "", groups: [] });
    t.strictSame(site.rights(bed.userid(name), "/vms/1"), []);
  }
  await bed.settled(t);
  t.match(bed.user("anna"), { enable: true, comment: bed.mark("anna"), groups: ["admins"] });

  // The forger enables the account again and puts it into the group by hand.
  site.pve.world.enableUser(bed.userid("mallory"));
  site.pve.world.addToGroup(bed.userid("mallory"), "admins");
  await bed.pass(t, "by hand into the group", {
    writes: ["PUT users/mallory groups="],
    codes: ["SYNC_OPEN_SESSIONS"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test(
  "a forged mark with an object id that nobody has: made anew, once that is sure",
  async (t) => {
    const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
    const { site } = bed;
    const anna = bed.person("anna", { mail: null });
    const ops = site.group("Operators", [anna, bed.person("x"), bed.person("y")]);
    await site.pass({ groups: mapping("ops", ops) });
    const nobody = "00000000-1111-2222-3333-444444444444";
    site.pve.world.editUser(bed.userid("anna"), { comment: `[entra:${nobody}]` });
    await bed.pass(t, "a first 404", { writes: [], codes: ["SYNC_DISAGREES"] });
    await bed.pass(t, "a second 404", {
      writes: [
        `PUT users/anna comment=[entra:${nobody} left 2026-11-22] enable=0 groups=`,
        "DELETE users/anna",
        "POST users comment=[entra:anna] enable=1 groups=ops userid=anna",
      ],
      codes: ["SYNC_NAME_REUSED"],
    });
    await bed.settled(t);
    t.strictSame(site.entra.violations, []);
  },
);

t.test("a forged leaver: whom the journal never disabled stays disabled", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", [anna, bed.person("x"), bed.person("y")]);
  await site.pass({ groups: mapping("ops", ops) });
  for (const flags of ["left 2026-11-01", "moment"]) {
    site.pve.world.editUser(bed.userid("anna"), {
      enable: false,
      comment: bed.mark("anna", flags),
    });
    await bed.settled(t, ["SYNC_STAYS_DISABLED"]);
  }
  t.strictSame(site.entra.violations, []);
});

t.test("a mark taken away from somebody in a mapping is written again", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const bert = bed.person("bert", { mail: null });
  const ops = site.group("Operators", [anna, bert, bed.person("x"), bed.person("y")]);
  await site.pass({ groups: mapping("ops", ops) });
  site.pve.world.editUser(bed.userid("anna"), { comment: "desk 4" });
  await bed.pass(t, "in the mapping", {
    writes: ["PUT users/anna comment=desk 4 [entra:anna]"],
  });
  // Only something like a mark is people's text.
  site.pve.world.editUser(bed.userid("anna"), { comment: `${bed.mark("anna")} and more` });
  await bed.pass(t, "text behind the mark", {
    writes: ["PUT users/anna comment=[entra:anna] and more [entra:anna]"],
  });

  site.pve.world.editUser(bed.userid("bert"), { comment: "" });
  site.entra.world.leave(ops, bert);
  const report = await bed.pass(t, "gone from the mapping meanwhile", {
    writes: ["PUT users/bert groups="],
  });
  t.equal(bed.user("bert")?.enable, true, "what is left is not ours");
  t.strictSame(report.plan.unmanaged, [{ realm: "entra", userid: bed.userid("bert") }]);
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("a comment without room for the mark", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const full = "ü".repeat(2040);
  const tight = "t".repeat(2048 - 44 - 1);
  const names = ["anna", "bert", "cora"];
  const ids = names.map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", [...ids, ...["x", "y"].map((name) => bed.person(name))]);
  site.pve.world.createUser(bed.userid("anna"), { comment: full });
  site.pve.world.createUser(bed.userid("bert"), { comment: tight });
  site.pve.world.createUser(bed.userid("cora"), { comment: full });
  const made = ["x", "y"].map(
    (name) =>
      `POST users comment=[entra:${name}] email=${name}@contoso.example enable=1 groups=ops userid=${name}`,
  );
  await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "PUT users/anna append=1 groups=ops",
      `PUT users/bert append=1 comment=${tight} [entra:bert] groups=ops`,
      "PUT users/cora append=1 groups=ops",
      ...made,
    ],
    codes: ["SYNC_COMMENT_FULL", "SYNC_COMMENT_FULL"],
  });
  await bed.settled(t, ["SYNC_COMMENT_FULL", "SYNC_COMMENT_FULL"]);

  site.entra.world.leave(ops, ...ids.slice(0, 2));
  site.entra.world.disable("cora@contoso.example");
  await bed.pass(t, "no removal fails for it", {
    writes: [
      "PUT users/anna groups=",
      `PUT users/bert comment=${tight} enable=0 groups=`,
      "PUT users/cora enable=0 groups=",
    ],
    codes: ["SYNC_COMMENT_FULL", "SYNC_COMMENT_FULL"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});

t.test("a moment that nobody ended: enabled first thing, or left as a leaver", async (t) => {
  const parts = () => ({ groups: mapping("ops", ops) });
  const bed = await startBed(t, parts);
  const { site } = bed;
  const names = ["anna", "bert", "cora"];
  const ids = names.map((name) => bed.person(name, { mail: null }));
  const ops = site.group("Operators", [...ids, ...["x", "y"].map((name) => bed.person(name))]);
  await site.pass(parts());
  // As a kill between two writes leaves them, seen by a journal that began later.
  for (const name of names) {
    site.pve.world.editUser(bed.userid(name), { enable: false, comment: bed.mark(name, "moment") });
  }
  site.loseJournal();
  site.entra.world.leave(ops, "bert@contoso.example");
  site.pve.world.removeFromGroup(bed.userid("bert"), "ops");
  site.entra.world.disable("cora@contoso.example");
  site.pve.world.removeFromGroup(bed.userid("cora"), "ops");
  await bed.pass(t, "the next pass", {
    writes: [
      "PUT users/anna comment=[entra:anna] enable=1",
      "PUT users/bert comment=[entra:bert left 2026-11-22] enable=0",
      "PUT users/cora comment=[entra:cora left 2026-11-22] enable=0",
    ],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
