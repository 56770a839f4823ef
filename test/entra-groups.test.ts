import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { ALL_ROLES, ids, never, startBed } from "./entra-bed.js";
import { groupsBy, guid, member, refusal, startStub } from "./entra-stub.js";

t.test("a group with hidden membership is refused: its list leaves people out", async (t) => {
  const { entra, world, emulator } = await startBed(t);
  const anna = world.addUser({ upn: "anna@example.com" });
  const [hidden] = ids(
    world.addGroup({
      displayName: "secret society",
      kind: "microsoft365",
      visibility: "HiddenMembership",
      members: [anna.id],
    }),
  );
  const { groups } = await entra.directory.readGroups([hidden!], never);
  t.match(groups.get(hidden!), {
    ok: false,
    finding: { code: "ENTRA_GROUP_HIDDEN", message: /secret society.*Member\.Read\.Hidden/ },
  });
  t.equal(emulator.log.count({ path: "/transitiveMembers" }), 0);
  const own = await entra.directory.ask(
    [{ who: { by: "id", id: ids(anna)[0]! }, groups: [hidden!] }],
    never,
  );
  t.match(own.get(`id:${anna.id}`), { kind: "person", asked: new Set(), memberOf: new Set() });
});

t.test("with Member.Read.Hidden in the token it is a group like any other", async (t) => {
  const { entra, world } = await startBed(t, { roles: [...ALL_ROLES, "Member.Read.Hidden"] });
  const anna = world.addUser({ upn: "anna@example.com" });
  const [hidden] = ids(
    world.addGroup({ displayName: "h", visibility: "HiddenMembership", members: [anna.id] }),
  );
  const { groups } = await entra.directory.readGroups([hidden!], never);
  t.match(groups.get(hidden!), { ok: true, members: new Set(ids(anna)) });
  const own = await entra.directory.ask(
    [{ who: { by: "id", id: ids(anna)[0]! }, groups: [hidden!] }],
    never,
  );
  t.match(own.get(`id:${anna.id}`), { asked: new Set([hidden]), memberOf: new Set([hidden]) });
});

t.test("a deleted group is missing, never empty; the others are read", async (t) => {
  const { entra, world } = await startBed(t);
  const anna = world.addUser({ upn: "anna@example.com" });
  const [gone, here] = ids(
    world.addGroup({ displayName: "gone", members: [anna.id] }),
    world.addGroup({ displayName: "here", members: [anna.id] }),
  );
  world.deleteGroup(gone!);
  const { groups } = await entra.directory.readGroups([gone!, here!], never);
  t.match(groups.get(gone!), {
    ok: false,
    finding: { code: "ENTRA_GROUP_MISSING", subject: gone },
  });
  t.match(groups.get(here!), { ok: true, members: new Set(ids(anna)) });
});

t.test("a group that is missing to the replica that lists it is missing", async (t) => {
  const id = guid(900) as ObjectId;
  const { entra } = await startStub(
    t,
    groupsBy(() => refusal(404, "Request_ResourceNotFound")),
  );
  const { groups } = await entra.directory.readGroups([id], never);
  t.match(groups.get(id), { ok: false, finding: { code: "ENTRA_GROUP_MISSING" } });
});

t.test("a permission that is missing is said of each group", async (t) => {
  const { entra, world } = await startBed(t, { roles: ["User.Read.All"] });
  const [id] = ids(world.addGroup({ displayName: "g" }));
  const { groups } = await entra.directory.readGroups([id!], never);
  t.match(groups.get(id!), {
    ok: false,
    finding: {
      code: "ENTRA_FORBIDDEN",
      message: /403 Authorization_RequestDenied.*it takes GroupMember\.Read\.All.*request-id/,
    },
  });
});

t.test("what is no object id is never asked for", async (t) => {
  const { entra, asked } = await startStub(t, () => ({ body: {} }));
  const odd = "../users" as ObjectId;
  const { groups } = await entra.directory.readGroups([odd], never);
  t.match(groups.get(odd), { ok: false, finding: { code: "ENTRA_GROUP_MISSING" } });
  t.equal(asked.length, 0);
});

t.test("the same id twice is one group and one read", async (t) => {
  const id = guid(900) as ObjectId;
  const { entra, asked } = await startStub(
    t,
    groupsBy(() => ({ body: { value: [member(1), member(1)] } })),
  );
  const { groups, people } = await entra.directory.readGroups([id, id], never);
  t.match(groups.get(id), { ok: true, members: new Set([guid(1)]) });
  t.equal(people.size, 1);
  t.equal(asked.length, 2);
});

const [A, B] = [guid(901) as ObjectId, guid(902) as ObjectId];
const ONE = guid(1) as ObjectId;

/** Two groups from two replicas that know different things of one person. */
function disagreeing(second: object, own: Parameters<typeof groupsBy>[1]) {
  return groupsBy(
    (asked) => ({ body: { value: [member(1, asked.path.includes(A) ? {} : second)] } }),
    own,
  );
}

for (const change of [
  { accountEnabled: false },
  { userPrincipalName: "new@example.com" },
  { mail: "new@example.com" },
  { userType: "Guest" },
]) {
  t.test(`two lists differ in ${Object.keys(change).join()}: the own object decides`, async (t) => {
    const own = { ...change, displayName: "by itself" };
    const { entra, asked } = await startStub(
      t,
      disagreeing(change, () => ({ body: member(1, own) })),
    );
    const { people } = await entra.directory.readGroups([A, B], never);
    t.match(people.get(ONE), { displayName: "by itself" });
    t.equal(asked.length, 1 + 2 + 1, "one batch more than usual");
  });
}

t.test("lists that differ in a name alone ask nobody", async (t) => {
  const { entra, asked } = await startStub(t, disagreeing({ displayName: "Other" }, undefined));
  const { people } = await entra.directory.readGroups([A, B], never);
  t.match(people.get(ONE), { displayName: "P 1" });
  t.equal(asked.length, 3);
});

t.test("where the own object cannot speak, nobody is disabled by one list", async (t) => {
  for (const order of [
    [A, B],
    [B, A],
  ]) {
    const { entra } = await startStub(
      t,
      disagreeing({ accountEnabled: false }, () => refusal(500, "InternalServerError")),
    );
    const { people } = await entra.directory.readGroups(order, never);
    t.match(people.get(ONE), { accountEnabled: true });
  }
});
