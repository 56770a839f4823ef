/** Privileged mappings, max_members, roles, and entries on deep paths. */
import t from "tap";
import { mapping } from "./support/site.js";
import type { ConfigParts } from "./support/site.js";
import { DAY, startBed } from "./sync-bed.js";
import type { Bed } from "./sync-bed.js";

t.setTimeout(300_000);

const ROLES = [
  "role:Manager:Permissions.Modify,VM.Audit:",
  "role:Reader:VM.Audit:",
  "role:Runner:VM.PowerMgmt:",
];
const NAMES = ["anna", "bert", "cora", "dora"];
const upn = (name: string): string => `${name}@contoso.example`;
const people = (bed: Bed, names: readonly string[] = NAMES): string[] =>
  names.map((name) => bed.person(name, { mail: null }));
const made = (name: string, group = "ops"): string =>
  `POST users comment=[entra:${name}] enable=1 groups=${group} userid=${name}`;
const acl = (role: string, path = "/vms"): string =>
  `acl = [{ path = "${path}", role = "${role}" }]`;

t.test("max_members: missing where privileged, exceeded anywhere", async (t) => {
  const parts = (most: string): ConfigParts => ({
    groups:
      mapping("ops", ops, `${acl("Manager")}\n${most}`) + mapping("dev", dev, "max_members = 2"),
  });
  const bed = await startBed(t, () => parts("max_members = 4"), { users: ROLES });
  const { world } = bed.site.entra;
  const ids = people(bed);
  const ops = bed.site.group("Operators", ids);
  const dev = bed.site.group("Developers", people(bed, ["d0", "d1", "d2"]));
  const none = await bed.pass(
    t,
    "no figure, and one too low",
    {
      writes: ["dev", "ops"].map((name) => `POST groups comment=[entra:entra] groupid=${name}`),
      codes: ["SYNC_MAX_MEMBERS", "SYNC_MAX_MEMBERS"],
    },
    parts(""),
  );
  t.equal(none.realms.get("entra")?.ok, false);
  await bed.pass(
    t,
    "three are one too few",
    { writes: [], codes: ["SYNC_MAX_MEMBERS", "SYNC_MAX_MEMBERS"] },
    parts("max_members = 3"),
  );
  await bed.pass(t, "enough", {
    writes: [
      "PUT acl groups=ops path=/vms propagate=1 roles=Manager",
      ...NAMES.map((n) => made(n)),
    ],
    codes: ["SYNC_MAX_MEMBERS"],
  });
  // Above the figure nobody is added; who leaves leaves.
  bed.site.clock.advance(DAY + 1);
  world.join(ops, ...people(bed, ["x", "y"]));
  world.leave(ops, upn("anna"));
  await bed.pass(t, "one out, two in", {
    writes: ["PUT users/anna comment=[entra:anna left 2026-11-23] enable=0 groups="],
    codes: ["SYNC_MAX_MEMBERS", "SYNC_MAX_MEMBERS", "SYNC_OPEN_SESSIONS"],
  });
  world.leave(ops, upn("y"));
  world.leave(dev, upn("d2"));
  await bed.pass(t, "both fit again", {
    writes: [made("x"), made("d0", "dev"), made("d1", "dev")],
  });
  await bed.settled(t);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a privileged role only after each person's own side agreed", async (t) => {
  const plain = acl("Reader");
  const privileged = `${acl("Manager")}\nmax_members = 9`;
  const bed = await startBed(t, (): ConfigParts => ({ groups: mapping("ops", ops, privileged) }), {
    users: ROLES,
  });
  const { faults, world } = bed.site.entra;
  const ops = bed.site.group("Operators", people(bed));
  await bed.site.pass({ groups: mapping("ops", ops, plain) });
  bed.site.clock.advance(DAY + 1);
  const sections = "[guard]\nmax_removal_share = 1.0";
  const parts: ConfigParts = { groups: mapping("ops", ops, privileged), sections };

  const denied = { kind: "json", body: { value: [] } } as const;
  faults.add({ path: "checkMemberGroups", times: Infinity, do: denied });
  await bed.pass(
    t,
    "the list says member, they do not",
    { writes: [], codes: ["SYNC_DISAGREES"] },
    parts,
  );
  t.notOk(bed.site.rights(bed.userid("anna"), "/vms/100").includes("Permissions.Modify"));
  faults.clear();
  await bed.pass(
    t,
    "all agree",
    {
      writes: [
        "PUT acl groups=ops path=/vms propagate=1 roles=Manager",
        "PUT acl delete=1 groups=ops path=/vms roles=Reader",
      ],
    },
    parts,
  );

  // Into a privileged group nobody comes by the list alone.
  faults.add({ path: "checkMemberGroups", times: Infinity, do: denied });
  world.join(ops, bed.person("new", { mail: null }));
  await bed.pass(t, "new on the list alone", { writes: [], codes: ["SYNC_DISAGREES"] }, parts);
  faults.clear();
  await bed.pass(t, "both sides", { writes: [made("new")] }, parts);
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a role that does not exist, a path that is not ours to change", async (t) => {
  const bed = await startBed(
    t,
    (): ConfigParts => ({
      groups: mapping("ops", ops, acl("Missing")) + mapping("dev", ops, acl("Reader", "/nodes")),
    }),
    { users: ROLES },
  );
  const ops = bed.site.group("Operators", people(bed));
  const codes = ["SYNC_ROLE_MISSING", "SYNC_PATH_NOT_ALLOWED"];
  await bed.pass(t, "everything else goes on", {
    writes: [
      "POST groups comment=[entra:entra] groupid=dev",
      "POST groups comment=[entra:entra] groupid=ops",
      ...NAMES.map((name) => made(name, "dev,ops")),
    ],
    codes,
  });
  bed.site.pve.world.setRole("Missing", ["VM.Audit"]);
  await bed.pass(t, "the role is there", {
    writes: ["PUT acl groups=ops path=/vms propagate=1 roles=Missing"],
    codes: ["SYNC_PATH_NOT_ALLOWED"],
  });
  t.strictSame(bed.site.entra.violations, []);
});

