import t, { type Test } from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { type BareClient, connect, type GraphClient } from "./emulators/entra/client.js";
import { type EntraEmulator, type EntraOptions, startEntra } from "./emulators/entra/index.js";
import type { Role } from "./emulators/entra/roles.js";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const SECOND = 1000;
const ROLES: Role[] = ["Application.ReadWrite.OwnedBy", "GroupMember.Read.All", "User.Read.All"];

interface Scene {
  entra: EntraEmulator;
  client: BareClient;
  graph: GraphClient;
  app: { id: string; appId: string };
  /** Asks every replica once. */
  each: <T>(ask: () => Promise<T>) => Promise<T[]>;
  /** Whether a secret is taken, by each replica. */
  accepted: (secretText: string) => Promise<boolean[]>;
}

async function scene(t: Test, options: EntraOptions = {}): Promise<Scene> {
  const entra = await startEntra({ clock: fixedClock(NOW), ...options });
  const client = connect(entra);
  t.teardown(async () => {
    await client.close();
    await entra.close();
  });
  const { world } = entra;
  const { app, secret } = world.settled(() => {
    const app = world.addApp({ displayName: "agent", roles: ROLES, owners: ["self"] });
    return { app, secret: world.addSecret(app.id) };
  });
  const graph = await client.signIn(app, secret);
  const each: Scene["each"] = async (ask) => {
    const answers = [];
    for (let replica = 0; replica < world.directory.size; replica += 1) {
      world.pin(replica);
      answers.push(await ask());
    }
    world.pin(null);
    return answers;
  };
  const accepted = (secretText: string): Promise<boolean[]> =>
    each(async () => {
      const reply = await client.tokenRequest({
        grant_type: "client_credentials",
        client_id: app.appId,
        client_secret: secretText,
        scope: `${entra.graphUrl}/.default`,
      });
      return reply.status === 200;
    });
  return { entra, client, graph, app, each, accepted };
}

function count(answers: boolean[]): number {
  return answers.filter(Boolean).length;
}

t.test("a new secret is learnt by each replica after its own 4 to 90 seconds", async (t) => {
  const { entra, app, accepted } = await scene(t, { seed: 7 });
  const secret = entra.world.addSecret(app.id);
  const known: number[] = [];
  for (let second = 0; second <= 90; second += 1) {
    known.push(count(await accepted(secret.secretText)));
    entra.clock.advance(SECOND);
  }
  t.equal(known[0], 0);
  t.same(known.slice(0, 4), [0, 0, 0, 0], "nobody before 4 s");
  t.equal(known.at(-1), 5, "everybody after 90 s");
  t.ok(new Set(known).size > 3, "not all at once");
  t.same(known, [...known].sort(), "none forgets");
});

t.test("one replica is chosen for each request, so successes and refusals mix", async (t) => {
  const { entra, client, app } = await scene(t);
  entra.world.slowNext({ each: [10, 10, 60, 60, 60] });
  const secret = entra.world.addSecret(app.id);
  entra.clock.advance(20 * SECOND);
  const statuses: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    const reply = await client.tokenRequest({
      grant_type: "client_credentials",
      client_id: app.appId,
      client_secret: secret.secretText,
      scope: `${entra.graphUrl}/.default`,
    });
    statuses.push(reply.status);
  }
  const good = statuses.filter((status) => status === 200).length;
  t.ok(good > 20 && good < 60, `two of five know it: ${good} of 100 succeeded`);
});

t.test("the same seed gives the same world", async (t) => {
  const run = async (seed: number): Promise<unknown> => {
    const { entra, app, accepted } = await scene(t, { seed });
    const secret = entra.world.addSecret(app.id);
    entra.clock.advance(45 * SECOND);
    return { secret, known: await accepted(secret.secretText) };
  };
  t.same(await run(3), await run(3));
  t.notSame(await run(3), await run(4));
});

