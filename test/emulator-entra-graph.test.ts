import t, { type Test } from "tap";
import type { GraphClient, Reply } from "./emulators/entra/client.js";
import { entraScene, SCENE_NOW } from "./emulators/entra/scene.js";

const NOBODY = "00000000-0000-4000-8000-000000000000";

interface Listing {
  value: Record<string, unknown>[];
  "@odata.nextLink"?: string;
  "@odata.count"?: number;
}

const listing = (reply: Reply): Listing => reply.json as Listing;
const ids = (reply: Reply): unknown[] => listing(reply).value.map((entry) => entry.id);

function refused(t: Test, reply: Reply, status: number, code: string, message?: RegExp): void {
  t.equal(reply.status, status, code);
  t.match(reply.json, {
    error: {
      code,
      message: message ?? String,
      innerError: {
        date: /^2026-11-21T1\d:\d\d:\d\d$/,
        "request-id": /^[-0-9a-f]{36}$/,
        "client-request-id": /^[-0-9a-f]{36}$/,
      },
    },
  });
}

async function pages(graph: GraphClient, path: string): Promise<Reply[]> {
  const found = [await graph.get(path)];
  for (let n = 0; n < 20; n += 1) {
    const next = listing(found.at(-1) as Reply)["@odata.nextLink"];
    if (next === undefined) break;
    found.push(await graph.get(next));
  }
  return found;
}

t.test("transitive members: everybody once, of every type, through loops of groups", async (t) => {
  const { entra, graph, app } = await entraScene(t);
  const { world } = entra;
  const anna = world.addUser({ upn: "anna@example.com" });
  const guest = world.addGuest({ mail: "otto@home.example" });
  const inner = world.addGroup({ displayName: "inner", members: [anna.id, guest.id] });
  const device = world.addDevice("printer");
  const outer = world.addGroup({
    displayName: "outer",
    members: [inner.id, anna.id, device.id, app.principalId],
  });
  world.nest(inner.id, outer.id);
  const select = "$select=id,userPrincipalName,accountEnabled,userType,displayName";
  const reply = await graph.get(`/groups/${outer.id}/transitiveMembers?${select}`);
  const types = Object.fromEntries(
    listing(reply).value.map((entry) => [entry.id, entry["@odata.type"]]),
  );
  t.same(types, {
    [anna.id]: "#microsoft.graph.user",
    [guest.id]: "#microsoft.graph.user",
    [inner.id]: "#microsoft.graph.group",
    [outer.id]: "#microsoft.graph.group",
    [device.id]: "#microsoft.graph.device",
    [app.principalId]: "#microsoft.graph.servicePrincipal",
  });
  const row = listing(reply).value.find((entry) => entry.id === guest.id);
  t.match(row, {
    userPrincipalName: "otto_home.example#EXT#@contoso-emulated.onmicrosoft.com",
    accountEnabled: true,
    userType: "Guest",
  });
  const direct = await graph.get(`/groups/${outer.id}/members?$select=id`);
  t.same(new Set(ids(direct)), new Set([inner.id, anna.id, device.id, app.principalId]));
  world.unnest(outer.id, inner.id);
  t.notOk(ids(await graph.get(`/groups/${outer.id}/transitiveMembers`)).includes(guest.id));
  const plain = listing(await graph.get(`/groups/${outer.id}/members`)).value;
  t.notOk("accountEnabled" in (plain.find((entry) => entry.id === anna.id) ?? {}), "unasked");
});

