/** Bodies that no honest server sends, each of which once did harm: a coded error, or what it says. */
import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { graphError } from "../src/entra/graph-error.js";
import { createProbe } from "../src/entra/probe.js";
import { dataOf } from "../src/pve/answer.js";
import { redact } from "../src/redact.js";
import { Secret } from "../src/secret.js";
import { instant, isoInstant } from "../src/decide/text.js";
import { createServerTimeKeeper } from "../src/entra/server-time.js";
import { never, NOW, sleepyClock } from "./entra-bed.js";
import { batchReply, groupBody, guid, member, startStub } from "./entra-stub.js";
import { observeBodies, realBodies } from "./fuzz/pve-bodies.js";
import { came } from "./fuzz/verdict.js";

const DEEP = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

t.test("PVE's errors{} with values that are no text", async (t) => {
  const values = [DEEP, '{"toString":1,"valueOf":1}', "null", '{"toString":"x"}', "[null]"];
  const asked = { method: "PUT", path: "/access/users/a%40b", write: true };
  for (const value of values) {
    const body = `{"message":"Parameter verification failed.","errors":{"groups":${value}}}`;
    const out = await came(body, () => dataOf({ status: 400, reason: "", body }, asked));
    t.match(out, { kind: "coded", error: { code: "PVE_REFUSED", message: /groups: no text/ } });
  }
});

t.test("a message of megabytes is looked at in part", async (t) => {
  const asked = { method: "PUT", path: "/access/users/a%40b", write: true };
  for (const piece of ["cfs-lock ", "-eyJ", "client-key=", "-----BEGIN "]) {
    const body = JSON.stringify({ message: piece.repeat(1_000_000) });
    const out = await came("large", () => dataOf({ status: 500, reason: "", body }, asked));
    t.match(out, { kind: "coded", error: { code: "PVE_REFUSED" } }, piece);
    t.ok(out.kind === "coded" && out.error.message.length < 1500);
  }
});

t.test("a userid of megabytes is not repeated in the error about it", async (t) => {
  const real = await realBodies();
  const data = [{ userid: "x".repeat(1_000_000), enable: 1, groups: "" }];
  const bodies = new Map(real).set("/access/users?full=1", JSON.stringify({ data }));
  const out = await came("large", () => observeBodies(bodies));
  t.match(out, { kind: "coded", error: { code: "PVE_BAD_ANSWER" } });
  t.ok(out.kind === "coded" && out.error.message.length <= 1000);
});

t.test("redacting takes time in proportion to the text, whatever stands in it", async (t) => {
  // A pattern that reads the rest anew from each of these would need hours for one of them.
  const pieces = [
    "-eyJ",
    "eyJ",
    "eyJaaaaaaaa.",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "a.b-",
  ];
  const more = [
    "PVEAPIToken=",
    "Bearer ",
    "client_secret=\\",
    "password='",
    'password="',
    "Q~",
    " \\",
  ];
  for (const piece of [...pieces, ...more]) {
    const text = `${piece.repeat(4_000_000 / piece.length)}\u0000`;
    t.equal(typeof redact(text), "string", piece);
  }
});

t.test("a signed token is hidden wherever it stands in a run of its characters", async (t) => {
  const payload = Buffer.from('{"sub":"somebody"}').toString("base64url");
  const head = Buffer.from('{"alg":"none"}').toString("base64url");
  const token = `${head}.${payload}.c2lnbmF0dXJl`;
  for (const text of [token, `-${token}`, `www.example.${token}`, `a.${token}.b`, `x=${token}.`]) {
    const shown = redact(text);
    t.notMatch(shown, new RegExp(`${head}|${payload}|c2lnbmF0dXJl`), shown);
    t.match(shown, "[secret]");
  }
  t.equal(redact("eyJ.is.no-token-at-all-but-a-word"), "eyJ.is.no-token-at-all-but-a-word");
});

t.test("what Entra and Graph say is cut before it is looked at", async (t) => {
  const long = "-eyJ".repeat(1_000_000);
  const body = { error: { code: long, message: long, innerError: { "request-id": long } } };
  const error = graphError({ what: "GET /groups/x", status: 404, body, requestId: long });
  t.ok(error.message.length < 2000);
  const text = JSON.stringify({
    error: "invalid_client",
    error_description: `AADSTS7000215: ${long}`,
    error_codes: [7000215],
    trace_id: long,
    correlation_id: long,
  });
  const network = {
    exchange: async () => ({ status: 401, headers: {}, text }),
    serverTime: () => undefined,
    close: async () => undefined,
  };
  const origin = "https://localhost:1";
  const probe = createProbe(network, { origin, graph: origin, tenantId: "t" });
  const answer = await probe.prove("c", new Secret("made-up"), new AbortController().signal);
  t.match(answer, { kind: "refused", aadsts: 7000215 });
  t.ok("message" in answer && answer.message.length < 2000);
});

t.test("headers within a batch that are no text", async (t) => {
  const headers = { "Retry-After": { toString: 1, valueOf: 1 }, x: [[]] } as never;
  const stub = await startStub(t, (asked) =>
    asked.path.endsWith("/$batch")
      ? batchReply(asked, ({ url }) => ({ headers, body: groupBody(url.slice(8, 44)) }))
      : { body: { value: [member(1)] } },
  );
  const id = guid(900) as ObjectId;
  const { groups } = await stub.entra.directory.readGroups([id], never);
  t.match(groups.get(id), { ok: true, members: new Set([guid(1)]) });
});

t.test("dates beyond all dates are shown, and no Date header takes us there", async (t) => {
  for (const at of [Infinity, -Infinity, NaN, 9e15, -9e15, 8.64e15]) {
    t.match(instant(at), / UTC$/);
    t.match(isoInstant(at), /Z$/);
  }
  t.equal(instant(Date.parse("2026-11-22T13:05:09.123Z")), "2026-11-22 13:05:09 UTC");
  const keeper = createServerTimeKeeper(sleepyClock());
  const odd = ["", "1", "2026", "Fri, 31 Dec 9999999 00:00:00 GMT", "+275760-09-13T00:00:00Z"];
  const twice = "Sat, 21 Nov 2026 10:00:00 GMT, Sat, 21 Nov 2026 11:00:00 GMT";
  for (const header of [
    ...odd,
    twice,
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Xxx, 99 Xxx 2026 99:99:99 GMT",
  ]) {
    keeper.note(header);
    t.equal(keeper.read(), undefined, header);
  }
  keeper.note("Sat, 21 Nov 2026 10:00:00 GMT");
  t.equal(keeper.read()?.now, NOW);
});