t.test("delays beyond every proof window, on order", async (t) => {
  const { entra, app, accepted } = await scene(t);
  entra.world.slowNext({ min: 120, max: 300 });
  const slow = entra.world.addSecret(app.id);
  const usual = entra.world.addSecret(app.id);
  entra.clock.advance(119 * SECOND);
  t.equal(count(await accepted(slow.secretText)), 0);
  t.equal(count(await accepted(usual.secretText)), 5, "only the next change was slow");
  entra.clock.advance(181 * SECOND);
  t.equal(count(await accepted(slow.secretText)), 5);
});

t.test("a removed secret still works where nobody knows yet", async (t) => {
  const { entra, app, accepted } = await scene(t);
  const secret = entra.world.settled(() => entra.world.addSecret(app.id));
  entra.world.slowNext({ each: [0, 5, 10, 20, 40] });
  entra.world.removeSecretByHand(app.id, secret.keyId);
  const left: number[] = [];
  for (const seconds of [0, 5, 5, 10, 20]) {
    entra.clock.advance(seconds * SECOND);
    left.push(count(await accepted(secret.secretText)));
  }
  t.same(left, [4, 3, 2, 1, 0]);
});

t.test("a replica that flickers forgets a secret for a while", async (t) => {
  const { entra, app, accepted } = await scene(t);
  const secret = entra.world.settled(() => entra.world.addSecret(app.id));
  entra.world.flickerSecret(app.id, secret.keyId, { after: 10, seconds: 20, replicas: [1, 3] });
  const known: number[] = [];
  for (const seconds of [0, 10, 19, 1]) {
    entra.clock.advance(seconds * SECOND);
    known.push(count(await accepted(secret.secretText)));
  }
  t.same(known, [5, 3, 3, 5]);
  entra.world.flickerSecret(app.id, secret.keyId, { after: 10, seconds: 20 });
  entra.clock.advance(15 * SECOND);
  t.equal(count(await accepted(secret.secretText)), 2, "half of them by chance");
  entra.world.settled(() => entra.world.removeSecretByHand(app.id, secret.keyId));
  entra.clock.advance(60 * SECOND);
  t.equal(count(await accepted(secret.secretText)), 0, "a flicker never brings back what is gone");
});

t.test("reads lag behind writes: 0, 1, 2 entries", async (t) => {
  const { entra, graph, app, each } = await scene(t);
  const { world } = entra;
  world.slowNext({ each: [1, 1, 1, 9, 9] });
  world.slowNext({ each: [1, 9, 9, 9, 9] });
  const add = (): Promise<{ json: { keyId: string } }> =>
    graph.post(`/applications/${app.id}/addPassword`, {
      passwordCredential: { displayName: "x", endDateTime: "2027-01-01T00:00:00Z" },
    });
  const first = await add();
  await add();
  entra.clock.advance(SECOND);
  const entries = await each(async () => {
    const reply = await graph.get(`/applications/${app.id}?$select=passwordCredentials`);
    const { passwordCredentials } = reply.json as {
      passwordCredentials: { displayName: string | null }[];
    };
    return passwordCredentials.filter((entry) => entry.displayName === "x").length;
  });
  t.same(entries, [2, 1, 1, 0, 0]);
  const remove = { keyId: first.json.keyId };
  world.pin(4);
  const early = await graph.post(`/applications/${app.id}/removePassword`, remove);
  t.equal(early.status, 400);
  t.match(early.json, {
    error: { message: `No password credential found with keyId '${remove.keyId}'.` },
  });
  world.pin(0);
  t.equal((await graph.post(`/applications/${app.id}/removePassword`, remove)).status, 204);
  world.pin(null);
  world.settle();
  t.equal(world.secretsOf(app.id).length, 2, "what was removed before it was known stays removed");
  t.same(entra.violations, []);
});

