import t, { type Test } from "tap";
import type { GraphClient, Reply } from "./emulators/entra/client.js";
import { entraScene } from "./emulators/entra/scene.js";

const DAY = 86_400_000;

interface Entry {
  id: string;
  displayName?: string;
  userPrincipalName?: string;
  "@removed"?: { reason: string };
  "members@delta"?: { id: string; "@removed"?: { reason: string } }[];
}

interface Round {
  entries: Entry[];
  deltaLink: string;
  pages: number;
}

/** Follows a round to its end. */
async function round(t: Test, graph: GraphClient, from: string): Promise<Round> {
  const entries: Entry[] = [];
  let link = from;
  for (let pages = 1; pages < 50; pages += 1) {
    const reply: Reply = await graph.get(link);
    t.equal(reply.status, 200);
    const body = reply.json as { value: Entry[] } & Record<string, string | undefined>;
    entries.push(...body.value);
    const deltaLink = body["@odata.deltaLink"];
    if (deltaLink !== undefined) return { entries, deltaLink, pages };
    link = body["@odata.nextLink"] ?? "";
  }
  throw new Error("a round without an end");
}

t.test("groups: first everything with its members, then what changed", async (t) => {
  const { entra, graph } = await entraScene(t);
  const { world } = entra;
  const anna = world.addUser({ upn: "anna@example.com" });
  const berta = world.addUser({ upn: "berta@example.com" });
  const one = world.addGroup({ displayName: "one", members: [anna.id] });
  const two = world.addGroup({ displayName: "two" });
  world.addGroup({ displayName: "unwatched", members: [anna.id] });
  const filter = encodeURIComponent(`id eq '${one.id}' or id eq '${two.id}'`);
  const first = await round(
    t,
    graph,
    `/groups/delta?$select=displayName,members&$filter=${filter}`,
  );
  t.same(
    new Map(first.entries.map((entry) => [entry.displayName, entry["members@delta"]])),
    new Map([
      ["one", [{ "@odata.type": "#microsoft.graph.user", id: anna.id }]],
      ["two", undefined],
    ]),
  );
  t.same((await round(t, graph, first.deltaLink)).entries, [], "nothing happened");
  world.join(one.id, berta.id);
  world.leave(one.id, anna.id);
  world.leave("unwatched", anna.id);
  world.editGroup(two.id, { displayName: "zwei" });
  const second = await round(t, graph, first.deltaLink);
  t.equal(second.entries.length, 2);
  t.same(
    new Map(
      second.entries
        .find((entry) => entry.id === one.id)
        ?.["members@delta"]?.map((m) => [m.id, m["@removed"]?.reason]),
    ),
    new Map([
      [berta.id, undefined],
      [anna.id, "deleted"],
    ]),
  );
  t.match(
    second.entries.find((entry) => entry.id === two.id),
    { displayName: "zwei" },
  );
  world.deleteGroup(two.id);
  const third = await round(t, graph, second.deltaLink);
  t.same(third.entries, [{ id: two.id, "@removed": { reason: "deleted" } }]);
  t.same((await round(t, graph, first.deltaLink)).entries.length, 2, "an old link replays");
  t.same(entra.violations, []);
});

t.test("users: a soft-deleted person is removed for now", async (t) => {
  const { entra, graph } = await entraScene(t);
  const { world } = entra;
  const people = Array.from({ length: 230 }, (_, n) => world.addUser({ upn: `p${n}@example.com` }));
  const first = await round(t, graph, "/users/delta?$select=userPrincipalName,accountEnabled");
  t.equal(first.entries.length, 230);
  t.equal(first.pages, 3);
  const [a, b, c] = people;
  world.rename(a?.id ?? "", "new@example.com");
  world.deleteUser(b?.id ?? "");
  world.purgeUser(c?.id ?? "");
  const second = await round(t, graph, first.deltaLink);
  t.same(
    new Map(second.entries.map((e) => [e.id, e["@removed"]?.reason ?? e.userPrincipalName])),
    new Map([
      [a?.id, "new@example.com"],
      [b?.id, "changed"],
      [c?.id, "deleted"],
    ]),
  );
});

t.test("whichever replica answers: changes may replay, none is lost", async (t) => {
  const { entra, graph } = await entraScene(t, { seed: 11, lag: { min: 4, max: 90 } });
  const { world } = entra;
  const group = world.settled(() => world.addGroup({ displayName: "g" }));
  const state = new Set<string>();
  const apply = ({ entries }: Round): void => {
    for (const entry of entries.flatMap((e) => e["members@delta"] ?? [])) {
      if (entry["@removed"]) state.delete(entry.id);
      else state.add(entry.id);
    }
  };
  let last = await round(
    t,
    graph,
    `/groups/delta?$filter=${encodeURIComponent(`id eq '${group.id}'`)}`,
  );
  const expected = new Set<string>();
  for (let n = 0; n < 40; n += 1) {
    const user = world.settled(() => world.addUser({ upn: `p${n}@example.com` }));
    world.join(group.id, user.id);
    if (n % 3 === 0) world.leave(group.id, user.id);
    else expected.add(user.id);
    entra.clock.advance(10_000);
    last = await round(t, graph, last.deltaLink);
    apply(last);
  }
  entra.clock.advance(91_000);
  apply(await round(t, graph, last.deltaLink));
  t.same(state, expected);
});

t.test("links end: after seven days, on order, or with a place to begin again", async (t) => {
  const { entra, graph } = await entraScene(t);
  entra.world.addUser({ upn: "anna@example.com" });
  const { deltaLink } = await round(t, graph, "/users/delta");
  entra.world.resetDelta();
  const reset = await graph.get(deltaLink);
  t.equal(reset.status, 410);
  const again = await round(t, graph, String(reset.headers.location));
  t.equal(again.entries.length, 1);
  entra.clock.advance(10);
  const fresh = await round(t, graph, "/users/delta");
  entra.world.expireDelta();
  t.match((await graph.get(fresh.deltaLink)).json, { error: { code: "syncStateNotFound" } });
  entra.clock.advance(10);
  const young = await round(t, graph, "/users/delta");
  entra.clock.advance(1800_000);
  t.equal((await graph.get(young.deltaLink)).status, 200);
});

t.test("a link of eight days ago", async (t) => {
  const { entra, graph } = await entraScene(t, { tokenLifetime: 30 * 86_400 });
  const { deltaLink } = await round(t, graph, "/users/delta");
  entra.clock.advance(8 * DAY);
  t.match((await graph.get(deltaLink)).json, { error: { code: "syncStateNotFound" } });
});

t.test("what delta does not support", async (t) => {
  const { graph } = await entraScene(t);
  for (const query of [
    "$top=5",
    "$expand=members",
    "$orderby=displayName",
    "$filter=displayName eq 'x'",
  ]) {
    const reply = await graph.get(`/groups/delta?${query}`);
    t.equal(reply.status, 400, query);
  }
  const filter = Array.from({ length: 51 }, (_, n) => `id eq '${n}'`).join(" or ");
  t.equal((await graph.get(`/groups/delta?$filter=${encodeURIComponent(filter)}`)).status, 400);
});
