import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { Secret } from "../src/secret.js";
import { never } from "./entra-bed.js";
import { groupsBy, guid, member, startStub, tokenReply } from "./entra-stub.js";

const GROUP = guid(900) as ObjectId;

const LINKS: readonly [string, (url: string) => string][] = [
  ["another host", () => "https://graph.example.test/v1.0/next"],
  ["another port", (url) => `${new URL(url).origin.replace(/\d+$/, "1")}/v1.0/next`],
  ["plain http", (url) => `${url.replace("https:", "http:")}/v1.0/next`],
  ["a password in it", (url) => `${url.replace("https://", "https://a:b@")}/v1.0/next`],
  ["a host that begins alike", (url) => `${url}.example.test/v1.0/next`],
];

for (const [what, link] of LINKS) {
  t.test(`a next link to ${what} is refused and not followed`, async (t) => {
    const stub = await startStub(
      t,
      groupsBy(() => ({ body: { value: [member(1)], "@odata.nextLink": link(stub.url) } })),
    );
    const { groups } = await stub.entra.directory.readGroups([GROUP], never);
    const finding = { code: /ENTRA_FOREIGN_HOST|ENTRA_BAD_ANSWER/, subject: GROUP };
    t.match(groups.get(GROUP), { ok: false, finding });
    t.equal(stub.asked.length, 2);
  });
}

t.test("a redirect is refused and not followed, with the token in hand", async (t) => {
  const other = await startStub(t, () => ({ body: {} }));
  const stub = await startStub(t, () => ({
    status: 307,
    headers: { location: `${other.url}/v1.0/groups` },
  }));
  await t.rejects(stub.entra.ssoApp(guid(5)).read(never), { code: "ENTRA_FOREIGN_HOST" });
  t.equal(stub.asked.length, 1);
  t.equal(other.asked.length, 0);
});

t.test("a token endpoint that redirects learns the secret alone, not another host", async (t) => {
  const other = await startStub(t, () => ({ body: {} }));
  const stub = await startStub(t, () => ({}), {
    token: () => ({ status: 307, headers: { location: `${other.url}/x/oauth2/v2.0/token` } }),
  });
  const answer = await stub.entra.probe.prove(guid(5), new Secret("made-up"), never);
  t.match(answer, { kind: "unclear", message: /ENTRA_FOREIGN_HOST/ });
  t.equal(other.signIns.length, 0);
});

t.test("the token endpoint is the configuration's: nobody is asked where it is", async (t) => {
  const stub = await startStub(t, () => ({ body: {} }), { token: () => tokenReply() });
  t.same(await stub.entra.probe.prove(guid(5), new Secret("made-up"), never), { kind: "accepted" });
  t.equal(stub.asked.length, 0, "no discovery");
  t.equal(stub.signIns.length, 1);
  t.match(stub.signIns[0]?.path, /^\/aaaaaaaa-0000-4000-8000-00000000000a\/oauth2\/v2\.0\/token/);
});
