import t from "tap";
import { ids, never, startBed } from "./entra-bed.js";

t.test("reads groups whole: nested people, no machines, no apps", async (t) => {
  const { entra, world, emulator } = await startBed(t);
  const anna = world.addUser({ upn: "anna@example.com", givenName: "Anna", surname: "A" });
  const ben = world.addUser({ upn: "ben@example.com", enabled: false });
  const guest = world.addGuest({ mail: "gina@home.test" });
  const inner = world.addGroup({ displayName: "inner", members: [ben.id, guest.id] });
  const outer = world.addGroup({ displayName: "outer", members: [anna.id] });
  const device = world.addDevice("laptop");
  world.join(outer.id, device.id);
  world.nest(outer.id, inner.id);

  const [outerId, innerId] = ids(outer, inner);
  if (!outerId || !innerId) throw new Error("no ids");
  const { groups, people } = await entra.directory.readGroups([outerId, innerId], never);

  t.same(groups.get(outerId), {
    ok: true,
    id: outerId,
    displayName: "outer",
    members: new Set(ids(anna, ben, guest)),
  });
  t.same(groups.get(innerId), {
    ok: true,
    id: innerId,
    displayName: "inner",
    members: new Set(ids(ben, guest)),
  });
  const shown = [...people.values()].map((p) => [p.userPrincipalName, p.accountEnabled, p.guest]);
  t.same(shown.sort(), [
    ["anna@example.com", true, false],
    ["ben@example.com", false, false],
    [guest.userPrincipalName, true, true],
  ]);
  t.equal(emulator.log.count({ path: "/transitiveMembers" }), 2, "one request a group");
  t.equal(emulator.log.count({ path: "/$batch" }), 1, "one batch for names and visibility");
  t.equal(emulator.log.count({ path: "/oauth2/v2.0/token" }), 1, "one sign-in");
  t.same(emulator.violations, []);
});

t.test("asks people's own side", async (t) => {
  const { entra, world, emulator } = await startBed(t);
  const anna = world.addUser({ upn: "anna@example.com" });
  const gone = world.addUser({ upn: "gone@example.com" });
  const purged = world.addUser({ upn: "purged@example.com" });
  const guest = world.addGuest({ mail: "gina@home.test" });
  const odd = world.addUser({ upn: "o'brien+x@example.com", mail: "o'brien@example.com" });
  const a = world.addGroup({ displayName: "a", members: [anna.id] });
  const b = world.addGroup({ displayName: "b" });
  world.deleteUser(gone.id);
  world.purgeUser(purged.id);
  const groups = ids(a, b);
  const byId = (row: { id: string }) => ({ by: "id", id: ids(row)[0]! }) as const;
  const byName = (value: string) => ({ by: "userPrincipalName", value }) as const;

  const answers = await entra.directory.ask(
    [
      { who: byId(anna), groups },
      { who: byId(gone), groups },
      { who: byId(purged), groups: [] },
      { who: byName(guest.userPrincipalName), groups: [] },
      { who: byName("O'Brien+x@example.com"), groups },
      { who: byName("nobody@example.com"), groups: [] },
      { who: byName("delta"), groups: [] },
      { who: { by: "mail", value: "o'brien@example.com" }, groups },
    ],
    never,
  );
  const kinds = [...answers].map(([key, { kind }]) => [key, kind]);
  t.same(kinds, [
    [`id:${anna.id}`, "person"],
    [`id:${gone.id}`, "deleted"],
    [`id:${purged.id}`, "absent"],
    [`userPrincipalName:${guest.userPrincipalName.toLowerCase()}`, "person"],
    ["userPrincipalName:o'brien+x@example.com", "person"],
    ["userPrincipalName:nobody@example.com", "absent"],
    ["userPrincipalName:delta", "absent"],
    ["mail:o'brien@example.com", "person"],
  ]);
  t.match(answers.get(`id:${anna.id}`), {
    person: { userPrincipalName: "anna@example.com" },
    memberOf: new Set(ids(a)),
    asked: new Set(groups),
  });
  t.match(answers.get("mail:o'brien@example.com"), {
    person: { id: odd.id },
    memberOf: new Set(),
    asked: new Set(groups),
  });
  t.equal(emulator.log.count({ path: "/$batch" }), 3, "the groups, then two rounds");
  t.same(emulator.violations, []);
});

t.test("adds, lists, proves and removes a secret of an app that it owns", async (t) => {
  const { entra, world, emulator, agent } = await startBed(t);
  const sso = world.addApp({ displayName: "sso", owners: [agent.principalId] });
  const app = entra.ssoApp(sso.appId);
  const [start, end] = [Date.parse("2026-11-21T10:00:00Z"), Date.parse("2027-05-20T10:00:00Z")];

  const made = await app.addPassword({ displayName: "made by us", start, end }, never);
  const { secret, ...listed } = made;
  t.same(listed, {
    keyId: made.keyId,
    hint: secret.hint,
    displayName: "made by us",
    start,
    end,
  });
  t.same(await app.read(never), { objectId: sso.id, displayName: "sso", passwords: [listed] });
  t.same(await entra.probe.prove(sso.appId, secret, never), { kind: "accepted" });

  await app.removePassword(made.keyId, never);
  t.same((await app.read(never)).passwords, []);
  t.match(await entra.probe.prove(sso.appId, secret, never), { kind: "refused", aadsts: 7000215 });
  await app.removePassword(made.keyId, never);
  t.same(entra.serverTime(), { now: start, localOffsetMs: 0 });
  t.same(emulator.violations, []);
});
