import t from "tap";
import type { ObjectId } from "../src/decide/facts.js";
import { ids, never, NOW, startBed } from "./entra-bed.js";
import { groupsBy, guid, member, refusal, startStub } from "./entra-stub.js";
import type { Reply } from "./entra-stub.js";

const APP = guid(5);
const GROUP = guid(900) as ObjectId;
const GOOD: Reply = {
  body: { id: guid(6), appId: APP, displayName: "sso", passwordCredentials: [] },
};
const BUSY = (status: number, retryAfter?: string): Reply => ({
  ...refusal(status, "TooManyRequests"),
  ...(retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } }),
});

/** Reads an app through a Graph that says these things in turn and then the app. */
async function readAfter(t: Tap, replies: readonly Reply[], random = 0) {
  const stub = await startStub(t, (_, nth) => replies[nth - 1] ?? GOOD, {
    ours: { random: () => random },
  });
  const read = stub.entra.ssoApp(APP).read(never);
  return { ...stub, read };
}
type Tap = Parameters<typeof startStub>[0];

for (const status of [429, 503, 504]) {
  t.test(`a read waits as long as ${status} asks for, and is sent again`, async (t) => {
    const { read, clock, asked } = await readAfter(t, [BUSY(status, "17")]);
    t.match(await read, { displayName: "sso" });
    t.same(clock.slept, [17_000]);
    t.equal(asked.length, 2);
  });
}

t.test("a date as Retry-After is honoured too", async (t) => {
  const { read, clock } = await readAfter(t, [BUSY(429, new Date(NOW + 9_000).toUTCString())]);
  await read;
  t.same(clock.slept, [9_000]);
});

t.test("without Retry-After the waits double", async (t) => {
  const { read, clock } = await readAfter(t, [BUSY(429), BUSY(429), BUSY(429)], 0.5);
  await read;
  t.same(clock.slept, [1_000, 2_000, 4_000]);
});

t.test("jitter comes on top of what is asked for, never below it", async (t) => {
  const { read, clock } = await readAfter(t, [BUSY(429, "17")], 0.9);
  await read;
  t.same(clock.slept, [17_900]);
});

t.test("no wait is longer than 60 s", async (t) => {
  const { read, clock } = await readAfter(t, [BUSY(429, "86400")], 0.9);
  await read;
  t.same(clock.slept, [60_000]);
});

for (const odd of ["soon", "", "-5", "0"]) {
  t.test(`a Retry-After of "${odd}" does not make us hammer`, async (t) => {
    const { read, clock } = await readAfter(t, [BUSY(429, odd)], 0.5);
    await read;
    t.ok(clock.slept.length === 1 && clock.slept[0]! >= 1_000);
  });
}

t.test("after 120 s of waiting it is ENTRA_THROTTLED, with the request id", async (t) => {
  const forever = Array.from({ length: 50 }, () => BUSY(429, "30"));
  const { read, clock, asked } = await readAfter(t, forever);
  await t.rejects(read, { code: "ENTRA_THROTTLED", message: /429.*request-id r-1.*120 s/ });
  t.same(clock.slept, [30_000, 30_000, 30_000, 30_000]);
  t.equal(asked.length, 5);
});

t.test("even with the shortest waits twelve requests are the end", async (t) => {
  const { read, asked } = await readAfter(
    t,
    Array.from({ length: 50 }, () => BUSY(503, "0")),
  );
  await t.rejects(read, { code: "ENTRA_THROTTLED" });
  t.equal(asked.length, 12);
});

t.test(
  "a cut connection is tried three times, then ENTRA_UNREACHABLE with its cause",
  async (t) => {
    const cut = { cut: true };
    const { read, asked, seen } = await readAfter(t, [cut, cut, cut, cut]);
    await t.rejects(read, { code: "ENTRA_UNREACHABLE", cause: { code: "UND_ERR_SOCKET" } });
    t.equal(asked.length, 3);
    const none = { method: "GET", status: "none" } as const;
    t.same(seen, [{ method: "POST", status: 200 }, none, none, none]);
  },
);

t.test("a silence is ended by the one timeout over the whole exchange", async (t) => {
  const { entra, asked } = await startStub(t, (_, nth) => (nth === 1 ? { silent: true } : GOOD), {
    ours: { timeoutMs: 1_500 },
  });
  t.match(await entra.ssoApp(APP).read(never), { displayName: "sso" });
  t.equal(asked.length, 2);
});

for (const status of [400, 403, 404, 500]) {
  t.test(`${status} is an answer: a read is not sent again`, async (t) => {
    const { read, clock, asked } = await readAfter(t, [refusal(status, "Some_Code", "words")]);
    await t.rejects(read, { message: /Some_Code: words.*\(request-id r-1\)/ });
    t.equal(asked.length, 1);
    t.same(clock.slept, []);
  });
}

t.test("throttling concerns every group, so it is thrown and stops the others", async (t) => {
  const stub = await startStub(
    t,
    groupsBy(() => BUSY(429, "60")),
  );
  const all = Array.from({ length: 40 }, (_, n) => guid(900 + n) as ObjectId);
  await t.rejects(stub.entra.directory.readGroups(all, never), { code: "ENTRA_THROTTLED" });
  const lists = stub.asked.filter(({ path }) => path.includes("transitiveMembers")).length;
  t.ok(lists <= 8 * 12, `${lists} requests`);
});