t.test("pages: 100 by default, 999 at most, everybody on one of them", async (t) => {
  const { entra, graph } = await entraScene(t);
  const { world } = entra;
  const people = Array.from({ length: 250 }, (_, n) => world.addUser({ upn: `p${n}@example.com` }));
  const group = world.addGroup({ displayName: "g", members: people.map((user) => user.id) });
  const base = `/groups/${group.id}/transitiveMembers?$select=id`;
  const byDefault = await pages(graph, base);
  t.same(
    byDefault.map((reply) => ids(reply).length),
    [100, 100, 50],
  );
  t.equal(new Set(byDefault.flatMap(ids)).size, 250);
  t.match(listing(byDefault[0] as Reply)["@odata.nextLink"], /\$select=id&\$skiptoken=/);
  const large = await pages(graph, `${base}&$top=999`);
  t.same(
    large.map((reply) => ids(reply).length),
    [250],
  );
  const small = await pages(graph, `${base}&$top=120`);
  t.same(
    small.map((reply) => ids(reply).length),
    [120, 120, 10],
  );
  refused(t, await graph.get(`${base}&$top=1000`), 400, "Request_BadRequest", /page size/);
  refused(t, await graph.get(`${base}&$top=0`), 400, "Request_BadRequest", /page size/);

  t.comment("people come and go between two pages, and nobody else is lost");
  const first = await graph.get(base);
  const [gone] = ids(first);
  world.leave(group.id, String(gone));
  const next = await pages(graph, listing(first)["@odata.nextLink"] ?? "");
  t.equal(new Set([first, ...next].flatMap(ids)).size, 250);

  t.comment("a page token expires on order");
  world.expirePages();
  const link = listing(first)["@odata.nextLink"] ?? "";
  refused(t, await graph.get(link), 400, "Directory_ExpiredPageToken");
  t.equal((await graph.get(link)).status, 200);
  t.same(entra.violations, []);
});

t.test("a missing permission does not fail: nulls, and members left out", async (t) => {
  const { entra, graph, as } = await entraScene(t);
  const { world } = entra;
  const anna = world.addUser({ upn: "anna@example.com" });
  const hidden = world.addGroup({
    displayName: "hidden",
    visibility: "HiddenMembership",
    members: [anna.id],
  });
  const group = world.addGroup({ displayName: "g", members: [anna.id, hidden.id] });
  const groupsOnly = await as("GroupMember.Read.All");
  const select = "$select=id,userPrincipalName,accountEnabled,displayName";
  const blind = await groupsOnly.get(`/groups/${group.id}/transitiveMembers?${select}`);
  t.equal(blind.status, 200);
  t.same(
    listing(blind).value.find((entry) => entry.id === anna.id),
    {
      "@odata.type": "#microsoft.graph.user",
      id: anna.id,
      userPrincipalName: null,
      accountEnabled: null,
      displayName: null,
    },
  );
  const members = (who: GraphClient): Promise<Reply> =>
    who.get(`/groups/${hidden.id}/transitiveMembers`);
  t.same(ids(await members(graph)), [], "silently left out");
  const seeing = await as("GroupMember.Read.All", "User.Read.All", "Member.Read.Hidden");
  t.same(ids(await members(seeing)), [anna.id]);
  const visibility = await graph.get(`/groups/${hidden.id}?$select=visibility`);
  t.equal((visibility.json as { visibility: string }).visibility, "HiddenMembership");
  const check = (who: GraphClient): Promise<Reply> =>
    who.post(`/users/${anna.id}/checkMemberGroups`, { groupIds: [hidden.id, group.id] });
  t.same((await check(graph)).json, { ...(await check(graph)).json, value: [group.id] });
  t.same((await check(seeing)).json.value, [hidden.id, group.id]);

  t.comment("what is refused instead");
  const nothing = await as();
  for (const path of [
    `/groups/${group.id}`,
    `/groups/${group.id}/members`,
    `/users/${anna.id}`,
    "/applications",
    "/groups/delta",
    "/users/delta",
  ]) {
    refused(t, await nothing.get(path), 403, "Authorization_RequestDenied");
  }
  refused(t, await groupsOnly.get(`/users/${anna.id}`), 403, "Authorization_RequestDenied");
  refused(t, await check(groupsOnly), 403, "Authorization_RequestDenied");
  t.same(entra.violations, []);
});

