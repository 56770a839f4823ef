import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { never } from "./entra-bed.js";
import { batchReply, groupBody, guid, member, refusal, startStub } from "./entra-stub.js";
import type { Asked, Reply } from "./entra-stub.js";

const PEOPLE = Array.from({ length: 45 }, (_, n) => guid(n + 1) as ObjectId);
const ALONE = PEOPLE.map((id) => ({ who: { by: "id", id } as const, groups: [] }));

/** The user whose own path this is. */
function userIn(url: string): number {
  return Number(/^\/users\/[0-9a-f-]*?(\d{1,12})[?/]/.exec(url)?.[1] ?? NaN);
}
const person = ({ url }: { url: string }): Reply => ({ body: member(userIn(url)) });

t.test("45 people are three requests, and unordered answers find their person", async (t) => {
  const { entra, asked } = await startStub(t, (asked) => batchReply(asked, person));
  const answers = await entra.directory.ask(ALONE, never);
  t.equal(asked.length, 3);
  for (const [n, id] of PEOPLE.entries()) {
    t.match(answers.get(`id:${id}`), {
      kind: "person",
      person: { id, userPrincipalName: `p${n + 1}@example.com` },
    });
  }
});

t.test("a part's own 429 or 503 asks for that part again, after its own Retry-After", async (t) => {
  const { entra, asked, clock } = await startStub(t, (asked, nth) =>
    batchReply(asked, (part) => {
      const busy = nth === 1 && [3, 7].includes(userIn(part.url));
      return busy
        ? { ...refusal(429, "TooManyRequests"), headers: { "Retry-After": `${userIn(part.url)}` } }
        : person(part);
    }),
  );
  const answers = await entra.directory.ask(ALONE.slice(0, 20), never);
  t.same(new Set([...answers.values()].map(({ kind }) => kind)), new Set(["person"]));
  t.same(clock.slept, [7_000], "the longer of the two");
  const again = JSON.parse(asked[1]?.body ?? "") as { requests: { url: string }[] };
  t.same(again.requests.map(({ url }) => userIn(url)).sort(), [3, 7]);
});

t.test("a part that stays busy for 120 s throttles the whole read", async (t) => {
  const { entra, clock } = await startStub(t, (asked) =>
    batchReply(asked, (part) =>
      userIn(part.url) === 3
        ? { ...refusal(429, "TooManyRequests"), headers: { "retry-after": "50" } }
        : person(part),
    ),
  );
  await t.rejects(entra.directory.ask(ALONE.slice(0, 5), never), { code: "ENTRA_THROTTLED" });
  t.same(clock.slept, [50_000, 50_000]);
});

const REFUSED: readonly [string, Reply, string][] = [
  ["403", refusal(403, "Authorization_RequestDenied"), "ENTRA_FORBIDDEN"],
  ["400", refusal(400, "Request_BadRequest"), "ENTRA_REFUSED"],
  ["500", refusal(500, "InternalServerError"), "ENTRA_REFUSED"],
  ["another person", { body: member(99) }, "ENTRA_BAD_ANSWER"],
  ["no body", {}, "ENTRA_BAD_ANSWER"],
  ["a text", { body: "dGV4dA==" }, "ENTRA_BAD_ANSWER"],
];

for (const [what, reply, code] of REFUSED) {
  t.test(`one part that answers ${what} makes that one person unknown`, async (t) => {
    const { entra } = await startStub(t, (asked) =>
      batchReply(asked, (part) => (userIn(part.url) === 3 ? reply : person(part))),
    );
    const answers = await entra.directory.ask(ALONE.slice(0, 5), never);
    t.match(answers.get(`id:${guid(3)}`), { kind: "unknown", finding: { code } });
    t.equal([...answers.values()].filter(({ kind }) => kind === "person").length, 4);
  });
}

/** The whole batch's answers, changed. */
const changed =
  (change: (responses: { id: string }[]) => unknown) =>
  (asked: Asked): Reply => {
    const { body } = batchReply(asked, person);
    return { body: change((body as { responses: { id: string }[] }).responses) };
  };

const WRONG: readonly [string, (asked: Asked) => Reply][] = [
  ["one answer is missing", changed((all) => ({ responses: all.slice(1) }))],
  ["one answer comes twice", changed((all) => ({ responses: [...all, all[0]] }))],
  [
    "one answer comes twice in place of another",
    changed((all) => ({ responses: [all[0], all[0], ...all.slice(2)] })),
  ],
  ["a part was never asked", changed((all) => ({ responses: [...all, { id: "x", status: 200 }] }))],
  ["an answer has no id", changed((all) => ({ responses: [{ status: 200 }, ...all.slice(1)] }))],
  ["an answer has no status", changed(() => ({ responses: [{ id: "1" }] }))],
  ["an answer is null", changed(() => ({ responses: [null] }))],
  ["there is no list", changed(() => ({}))],
  ["there is nothing", () => ({})],
  ["it is no JSON", () => ({ body: "<html>" })],
];

for (const [what, graph] of WRONG) {
  t.test(`a batch is believed in nothing when ${what}`, async (t) => {
    const { entra } = await startStub(t, graph);
    await t.rejects(entra.directory.ask(ALONE.slice(0, 5), never), { code: "ENTRA_BAD_ANSWER" });
  });
}

t.test("checkMemberGroups is asked for at most 20 groups a part, GUIDs only", async (t) => {
  const groups = Array.from({ length: 45 }, (_, n) => guid(n + 500) as ObjectId);
  const [id] = PEOPLE;
  const sizes: number[] = [];
  const { entra, asked } = await startStub(t, (asked) =>
    batchReply(asked, (part) => {
      const group = /^\/groups\/([^?]+)/.exec(part.url)?.[1];
      if (group !== undefined) return { body: groupBody(group) };
      if (part.body === undefined) return person(part);
      const { groupIds = [] } = part.body;
      sizes.push(groupIds.length);
      return { body: { value: groupIds.filter((one) => Number(one.slice(-3)) % 2 === 0) } };
    }),
  );
  const odd = ["not-a-guid", "../users", ""] as ObjectId[];
  const answers = await entra.directory.ask(
    [{ who: { by: "id", id: id! }, groups: [...groups, ...odd, groups[0]!] }],
    never,
  );
  t.same(sizes, [20, 20, 5]);
  t.match(answers.get(`id:${id}`), {
    memberOf: new Set(groups.filter((group) => Number(group.slice(-3)) % 2 === 0)),
    asked: new Set(groups),
  });
  t.notMatch(asked.map(({ body }) => body).join(), /not-a-guid|\.\.\/users/);
});
