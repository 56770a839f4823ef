import t from "tap";
import { Secret } from "../src/secret.js";
import { never, NOW, startBed } from "./entra-bed.js";
import { guid, startStub, tokenReply } from "./entra-stub.js";
import type { Reply } from "./entra-stub.js";

const APP = guid(5);
const SECRET = new Secret("abc-made-up-secret-value");

/** A refusal as the token endpoint writes it. */
function aadsts(code: number, status = 401, words = "No."): Reply {
  return {
    status,
    body: {
      error: "invalid_client",
      error_description: `AADSTS${code}: ${words} Trace ID: t-1 Correlation ID: c-1 Timestamp: x`,
      error_codes: [code],
      timestamp: "2026-11-21 10:00:00Z",
      trace_id: "t-1",
      correlation_id: "c-1",
    },
  };
}

const ANSWERS: readonly [string, Reply, object][] = [
  ["a token", tokenReply(), { kind: "accepted" }],
  ["7000215, wrong", aadsts(7000215), { kind: "refused", aadsts: 7000215 }],
  ["7000222, expired", aadsts(7000222), { kind: "refused", aadsts: 7000222 }],
  ["7000222 with 400", aadsts(7000222, 400), { kind: "refused", aadsts: 7000222 }],
  [
    "7000112, app disabled",
    aadsts(7000112),
    { kind: "unclear", message: /7000112/, appRefused: true },
  ],
  ["700016, unknown app", aadsts(700016, 400), { kind: "unclear", appRefused: true }],
  ["a 503 that says 7000112", aadsts(7000112, 503), { kind: "unclear", appRefused: undefined }],
  ["90002, no such tenant", aadsts(90002, 400), { kind: "unclear", appRefused: undefined }],
  ["7000218, missing", aadsts(7000218), { kind: "unclear" }],
  ["53003, Conditional Access", aadsts(53003, 400), { kind: "unclear" }],
  ["a 429 that says 7000215", aadsts(7000215, 429), { kind: "unclear" }],
  ["a 503 that says 7000215", aadsts(7000215, 503), { kind: "unclear" }],
  ["500 without words", { status: 500, body: {} }, { kind: "unclear" }],
  ["502 from a gateway", { status: 502, body: "<html>" }, { kind: "unclear" }],
  ["401 that is no JSON", { status: 401, body: "no" }, { kind: "unclear" }],
  ["401 without a code", { status: 401, body: { error: "invalid_client" } }, { kind: "unclear" }],
  ["200 without a token", { body: {} }, { kind: "unclear" }],
  ["200 with nothing", { body: "" }, { kind: "unclear" }],
  ["a cut connection", { cut: true }, { kind: "unclear", message: /ENTRA_UNREACHABLE/ }],
  ["no answer", { silent: true }, { kind: "unclear", message: /no whole answer/ }],
];

for (const [what, reply, expected] of ANSWERS) {
  t.test(`${what}: ${JSON.stringify(expected)}`, async (t) => {
    const { entra, signIns } = await startStub(t, () => ({}), {
      token: () => reply,
      ours: { timeoutMs: 2_500 },
    });
    t.match(await entra.probe.prove(APP, SECRET, never), expected);
    t.equal(signIns.length, 1, "one request, whatever comes");
  });
}

t.test(
  "every proof is a request of its own: no cache, and no memory of a throttling",
  async (t) => {
    const { entra, signIns, clock } = await startStub(t, () => ({}), {
      token: (_, nth) =>
        nth === 1
          ? { ...aadsts(90033, 429), headers: { "retry-after": "60" } }
          : tokenReply([], 3600),
    });
    t.match(await entra.probe.prove(APP, SECRET, never), { kind: "unclear" });
    t.match(await entra.probe.prove(APP, SECRET, never), { kind: "accepted" });
    t.match(await entra.probe.prove(APP, SECRET, never), { kind: "accepted" });
    t.equal(signIns.length, 3);
    t.same(clock.slept, []);
    const form = new URLSearchParams(signIns[0]?.body);
    t.equal(form.get("client_id"), APP);
    t.equal(form.get("client_secret"), SECRET.reveal());
  },
);

t.test("a proof that is called off throws, and says nothing", async (t) => {
  const stop = new AbortController();
  const { entra } = await startStub(t, () => ({}), {
    token: () => {
      stop.abort(new Error("called off"));
      return { silent: true };
    },
  });
  await t.rejects(entra.probe.prove(APP, SECRET, stop.signal), { message: "called off" });
});

t.test("the secret's value is in no answer, even if the endpoint repeats it", async (t) => {
  const { entra, log } = await startStub(t, () => ({}), {
    token: () => aadsts(7000215, 401, `The secret '${SECRET.reveal()}' is bad.`),
  });
  const answer = await entra.probe.prove(APP, SECRET, never);
  t.match(answer, {
    kind: "refused",
    message: /'\[secret\]' is bad.*trace id t-1, correlation id c-1/,
  });
  t.notMatch(JSON.stringify(answer) + log.lines.join(), SECRET.reveal());
});

t.test(
  "replicas learn of a secret at different times: accepted by some, then by all",
  async (t) => {
    const { entra, world, emulator } = await startBed(t, {
      emulator: { lag: { min: 4, max: 90 } },
    });
    const sso = world.addApp({ displayName: "sso" });
    emulator.clock.advance(600_000);
    const secret = new Secret(world.addSecret(sso.id).secretText);
    t.match(await entra.probe.prove(sso.appId, secret, never), {
      kind: "refused",
      aadsts: 7000215,
    });
    emulator.clock.advance(600_000);
    t.same(await entra.probe.prove(sso.appId, secret, never), { kind: "accepted" });
    const old = new Secret(world.addSecret(sso.id, { start: NOW - 1000, end: NOW - 1 }).secretText);
    emulator.clock.advance(600_000);
    t.match(await entra.probe.prove(sso.appId, old, never), { kind: "refused", aadsts: 7000222 });
    world.disableApp(sso.id);
    emulator.clock.advance(600_000);
    t.match(await entra.probe.prove(sso.appId, secret, never), {
      kind: "unclear",
      message: /7000112/,
    });
  },
);
