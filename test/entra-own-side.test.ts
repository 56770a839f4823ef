import t from "tap";
import type { ObjectId, Question } from "../src/decide/facts.js";
import { never } from "./entra-bed.js";
import { batchReply, groupBody, guid, member, refusal, startStub } from "./entra-stub.js";
import type { Reply } from "./entra-stub.js";

const ID = guid(1) as ObjectId;
const GROUP = guid(900) as ObjectId;
const NOT_FOUND = refusal(404, "Request_ResourceNotFound");
const BY_ID: Question = { who: { by: "id", id: ID }, groups: [GROUP] };

interface World {
  readonly user?: Reply;
  readonly groups?: Reply;
  readonly deleted?: Reply;
  readonly list?: Reply;
}

/** What Graph says of one person, and all URLs that were asked inside batches. */
async function own(t: Parameters<typeof startStub>[0], question: Question, world: World) {
  const urls: string[] = [];
  const stub = await startStub(t, (asked) =>
    batchReply(asked, ({ url }) => {
      urls.push(url);
      if (url.startsWith("/groups/")) return { body: groupBody(GROUP) };
      if (url.startsWith("/directory/deletedItems/")) return world.deleted ?? NOT_FOUND;
      if (url.endsWith("/checkMemberGroups")) return world.groups ?? { body: { value: [] } };
      if (url.startsWith("/users?")) return world.list ?? { body: { value: [] } };
      return world.user ?? { body: member(1) };
    }),
  );
  const answers = await stub.entra.directory.ask([question], never);
  return { answer: [...answers.values()][0], urls, batches: stub.asked.length };
}

t.test("404 and among the deleted items: deleted", async (t) => {
  const { answer } = await own(t, BY_ID, {
    user: NOT_FOUND,
    groups: NOT_FOUND,
    deleted: { body: { "@odata.type": "#microsoft.graph.user", id: ID } },
  });
  t.same(answer, { kind: "deleted" });
});

t.test("404 and not among the deleted items: absent", async (t) => {
  const { answer } = await own(t, BY_ID, { user: NOT_FOUND, groups: NOT_FOUND });
  t.same(answer, { kind: "absent" });
});

t.test("404 and the deleted items may not be read: absent, to be heard again", async (t) => {
  const deleted = refusal(403, "Authorization_RequestDenied");
  const { answer } = await own(t, BY_ID, { user: NOT_FOUND, groups: NOT_FOUND, deleted });
  t.same(answer, { kind: "absent" });
});

t.test("404, and the deleted items answer with somebody else or nobody: unknown", async (t) => {
  for (const body of [{}, { id: guid(2) }, { id: null }, { value: [] }, null]) {
    const world = { user: NOT_FOUND, groups: NOT_FOUND, deleted: { body } as Reply };
    const { answer } = await own(t, BY_ID, world);
    t.match(answer, { kind: "unknown", finding: { code: "ENTRA_BAD_ANSWER" } });
  }
});

t.test("404 and the deleted items fail: unknown", async (t) => {
  const deleted = refusal(500, "InternalServerError");
  const { answer } = await own(t, BY_ID, { user: NOT_FOUND, groups: NOT_FOUND, deleted });
  t.match(answer, { kind: "unknown", finding: { code: "ENTRA_REFUSED" } });
});

t.test("404 of the object while its memberships answer: unknown", async (t) => {
  const { answer } = await own(t, BY_ID, { user: NOT_FOUND });
  t.match(answer, { kind: "unknown", finding: { code: "ENTRA_BAD_ANSWER" } });
});

t.test("memberships that fail leave the person unknown, not a member of nothing", async (t) => {
  for (const groups of [
    NOT_FOUND,
    refusal(500, "X"),
    refusal(403, "Authorization_RequestDenied"),
  ]) {
    t.match((await own(t, BY_ID, { groups })).answer, { kind: "unknown" });
  }
});

for (const body of [
  {},
  { value: null },
  { value: "x" },
  { value: [5] },
  { value: [guid(3)] },
  [],
]) {
  t.test(`memberships of the wrong shape are not believed: ${JSON.stringify(body)}`, async (t) => {
    const { answer } = await own(t, BY_ID, { groups: { body } });
    t.match(answer, { kind: "unknown", finding: { code: "ENTRA_BAD_ANSWER" } });
  });
}

t.test("an id that comes back in capitals is the same id", async (t) => {
  const groups = { body: { value: [GROUP.toUpperCase()] } };
  const user = { body: member(1, { id: ID.toUpperCase() }) };
  const { answer } = await own(t, BY_ID, { groups, user });
  t.match(answer, { kind: "person", person: { id: ID }, memberOf: new Set([GROUP]) });
});