t.test("tokens: missing, forged, foreign, expired", async (t) => {
  const { entra, client, graph } = await entraScene(t);
  const get = (authorization?: string): Promise<Reply> =>
    client.ask("/v1.0/groups", { headers: authorization === undefined ? {} : { authorization } });
  refused(t, await get(), 401, "InvalidAuthenticationToken", /empty/);
  refused(t, await get("Bearer a.b.c"), 401, "InvalidAuthenticationToken", /Signature/);
  refused(
    t,
    await get(`Bearer ${graph.token.slice(0, -4)}AAAA`),
    401,
    "InvalidAuthenticationToken",
  );
  const app = entra.world.addApp({ displayName: "sso" });
  const { secretText } = entra.world.addSecret(app.id);
  const own = await client.tokenRequest({
    grant_type: "client_credentials",
    client_id: app.appId,
    client_secret: secretText,
    scope: `${app.appId}/.default`,
  });
  const token = (own.json as { access_token: string }).access_token;
  refused(t, await get(`Bearer ${token}`), 401, "InvalidAuthenticationToken", /audience/);
  entra.clock.advance(3599 * 1000);
  refused(t, await graph.get("/groups"), 401, "InvalidAuthenticationToken", /expired/);
});

t.test("users by id, by UPN with #, by filter", async (t) => {
  const { entra, graph } = await entraScene(t);
  const { world } = entra;
  const guest = world.addGuest({ mail: "otto@home.example" });
  const quote = world.addUser({
    upn: "o'hara@example.com",
    mail: "oh@example.com",
    enabled: false,
  });
  const byUpn = await graph.get(`/users/${encodeURIComponent(guest.userPrincipalName)}`);
  t.equal((byUpn.json as { id: string }).id, guest.id);
  refused(t, await graph.get(`/users/${NOBODY}`), 404, "Request_ResourceNotFound");
  const find = async (filter: string): Promise<unknown[]> =>
    ids(await graph.get(`/users?$select=id&$filter=${encodeURIComponent(filter)}`));
  t.same(await find("userPrincipalName eq 'O''Hara@example.com'"), [quote.id]);
  t.same(await find("mail eq 'oh@example.com' and accountEnabled eq false"), [quote.id]);
  t.same(await find("mail eq 'oh@example.com' and accountEnabled eq true"), []);
  t.same(await find(`id in ('${quote.id}','${guest.id}')`), [quote.id, guest.id].sort());
  t.same(await find("startsWith(userPrincipalName,'otto_')"), [guest.id]);
  t.same(await find("(userType eq 'Guest' or mail eq null)"), [guest.id]);
  const refusedFilter = (filter: string): Promise<Reply> =>
    graph.get(`/users?$filter=${encodeURIComponent(filter)}`);
  refused(t, await refusedFilter("mail ne null"), 400, "Request_UnsupportedQuery", /advanced/);
  refused(t, await refusedFilter("noSuch eq 'x'"), 400, "Request_BadRequest", /noSuch/);
  refused(t, await refusedFilter("mail eq 'x"), 400, "Request_BadRequest", /Syntax error/);
  refused(t, await refusedFilter("mail eq 'x' mail"), 400, "Request_BadRequest", /Syntax error/);
  refused(t, await graph.get("/users?$select=id,noSuch"), 400, "BadRequest", /noSuch/);
  const advanced = await graph.get("/users?$count=true&$filter=mail ne null", {
    ConsistencyLevel: "eventual",
  });
  t.equal(listing(advanced)["@odata.count"], 2);
  t.same(entra.violations, []);
});

t.test("checkMemberGroups: twenty at most, one malformed id fails all", async (t) => {
  const { entra, graph } = await entraScene(t);
  const { world } = entra;
  const anna = world.addUser({ upn: "anna@example.com" });
  const inner = world.addGroup({ displayName: "inner", members: [anna.id] });
  const outer = world.addGroup({ displayName: "outer", members: [inner.id] });
  const check = (groupIds: unknown): Promise<Reply> =>
    graph.post(`/users/${anna.id}/checkMemberGroups`, { groupIds });
  t.same((await check([outer.id, NOBODY, inner.id])).json.value, [outer.id, inner.id]);
  refused(t, await check([outer.id, "no-id"]), 400, "Request_BadRequest");
  refused(t, await check(Array(21).fill(outer.id)), 400, "Request_BadRequest");
  t.equal((await check(Array(20).fill(NOBODY))).status, 200);
  world.deleteUser(anna.id);
  refused(t, await check([outer.id]), 404, "Request_ResourceNotFound");
});

