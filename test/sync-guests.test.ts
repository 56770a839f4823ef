import t from "tap";
import { mapping } from "./support/site.js";
import { startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const MANAGER = "role:Manager:Permissions.Modify,VM.Audit:";
const PRIVILEGED = 'acl = [{ path = "/vms", role = "Manager" }]\nmax_members = 9\n';

/** A guest, with the name that Entra gives guests. */
function guest(bed: Bed, name: string): { id: string; upn: string } {
  const made = bed.site.entra.world.addGuest({ mail: `${name}@home.example`, displayName: name });
  bed.call(name, made.id);
  return { id: made.id, upn: made.userPrincipalName };
}

function members(bed: Bed, first: string): readonly string[] {
  return [first, bed.person("bert", { mail: null }), bed.person("cora", { mail: null })];
}

t.test('guests = "skip": given nothing, and told', async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const gina = guest(bed, "gina");
  const ops = site.group("Operators", members(bed, gina.id));
  // Autocreate let the guest in once, without rights.
  site.pve.world.createUser(`${gina.upn}@entra`);
  const report = await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "POST users comment=[entra:bert] enable=1 groups=ops userid=bert",
      "POST users comment=[entra:cora] enable=1 groups=ops userid=cora",
    ],
    codes: ["SYNC_PERSON_SKIPPED"],
  });
  t.strictSame(report.plan.skipped, [
    { realm: "entra", who: gina.upn, why: 'a guest, and guests = "skip"' },
  ]);
  await bed.settled(t, ["SYNC_PERSON_SKIPPED"]);
  t.strictSame(site.entra.violations, []);
});

t.test('guests = "allow" with upn: in by their #EXT# name, and out again', async (t) => {
  const bed = await startBed(t, () => ({
    groups: mapping("ops", ops),
    realm: 'guests = "allow"',
  }));
  const { site } = bed;
  const gina = guest(bed, "gina");
  const ops = site.group("Operators", members(bed, gina.id));
  // What an unescaped `#` would make of the guest's path.
  site.pve.world.createUser(`${gina.upn.split("#")[0] ?? ""}@entra`, { comment: "somebody else" });
  t.match(gina.upn, /#EXT#@/);
  await bed.pass(t, "the first pass", {
    writes: [
      "POST groups comment=[entra:entra] groupid=ops",
      "POST users comment=[entra:bert] enable=1 groups=ops userid=bert",
      "POST users comment=[entra:cora] enable=1 groups=ops userid=cora",
      `POST users comment=[entra:gina] email=gina@home.example enable=1 groups=ops userid=${gina.upn}@entra`,
    ],
  });
  site.entra.world.leave(ops, gina.id);
  await site.pass({ groups: mapping("ops", ops), realm: 'guests = "allow"' });
  t.match(site.user(`${gina.upn}@entra`), {
    enable: false,
    comment: bed.mark("gina", "left 2026-11-22"),
    groups: [],
  });
  t.match(site.user(`${gina.upn.split("#")[0] ?? ""}@entra`), {
    enable: true,
    comment: "somebody else",
  });
  t.strictSame(site.entra.violations, []);
});

t.test("no guests in privileged mappings, unless the mapping says so", async (t) => {
  const groups = (more: string): string => mapping("ops", ops) + mapping("admins", admins, more);
  const realm = 'guests = "allow"';
  const bed = await startBed(t, () => ({ groups: groups(PRIVILEGED), realm }), {
    users: [MANAGER],
  });
  const { site } = bed;
  const gina = guest(bed, "gina");
  const all = members(bed, gina.id);
  const ops = site.group("Operators", all);
  const admins = site.group("Administrators", all);
  const userid = `${gina.upn}@entra`;
  const first = await site.pass({ groups: groups(PRIVILEGED), realm });
  t.strictSame(
    first.findings.map(({ code }) => code),
    ["SYNC_PERSON_SKIPPED"],
  );
  t.strictSame(site.user(userid)?.groups, ["ops"]);
  t.strictSame(bed.user("bert")?.groups.toSorted(), ["admins", "ops"]);
  await bed.settled(t, ["SYNC_PERSON_SKIPPED"]);

  const allowed = { groups: groups(`${PRIVILEGED}guests = "allow"`), realm };
  const second = await site.pass(allowed);
  t.strictSame(second.findings, []);
  t.equal(second.done.length, 1);
  t.strictSame(site.user(userid)?.groups.toSorted(), ["admins", "ops"]);

  // Not allowed any more, with nothing but that mapping: the guest has left, like anybody.
  site.entra.world.leave(ops, gina.id);
  const third = await site.pass({ groups: groups(PRIVILEGED), realm });
  t.strictSame(third.findings.map(({ code }) => code).sort(), [
    "SYNC_OPEN_SESSIONS",
    "SYNC_PERSON_SKIPPED",
  ]);
  t.equal(third.done.length, 1);
  t.match(site.user(userid), {
    enable: false,
    comment: bed.mark("gina", "left 2026-11-22"),
    groups: [],
  });
  await bed.settled(t, ["SYNC_PERSON_SKIPPED"]);
  t.strictSame(site.entra.violations, []);
});

t.test("who became a guest where guests are not allowed has left", async (t) => {
  const bed = await startBed(t, () => ({ groups: mapping("ops", ops) }));
  const { site } = bed;
  const anna = bed.person("anna", { mail: null });
  const ops = site.group("Operators", members(bed, anna));
  await site.pass({ groups: mapping("ops", ops) });
  site.entra.world.editUser(anna, { userType: "Guest" });
  await bed.pass(t, "anna is a guest now", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-22] enable=0 groups="],
    codes: ["SYNC_PERSON_SKIPPED"],
  });
  await bed.settled(t, ["SYNC_PERSON_SKIPPED"]);
  site.entra.world.editUser(anna, { userType: "Member" });
  await bed.pass(t, "and a member again", {
    writes: ["PUT users/anna append=1 comment=[entra:anna] enable=1 groups=ops"],
  });
  await bed.settled(t);
  t.strictSame(site.entra.violations, []);
});