t.test("a role swap on a deep path never lets the inherited role through", async (t) => {
  const roles = (deep: string): string =>
    `acl = [{ path = "/vms", role = "Manager" }, { path = "/vms/100", role = "${deep}" }]\nmax_members = 9`;
  const sections = "[guard]\nmax_removal_share = 1.0";
  const bed = await startBed(
    t,
    (): ConfigParts => ({ groups: mapping("ops", ops, roles("Runner")), sections }),
    { users: ROLES },
  );
  const { site } = bed;
  const ops = site.group("Operators", people(bed));
  await site.pass({ groups: mapping("ops", ops, roles("Reader")), sections });
  site.clock.advance(DAY + 1);
  const between: string[][] = [];
  const end = site.pve.onWrite(() => between.push(site.rights(bed.userid("anna"), "/vms/100")));
  await bed.pass(t, "swapped", {
    writes: [
      "PUT acl groups=ops path=/vms/100 propagate=1 roles=Runner",
      "PUT acl delete=1 groups=ops path=/vms/100 roles=Reader",
    ],
  });
  end();
  t.strictSame(between, [["VM.Audit", "VM.PowerMgmt"], ["VM.PowerMgmt"]]);

  // Where PVE refuses the new role, the old one stays: without it the inherited one came through.
  site.pve.faults.add({
    path: "/access/acl",
    body: "roles=Reader",
    times: Infinity,
    do: { kind: "status", status: 500, reason: "no" },
  });
  const parts = { groups: mapping("ops", ops, roles("Reader")), sections };
  await bed.pass(
    t,
    "the other way, refused",
    {
      writes: ["PUT acl groups=ops path=/vms/100 propagate=1 roles=Reader -> 500"],
      codes: ["PVE_REFUSED"],
    },
    parts,
  );
  t.strictSame(site.rights(bed.userid("anna"), "/vms/100"), ["VM.PowerMgmt"]);
  t.strictSame(site.entra.violations, []);
});
