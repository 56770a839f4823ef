import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { ids, never, startBed } from "./entra-bed.js";
import { batchReply, groupBody, groupsBy, guid, member, startStub } from "./entra-stub.js";

const GROUP = guid(900) as ObjectId;
const WHO = { by: "id", id: guid(1) as ObjectId } as const;

t.test("without User.Read.All the nulls are an error of the read, never people", async (t) => {
  const { entra, world, emulator } = await startBed(t, { roles: ["GroupMember.Read.All"] });
  const anna = world.addUser({ upn: "anna@example.com" });
  const [group] = ids(world.addGroup({ displayName: "g", members: [anna.id] }));
  const { groups, people } = await entra.directory.readGroups([group!], never);
  t.match(groups.get(group!), { ok: false, finding: { code: "ENTRA_PROPERTIES_NULL" } });
  t.equal(people.size, 0);
  t.same(emulator.violations, []);
});

const CASES: readonly [string, object, string][] = [
  ["userPrincipalName null", { userPrincipalName: null }, "ENTRA_PROPERTIES_NULL"],
  ["userPrincipalName left out", { userPrincipalName: undefined }, "ENTRA_PROPERTIES_NULL"],
  ["accountEnabled null", { accountEnabled: null }, "ENTRA_PROPERTIES_NULL"],
  ["accountEnabled left out", { accountEnabled: undefined }, "ENTRA_PROPERTIES_NULL"],
  ["accountEnabled a text", { accountEnabled: "true" }, "ENTRA_BAD_ANSWER"],
  ["userPrincipalName empty", { userPrincipalName: "" }, "ENTRA_BAD_ANSWER"],
  ["userPrincipalName a number", { userPrincipalName: 5 }, "ENTRA_BAD_ANSWER"],
  ["mail a list", { mail: [] }, "ENTRA_BAD_ANSWER"],
  ["displayName an object", { displayName: {} }, "ENTRA_BAD_ANSWER"],
  ["userType a boolean", { userType: true }, "ENTRA_BAD_ANSWER"],
];

for (const [what, change, code] of CASES) {
  t.test(`${what}: ${code}, in a list and alone`, async (t) => {
    const { entra } = await startStub(
      t,
      groupsBy(
        () => ({ body: { value: [member(2), member(1, change)] } }),
        () => ({ body: member(1, change) }),
      ),
    );
    const { groups, people } = await entra.directory.readGroups([GROUP], never);
    t.match(groups.get(GROUP), { ok: false, finding: { code } });
    t.equal(people.size, 0, "not even those of the list who were whole");
    const answers = await entra.directory.ask([{ who: WHO, groups: [] }], never);
    t.match(answers.get(`id:${guid(1)}`), { kind: "unknown", finding: { code } });
  });
}

t.test("names and mail may be null", async (t) => {
  const nulls = { mail: null, givenName: null, surname: null, displayName: null, userType: null };
  const { entra } = await startStub(
    t,
    groupsBy(() => ({ body: { value: [member(1, nulls)] } })),
  );
  const { people } = await entra.directory.readGroups([GROUP], never);
  t.same(people.get(WHO.id), {
    id: guid(1),
    userPrincipalName: "p1@example.com",
    mail: null,
    givenName: null,
    surname: null,
    displayName: null,
    accountEnabled: true,
    guest: false,
  });
});

t.test(
  "who signs in with another tenant's account is a guest, whatever the type says",
  async (t) => {
    const external = "x_home.test#EXT#@contoso.onmicrosoft.com";
    const value = [
      member(1, { userType: "Guest" }),
      member(2, { userPrincipalName: external, userType: "Member" }),
      member(3, { userPrincipalName: external, userType: null }),
      member(4, { userType: "Member" }),
    ];
    const { entra } = await startStub(
      t,
      groupsBy(() => ({ body: { value } })),
    );
    const { people } = await entra.directory.readGroups([GROUP], never);
    t.same(
      [...people.values()].map((person) => person.guest),
      [true, true, true, false],
    );
  },
);

t.test("a group that comes without its visibility is not believed", async (t) => {
  const { entra, asked } = await startStub(t, (asked) =>
    batchReply(asked, () => ({ body: groupBody(GROUP, { visibility: undefined }) })),
  );
  const { groups } = await entra.directory.readGroups([GROUP], never);
  t.match(groups.get(GROUP), { ok: false, finding: { code: "ENTRA_BAD_ANSWER" } });
  t.equal(asked.length, 1, "its list is not even read");
});