t.test("one person with groups whose names are known takes a single batch", async (t) => {
  const { answer, batches } = await own(t, { ...BY_ID, groups: [] }, {});
  t.match(answer, { kind: "person", asked: new Set() });
  t.equal(batches, 1);
});

const named = (
  value: string,
  by: "userPrincipalName" | "mail" = "userPrincipalName",
): Question => ({
  who: { by, value },
  groups: [],
});
const SELECT =
  "$select=id,userPrincipalName,mail,givenName,surname,displayName,accountEnabled,userType";

const PATHS: readonly [string, string][] = [
  ["anna@example.com", `/users/anna%40example.com?${SELECT}`],
  ["a_home.test#EXT#@x.test", `/users/a_home.test%23EXT%23%40x.test?${SELECT}`],
  ["o'brien@x.test", `/users/o%27brien%40x.test?${SELECT}`],
  ["a+b?c&d@x.test", `/users/a%2Bb%3Fc%26d%40x.test?${SELECT}`],
  ["jürgen@x.test", `/users/j%C3%BCrgen%40x.test?${SELECT}`],
  // These could be taken for something else in a path.
  ["delta", `/users?$filter=userPrincipalName%20eq%20'delta'&${SELECT}&$top=2`],
  ["$count", `/users?$filter=userPrincipalName%20eq%20'%24count'&${SELECT}&$top=2`],
  ["$a@x.test", `/users?$filter=userPrincipalName%20eq%20'%24a%40x.test'&${SELECT}&$top=2`],
  [
    "a/../b@x.test",
    `/users?$filter=userPrincipalName%20eq%20'a%2F..%2Fb%40x.test'&${SELECT}&$top=2`,
  ],
  ["' or true", `/users?$filter=userPrincipalName%20eq%20'''%20or%20true'&${SELECT}&$top=2`],
];

for (const [value, path] of PATHS) {
  t.test(`by name: ${value} goes out as one value`, async (t) => {
    const { urls, answer } = await own(t, named(value), {
      user: { body: member(1, { userPrincipalName: value.toUpperCase() }) },
    });
    t.same(urls, [path]);
    const kind = path.startsWith("/users/") ? "person" : "absent";
    t.match(answer, { kind });
  });
}

t.test("by name, another person's object is not believed", async (t) => {
  const { answer } = await own(t, named("anna@example.com"), { user: { body: member(2) } });
  t.match(answer, { kind: "unknown", finding: { code: "ENTRA_BAD_ANSWER" } });
});

t.test("by name, 404 is absent; among the deleted nobody is found by name", async (t) => {
  const { answer, urls } = await own(t, named("anna@example.com"), { user: NOT_FOUND });
  t.same(answer, { kind: "absent" });
  t.equal(urls.length, 1);
});

t.test("by mail: one, none, more than one, or another's", async (t) => {
  const mail = named("a'b@x.test", "mail");
  const hit = member(1, { mail: "A'B@x.test" });
  const found = await own(t, mail, { list: { body: { value: [hit] } } });
  t.match(found.answer, { kind: "person" });
  t.match(found.urls[0], "mail%20eq%20'a''b%40x.test'");
  t.match((await own(t, mail, {})).answer, { kind: "absent" });
  const two = await own(t, mail, { list: { body: { value: [hit, member(2)] } } });
  t.match(two.answer, { kind: "unknown", finding: { message: /more than one person/ } });
  const other = await own(t, mail, { list: { body: { value: [member(2)] } } });
  t.match(other.answer, { kind: "unknown" });
  const listless = await own(t, mail, { list: { body: {} } });
  t.match(listless.answer, { kind: "unknown" });
  // A list does not say 404 for nobody: whoever does is not to be believed.
  t.match((await own(t, mail, { list: NOT_FOUND })).answer, { kind: "unknown" });
});

t.test("what is no object id is never asked for", async (t) => {
  const { entra, asked } = await startStub(t, () => ({}));
  const who = { by: "id", id: "../me" as ObjectId } as const;
  await t.rejects(entra.directory.ask([{ who, groups: [] }], never), { code: "ENTRA_BAD_ANSWER" });
  t.equal(asked.length, 0);
});

t.test("no questions, no requests", async (t) => {
  const { entra, asked, signIns } = await startStub(t, () => ({}));
  t.equal((await entra.directory.ask([], never)).size, 0);
  t.equal(asked.length + signIns.length, 0);
});
