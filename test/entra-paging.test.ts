import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { pages } from "../src/entra/paging.js";
import { ids, never, startBed } from "./entra-bed.js";
import { groupsBy, guid, member, refusal, startStub } from "./entra-stub.js";

const GROUP = guid(900) as ObjectId;

t.test("a group of more than 999 people is read page by page, one request each", async (t) => {
  const { entra, world, emulator } = await startBed(t);
  const people = Array.from({ length: 2100 }, (_, n) =>
    world.addUser({ upn: `p${n}@example.com` }),
  );
  const [group] = ids(
    world.addGroup({ displayName: "many", members: people.map((person) => person.id) }),
  );
  const read = await entra.directory.readGroups([group!], never);
  const found = read.groups.get(group!);
  t.equal(found?.ok === true && found.members.size, 2100);
  t.equal(read.people.size, 2100);
  t.equal(emulator.log.count({ path: "/transitiveMembers" }), 3);
});

t.test("a group is asked for by $select and $top, and by nothing that lags", async (t) => {
  const { entra, asked } = await startStub(
    t,
    groupsBy(() => ({ body: { value: [] } })),
  );
  await entra.directory.readGroups([GROUP], never);
  t.equal(
    asked[1]?.path,
    `/v1.0/groups/${GROUP}/transitiveMembers?$select=id,userPrincipalName,mail,givenName,` +
      "surname,displayName,accountEnabled,userType&$top=999",
  );
  t.equal(asked[1]?.headers.consistencylevel, undefined);
});

t.test("when page 2 fails, nothing of page 1 is believed", async (t) => {
  const stub = await startStub(
    t,
    groupsBy((_, nth) =>
      nth === 1
        ? { body: { value: [member(1)], "@odata.nextLink": `${stub.url}/v1.0/next` } }
        : refusal(500, "InternalServerError"),
    ),
  );
  const { groups, people } = await stub.entra.directory.readGroups([GROUP], never);
  t.match(groups.get(GROUP), { ok: false, finding: { code: "ENTRA_REFUSED", subject: GROUP } });
  t.equal(people.size, 0);
});

const EXPIRED = refusal(400, "Directory_ExpiredPageToken", "the page token has expired");

t.test("a page token that ends on the way: the part read is thrown away", async (t) => {
  const stub = await startStub(
    t,
    groupsBy((asked, nth) => {
      const more = { "@odata.nextLink": `${stub.url}/v1.0/next?n=${nth}` };
      if (nth === 2) return EXPIRED;
      const first = !asked.path.includes("next");
      // The second run gives other people: whoever only the first run gave must not be there.
      if (first) return { body: { value: [member(nth)], ...more } };
      return { body: { value: [member(100)] } };
    }),
  );
  const { groups, people } = await stub.entra.directory.readGroups([GROUP], never);
  t.match(groups.get(GROUP), { ok: true, members: new Set([guid(3), guid(100)]) });
  t.same([...people.keys()], [guid(3), guid(100)]);
});

t.test("a page token that ends a third time is an error of that group", async (t) => {
  const stub = await startStub(
    t,
    groupsBy((asked) =>
      asked.path.includes("next")
        ? EXPIRED
        : { body: { value: [member(1)], "@odata.nextLink": `${stub.url}/v1.0/next` } },
    ),
  );
  const { groups } = await stub.entra.directory.readGroups([GROUP], never);
  t.match(groups.get(GROUP), { ok: false, finding: { code: "ENTRA_REFUSED" } });
  t.equal(stub.asked.length, 1 + 3 * 2, "the batch, and three runs of two pages");
});

const BAD_PAGES: readonly [string, unknown][] = [
  ["a list alone", []],
  ["nothing", undefined],
  ["a text", "not a page"],
  ["no value", {}],
  ["a value that is null", { value: null }],
  ["a value that is an object", { value: {} }],
  ["a next link that is null", { value: [], "@odata.nextLink": null }],
  ["a next link that is no URL", { value: [], "@odata.nextLink": "page two" }],
  ["a member that is null", { value: [null] }],
  ["a member without a type", { value: [{ id: guid(1) }] }],
  ["a user without an id", { value: [member(1, { id: undefined })] }],
  ["a user whose id is no GUID", { value: [member(1, { id: "../me" })] }],
];

for (const [what, body] of BAD_PAGES) {
  t.test(`a page that is wrong (${what}) fails that group, not the other`, async (t) => {
    const good = guid(901) as ObjectId;
    const { entra } = await startStub(
      t,
      groupsBy((asked) =>
        asked.path.includes(good) ? { body: { value: [member(7)] } } : { body },
      ),
    );
    const { groups } = await entra.directory.readGroups([GROUP, good], never);
    t.match(groups.get(GROUP), { ok: false, finding: { code: "ENTRA_BAD_ANSWER" } });
    t.match(groups.get(good), { ok: true, members: new Set([guid(7)]) });
  });
}

t.test("the same next page twice is an error, not a circle", async (t) => {
  const stub = await startStub(
    t,
    groupsBy(() => ({
      body: { value: [member(1)], "@odata.nextLink": `${stub.url}/v1.0/next` },
    })),
  );
  const { groups } = await stub.entra.directory.readGroups([GROUP], never);
  t.match(groups.get(GROUP), {
    ok: false,
    finding: { code: "ENTRA_BAD_ANSWER", message: /twice/ },
  });
  t.equal(stub.asked.length, 3);
});

t.test("pages without end are given up after 2,000", async (t) => {
  let asked = 0;
  const graph = {
    origin: "https://graph.example",
    get: async () => {
      asked += 1;
      return { value: [], "@odata.nextLink": `https://graph.example/v1.0/next?n=${asked}` };
    },
  };
  let read = 0;
  const readAll = async (): Promise<void> => {
    for await (const page of pages(graph as never, "/users", never)) read += page.length;
  };
  await t.rejects(readAll(), { code: "ENTRA_BAD_ANSWER" });
  t.equal(read, 0);
  t.equal(asked, 2000);
});