t.test("deleted: people rest in the bin, security groups are gone at once", async (t) => {
  const { entra, graph } = await entraScene(t);
  const { world } = entra;
  const anna = world.addUser({ upn: "anna@example.com" });
  const group = world.addGroup({ displayName: "g", members: [anna.id] });
  const team = world.addGroup({ displayName: "team", kind: "microsoft365" });
  const bin = (id: string): Promise<Reply> => graph.get(`/directory/deletedItems/${id}`);
  refused(t, await bin(anna.id), 404, "Request_ResourceNotFound");
  world.deleteUser(anna.id);
  t.match((await bin(anna.id)).json, {
    "@odata.type": "#microsoft.graph.user",
    id: anna.id,
    deletedDateTime: "2026-11-21T10:00:00Z",
    userPrincipalName: `${anna.id.replaceAll("-", "")}anna@example.com`,
  });
  world.restoreUser(anna.id);
  t.equal((await graph.get(`/users/${anna.id}`)).status, 200);
  t.same(ids(await graph.get(`/groups/${group.id}/members`)), [], "memberships ended");
  world.deleteUser(anna.id);
  world.purgeUser(anna.id);
  refused(t, await bin(anna.id), 404, "Request_ResourceNotFound");
  for (const [id, status] of [
    [group.id, 404],
    [team.id, 200],
  ] as const) {
    world.deleteGroup(id);
    t.equal((await graph.get(`/groups/${id}`)).status, 404);
    refused(t, await graph.get(`/groups/${id}/transitiveMembers`), 404, "Request_ResourceNotFound");
    t.equal((await bin(id)).status, status);
  }
  refused(t, await graph.get("/groups/no-id"), 400, "Request_BadRequest");
});

t.test("casts and counts want the advanced engine", async (t) => {
  const { entra, graph } = await entraScene(t);
  const anna = entra.world.addUser({ upn: "anna@example.com" });
  const group = entra.world.addGroup({ displayName: "g", members: [anna.id] });
  const cast = `/groups/${group.id}/transitiveMembers/microsoft.graph.user`;
  const eventual = { ConsistencyLevel: "eventual" };
  refused(t, await graph.get(cast), 400, "Request_UnsupportedQuery");
  refused(t, await graph.get(cast, eventual), 400, "Request_UnsupportedQuery");
  refused(t, await graph.get(`${cast}?$count=true`), 400, "Request_UnsupportedQuery");
  t.equal(listing(await graph.get(`${cast}?$count=true`, eventual))["@odata.count"], 1);
  const count = `/groups/${group.id}/members/$count`;
  refused(t, await graph.get(count), 400, "Request_UnsupportedQuery");
  t.equal((await graph.get(count, eventual)).text, "1");
});

t.test("batch: outside always 200, at most 20, in no order", async (t) => {
  const { entra, graph } = await entraScene(t);
  const group = entra.world.addGroup({ displayName: "g" });
  const part = (n: number): object => ({
    id: `p${n}`,
    method: "GET",
    url: `/groups/${n % 2 === 0 ? group.id : NOBODY}?$select=id`,
  });
  const batch = (requests: object[]): Promise<Reply> => graph.post("/$batch", { requests });
  const reply = await batch(Array.from({ length: 20 }, (_, n) => part(n)));
  t.equal(reply.status, 200);
  const { responses } = reply.json as { responses: { id: string; status: number }[] };
  t.equal(responses.length, 20);
  t.notSame(
    responses.map(({ id }) => id),
    Array.from({ length: 20 }, (_, n) => `p${n}`),
  );
  for (const { id, status } of responses) t.equal(status, Number(id.slice(1)) % 2 ? 404 : 200);
  refused(t, await batch(Array.from({ length: 21 }, (_, n) => part(n))), 400, "BadRequest", /20/);
  refused(t, await batch([part(1), part(1)]), 400, "BadRequest", /unique/);
  refused(t, await batch([]), 400, "BadRequest");
  const bare = { id: "1", method: "POST", url: `/users/${NOBODY}/checkMemberGroups`, body: {} };
  refused(t, await batch([bare]), 400, "BadRequest", /Content-Type/);

  t.comment("a part that depends on a failed one fails with it");
  const chain = await batch([part(1), { ...part(2), dependsOn: ["p1"] }]);
  t.match(
    (chain.json as { responses: { id: string; status: number }[] }).responses.find(
      (r) => r.id === "p2",
    ),
    { status: 424 },
  );

  t.comment("a fault hits one part alone");
  entra.faults.add({ path: NOBODY, do: { kind: "status", status: 504 } });
  entra.faults.add({ path: group.id, do: { kind: "body", replace: "nulls" } });
  const hit = (await batch([part(0), part(1), part(2)])).json as {
    responses: { id: string; status: number }[];
  };
  t.same(
    new Map(hit.responses.map(({ id, status }) => [id, status])),
    new Map([
      ["p0", 200],
      ["p1", 504],
      ["p2", 200],
    ]),
  );
  t.equal(entra.log.count({ path: "/$batch", after: 0 }), 7, "a batch is one request in the log");
  t.same(entra.violations, []);
});