t.test("memberships and people lag too, each by itself", async (t) => {
  const { entra, graph, each } = await scene(t);
  const { world } = entra;
  const [anna, group] = world.settled(() => {
    const anna = world.addUser({ upn: "anna@example.com" });
    return [anna, world.addGroup({ displayName: "g", members: [anna.id] })];
  });
  world.slowNext({ each: [0, 0, 60, 60, 60] });
  world.leave(group.id, anna.id);
  world.slowNext({ each: [60, 0, 0, 60, 60] });
  world.disable(anna.id);
  world.slowNext({ each: [60, 60, 0, 0, 60] });
  world.rename(anna.id, "new@example.com");
  const seen = await each(async () => {
    const members = await graph.get(`/groups/${group.id}/transitiveMembers?$select=id`);
    const user = await graph.get(`/users/${anna.id}?$select=accountEnabled,userPrincipalName`);
    const side = await graph.post(`/users/${anna.id}/checkMemberGroups`, { groupIds: [group.id] });
    const listed = (members.json as { value: unknown[] }).value.length;
    const confirmed = (side.json as { value: unknown[] }).value.length;
    t.equal(listed, confirmed, "one replica says the same on both sides");
    const { accountEnabled, userPrincipalName } = user.json as Record<string, unknown>;
    return `${listed} ${String(accountEnabled)} ${String(userPrincipalName)}`;
  });
  t.same(seen, [
    "0 true anna@example.com",
    "0 false anna@example.com",
    "1 false new@example.com",
    "1 false new@example.com",
    "1 true anna@example.com",
  ]);
});

t.test(
  "a person who is deleted is gone at one moment for a replica: row, memberships, bin",
  async (t) => {
    const { entra, graph, each } = await scene(t);
    const { world } = entra;
    const [anna, group] = world.settled(() => {
      const anna = world.addUser({ upn: "anna@example.com" });
      return [anna, world.addGroup({ displayName: "g", members: [anna.id] })];
    });
    world.slowNext({ each: [0, 0, 90, 90, 90] });
    world.deleteUser(anna.id);
    const seen = await each(async () => [
      (await graph.get(`/users/${anna.id}`)).status,
      (await graph.get(`/directory/deletedItems/${anna.id}`)).status,
      ((await graph.get(`/groups/${group.id}/members`)).json as { value: unknown[] }).value.length,
    ]);
    t.same(seen, [
      [404, 200, 0],
      [404, 200, 0],
      [200, 404, 1],
      [200, 404, 1],
      [200, 404, 1],
    ]);
  },
);

t.test("the index of advanced queries lags twice as much as the slowest replica", async (t) => {
  const { entra, graph } = await scene(t);
  const { world } = entra;
  const group = world.settled(() => world.addGroup({ displayName: "g" }));
  const anna = world.settled(() => world.addUser({ upn: "anna@example.com" }));
  world.slowNext({ min: 10, max: 10 });
  world.join(group.id, anna.id);
  entra.clock.advance(11 * SECOND);
  const cast = `/groups/${group.id}/transitiveMembers/microsoft.graph.user?$count=true`;
  const found = async (path: string): Promise<number> =>
    ((await graph.get(path, { ConsistencyLevel: "eventual" })).json as { value: unknown[] }).value
      .length;
  t.equal(await found(`/groups/${group.id}/transitiveMembers`), 1);
  t.equal(await found(cast), 0);
  entra.clock.advance(10 * SECOND);
  t.equal(await found(cast), 1);
});

t.test("no lag: everybody knows at once", async (t) => {
  const { entra, app, accepted } = await scene(t, { lag: { min: 0, max: 0 } });
  t.equal(count(await accepted(entra.world.addSecret(app.id).secretText)), 5);
});

t.test("settled and settle", async (t) => {
  const { entra, app, accepted } = await scene(t);
  const { world } = entra;
  const now = world.settled(() => world.addSecret(app.id));
  t.equal(count(await accepted(now.secretText)), 5);
  const later = world.addSecret(app.id);
  t.equal(count(await accepted(later.secretText)), 0);
  world.settle();
  t.equal(count(await accepted(later.secretText)), 5);
  t.ok(world.directory.agreed("secret", app.id, later.keyId));
  t.throws(() => world.pin(5), RangeError);
});

t.test("more replicas where asked for, never fewer than five", async (t) => {
  t.equal((await scene(t, { replicas: 9 })).entra.world.directory.size, 9);
  t.equal((await scene(t, { replicas: 2 })).entra.world.directory.size, 5);
});