t.test("at most eight requests are under way at once", async (t) => {
  const slowly = groupsBy(() => ({ body: { value: [member(1)] }, delay: 5 }));
  const stub = await startStub(t, slowly);
  const all = Array.from({ length: 60 }, (_, n) => guid(900 + n) as ObjectId);
  const { groups } = await stub.entra.directory.readGroups(all, never);
  t.equal([...groups.values()].filter((group) => group.ok).length, 60);
  t.equal(stub.asked.length, 60 + 3, "a list each, and a batch for twenty");
  t.equal(stub.mostAtOnce(), 8);
});

t.test("who gives up stops the waiting and the asking", async (t) => {
  const stop = new AbortController();
  const stub = await startStub(
    t,
    groupsBy(() => {
      stop.abort(new Error("that will do"));
      return BUSY(429, "60");
    }),
  );
  await t.rejects(stub.entra.directory.readGroups([GROUP], stop.signal), {
    message: "that will do",
  });
  t.equal(stub.asked.length, 2);
});

t.test("the emulator's own throttling is waited for", async (t) => {
  const { entra, world, clock, emulator } = await startBed(t);
  const anna = world.addUser({ upn: "anna@example.com" });
  const [group] = ids(world.addGroup({ displayName: "g", members: [anna.id] }));
  emulator.faults.add({
    path: "transitiveMembers",
    times: 2,
    do: { kind: "status", status: 429, headers: { "retry-after": "7" } },
  });
  t.match((await entra.directory.readGroups([group!], never)).groups.get(group!), { ok: true });
  t.same(clock.slept, [7_000, 7_000]);
});

const ADD = { displayName: "x", start: NOW, end: NOW + 1000 };
const MADE: Reply = {
  body: {
    keyId: guid(8),
    hint: "abc",
    secretText: "abc-a-made-up-secret",
    displayName: "x",
    startDateTime: "2026-11-21T10:00:00.0000000Z",
    endDateTime: "2026-11-21T10:00:01.0000000Z",
  },
};

/** Adds a secret through a Graph that says these things in turn and then that it is made. */
async function addAfter(t: Tap, replies: readonly Reply[]) {
  const stub = await startStub(t, (_, nth) => replies[nth - 1] ?? MADE);
  return { ...stub, adding: stub.entra.ssoApp(APP).addPassword(ADD, never) };
}

const HARMLESS: readonly [string, Reply][] = [
  ["429", BUSY(429, "3")],
  ["409", refusal(409, "Request_Conflict")],
  ["400 Directory_ConcurrencyViolation", refusal(400, "Directory_ConcurrencyViolation")],
  [
    "400 about concurrent requests",
    refusal(400, "Request_BadRequest", "Error due to concurrent requests being made to the tenant"),
  ],
];

for (const [what, reply] of HARMLESS) {
  t.test(`a write is sent again after ${what}, which had no effect`, async (t) => {
    const { adding, asked } = await addAfter(t, [reply, reply]);
    t.match(await adding, { keyId: guid(8), start: NOW, end: NOW + 1000 });
    t.equal(asked.length, 3);
  });
}

const UNKNOWN: readonly [string, Reply, string][] = [
  ["a cut connection", { cut: true }, "ENTRA_UNREACHABLE"],
  ["503", BUSY(503, "1"), "ENTRA_REFUSED"],
  ["504", BUSY(504), "ENTRA_REFUSED"],
  ["500", refusal(500, "InternalServerError"), "ENTRA_REFUSED"],
  ["half an answer", { body: '{"keyId": "1","secretText":"abc-a-ma' }, "ENTRA_BAD_ANSWER"],
  ["an answer without the secret", { body: { keyId: guid(8) } }, "ENTRA_BAD_ANSWER"],
  ["no body", { status: 204 }, "ENTRA_BAD_ANSWER"],
];

for (const [what, reply, code] of UNKNOWN) {
  t.test(`a write is never sent again after ${what}: nobody knows its outcome`, async (t) => {
    const { adding, asked, log } = await addAfter(t, [reply]);
    const thrown: unknown = await adding.catch((error: unknown) => error);
    t.match(thrown, { code });
    t.notMatch(String((thrown as Error).cause), /abc-a-ma/);
    t.notMatch(log.lines.join(), /abc-a-ma/);
    t.equal(asked.length, 1);
  });
}

t.test("a write that times out is not sent again", async (t) => {
  const { entra, asked } = await startStub(t, () => ({ silent: true }), {
    ours: { timeoutMs: 1_500 },
  });
  await t.rejects(entra.ssoApp(APP).addPassword(ADD, never), {
    code: "ENTRA_UNREACHABLE",
    message: /no whole answer within 1.5 s; it may or may not have happened/,
  });
  t.equal(asked.length, 1);
});

t.test("Entra's time is known from its answers", async (t) => {
  const date = "Sat, 21 Nov 2026 09:50:00 GMT";
  const { entra, clock } = await startStub(t, () => ({ ...GOOD, headers: { date } }), {
    token: () => ({ status: 200, body: { access_token: "t", expires_in: 3600 } }),
  });
  t.equal(entra.serverTime(), undefined);
  await entra.ssoApp(APP).read(never);
  clock.advance(5_000);
  const now = Date.parse(date) + 5_000;
  t.same(entra.serverTime(), { now, localOffsetMs: NOW + 5_000 - now });
  t.same(entra.directory.serverTime(), entra.serverTime());
});