t.test("throttling: units by what was asked, per app, over ten seconds", async (t) => {
  const { entra, graph, as } = await entraScene(t, { budget: 10 });
  const group = entra.world.addGroup({ displayName: "g" });
  const members = `/groups/${group.id}/transitiveMembers`;
  const units = async (path: string): Promise<unknown> => {
    entra.clock.advance(10_000);
    return (await graph.get(path)).headers["x-ms-resource-unit"];
  };
  t.equal(await units(members), "5");
  t.equal(await units(`${members}?$select=id`), "4");
  t.equal(await units(`/groups/${group.id}/members`), "3");
  t.equal(await units(`/groups/${group.id}/members?$top=5&$select=id`), "1");
  t.equal(await units("/users"), "2");
  t.equal(await units("/applications"), "2");
  t.equal(await units(`/groups/${group.id}?$select=id`), "1");
  entra.clock.advance(10_000);
  t.equal((await graph.get(members)).status, 200);
  entra.clock.advance(4_000);
  t.equal((await graph.get(members)).status, 200);
  const refusal = await graph.get(members);
  refused(t, refusal, 429, "TooManyRequests");
  t.equal(refusal.headers["retry-after"], "6");
  const other = await as("GroupMember.Read.All");
  t.equal((await other.get(members)).status, 200, "another app has its own budget");
  entra.clock.advance(6_000);
  t.equal((await graph.get(members)).status, 200);

  entra.clock.advance(10_000);
  entra.world.throttleNext(1, 30);
  entra.world.throttleNext(1);
  t.equal((await graph.get("/groups")).headers["retry-after"], "30");
  const silent = await graph.get("/groups");
  t.equal(silent.status, 429);
  t.notOk("retry-after" in silent.headers);
  t.equal((await graph.get("/groups")).status, 200);
});

t.test("every answer carries the emulator's date, and the ids that support asks for", async (t) => {
  const { entra, client, graph } = await entraScene(t);
  const given = { "client-request-id": "11111111-2222-4333-8444-555555555555" };
  for (const reply of [
    await graph.get("/groups", given),
    await graph.get(`/groups/${NOBODY}`, given),
    await graph.post("/$batch", {}, given),
  ]) {
    t.equal(reply.headers.date, new Date(SCENE_NOW).toUTCString());
    t.match(reply.headers["request-id"], /^[-0-9a-f]{36}$/);
    t.equal(reply.headers["client-request-id"], given["client-request-id"]);
  }
  const refusal = await graph.get(`/groups/${NOBODY}`, given);
  t.equal(
    (refusal.json as { error: { innerError: object } }).error.innerError[
      "client-request-id" as never
    ],
    given["client-request-id"],
  );
  t.ok((await client.ask("/v1.0/groups")).headers.date);
  entra.faults.add({ do: { kind: "status", status: 500 } });
  t.ok((await graph.get("/groups")).headers.date);
});
