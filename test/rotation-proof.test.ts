/** What counts as proved, what as refused, and what as nothing at all. */
import t from "tap";
import type { Clock } from "../src/clock.js";
import { KeyWatch } from "../src/pass/key-watch.js";
import { judgeKey, proveBriefly, proveSteadily } from "../src/pass/proof.js";
import type { ProofAnswer, SecretProbePort } from "../src/ports.js";
import { Secret } from "../src/secret.js";

const yes: ProofAnswer = { kind: "accepted" };
const no: ProofAnswer = { kind: "refused", aadsts: 7000215, message: "AADSTS7000215" };
const huh: ProofAnswer = { kind: "unclear", message: "503" };
const KEY = new Secret("key~emulated.value");

/** Answers by the second since the first question; each question itself takes `costs` seconds. */
function scene(answerAt: (second: number) => ProofAnswer, costs = 0) {
  let now = 0;
  let asked = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
  };
  const probe: SecretProbePort = {
    prove: async () => {
      asked += 1;
      const answer = answerAt(Math.round(now / 1000));
      now += costs * 1000;
      return answer;
    },
  };
  const { signal } = new AbortController();
  return { clock, probe, signal, asked: () => asked, seconds: () => now / 1000 };
}

t.test("60 seconds of proof are 61 successes, one a second", async (t) => {
  const s = scene(() => yes);
  const proof = await proveSteadily("app", KEY, { seconds: 60 }, s);
  t.match(proof, { proved: true, successes: 61, refusals: 0 });
  t.equal(s.seconds(), 60);
});

t.test("a shorter proof still takes 60 successes", async (t) => {
  const s = scene(() => yes);
  t.match(await proveSteadily("app", KEY, { seconds: 10 }, s), { proved: true, successes: 60 });
});

t.test("a longer proof takes its time", async (t) => {
  const s = scene(() => yes);
  t.match(await proveSteadily("app", KEY, { seconds: 300 }, s), { proved: true, successes: 301 });
});

t.test("slow answers do not shorten the proof", async (t) => {
  const s = scene(() => yes, 3);
  t.match(await proveSteadily("app", KEY, { seconds: 60 }, s), { proved: true, successes: 60 });
  t.equal(s.seconds(), 180);
});

t.test("each refusal begins the count anew", async (t) => {
  const s = scene((second) => (second === 7 || second === 50 ? no : yes));
  t.match(await proveSteadily("app", KEY, { seconds: 60 }, s), {
    proved: true,
    successes: 61,
    refusals: 2,
  });
  t.equal(s.seconds(), 111);
});

t.test("where the secret's age counts, the quiet is as long as it was old", async (t) => {
  const aged = { seconds: 60, ageMs: 300_000 };
  const slow = scene((second) => (second === 50 ? no : yes));
  t.match(await proveSteadily("app", KEY, aged, slow), { proved: true, successes: 351 });
  t.equal(slow.seconds(), 401);
  const calm = scene(() => yes);
  t.match(await proveSteadily("app", KEY, aged, calm), { proved: true, successes: 61 });
  const quick = scene((second) => (second < 20 ? no : yes));
  const young = await proveSteadily("app", KEY, { seconds: 60, ageMs: 0 }, quick);
  t.match(young, { proved: true, successes: 61 });
});

t.test("the quiet may outlast the 15 minutes, and is 15 minutes at most", async (t) => {
  const s = scene((second) => (second < 890 ? no : yes));
  const proof = await proveSteadily("app", KEY, { seconds: 60, ageMs: 600_000 }, s);
  t.match(proof, { proved: true, successes: 901 });
  t.equal(s.seconds(), 1790);
  const late = scene((second) => (second < 890 || second === 1000 ? no : yes));
  const failed = await proveSteadily("app", KEY, { seconds: 60, ageMs: 600_000 }, late);
  t.match(failed, { proved: false, last: "AADSTS7000215" });
  t.equal(late.seconds(), 1000);
});

t.test("an unclear answer neither counts nor resets", async (t) => {
  const s = scene((second) => (second % 2 === 1 ? huh : yes));
  const proof = await proveSteadily("app", KEY, { seconds: 60 }, s);
  t.match(proof, { proved: true, successes: 60, unclear: 59 });
});

t.test("an outage proves nothing, and is given up after 15 minutes", async (t) => {
  const s = scene(() => huh);
  t.match(await proveSteadily("app", KEY, { seconds: 60 }, s), {
    proved: false,
    successes: 0,
    last: "503",
  });
  t.equal(s.seconds(), 900);
});

t.test("one replica in five that never learns fails the proof", async (t) => {
  const s = scene((second) => (second % 5 === 0 ? no : yes));
  t.match(await proveSteadily("app", KEY, { seconds: 60 }, s), {
    proved: false,
    last: "AADSTS7000215",
  });
  t.equal(s.asked(), 901);
});

t.test("a proof can be aborted", async (t) => {
  const stop = new AbortController();
  const s = scene((second) => {
    if (second === 5) stop.abort(new Error("stopping"));
    return yes;
  });
  await t.rejects(
    proveSteadily("app", KEY, { seconds: 60 }, { ...s, signal: stop.signal }),
    /stopping/,
  );
});

t.test("one success calls a key accepted", async (t) => {
  const s = scene(() => yes);
  const judged = await judgeKey("app", KEY, () => 5, s);
  t.same(judged, { proof: { kind: "accepted", at: 5 }, flickered: false });
  t.equal(s.asked(), 1);
});

t.test("a minute of refusals calls it refused", async (t) => {
  const s = scene(() => no);
  const judged = await judgeKey("app", KEY, () => 5, s);
  t.match(judged, { proof: { kind: "refused", message: "AADSTS7000215" } });
  t.equal(s.seconds(), 60);
});

t.test("a success in between is a flicker, not a refusal", async (t) => {
  const s = scene((second) => (second === 59 ? yes : no));
  t.match(await judgeKey("app", KEY, () => 5, s), { proof: { kind: "accepted" }, flickered: true });
});

t.test("unclear answers never call it refused", async (t) => {
  const s = scene(() => huh);
  t.match(await judgeKey("app", KEY, () => 5, s), { proof: { kind: "unclear", message: "503" } });
  t.equal(s.asked(), 3);
});

t.test("nor do a few refusals among them: it ends after three minutes", async (t) => {
  const s = scene((second) => (second % 20 === 0 ? no : huh));
  t.match(await judgeKey("app", KEY, () => 5, s), { proof: { kind: "unclear" } });
  t.equal(s.seconds(), 180);
});

t.test("a brief proof stops at the first refusal", async (t) => {
  const s = scene((second) => (second === 3 ? no : yes));
  t.match(await proveBriefly("app", KEY, 30, s), { kind: "refused" });
  t.equal(s.asked(), 4);
  t.match(
    await proveBriefly(
      "app",
      KEY,
      30,
      scene(() => yes),
    ),
    { kind: "accepted" },
  );
  t.match(
    await proveBriefly(
      "app",
      KEY,
      30,
      scene(() => huh),
    ),
    { kind: "silent" },
  );
});

t.test("a pass proves a key when it is new, changed, or five minutes old", async (t) => {
  const s = scene(() => yes);
  const watch = new KeyWatch({ ...s, now: () => s.clock.now() });
  await watch.check("app", KEY, s.signal);
  t.equal(s.asked(), 1, "new");
  await s.clock.sleep(299_000);
  await watch.check("app", KEY, s.signal);
  t.equal(s.asked(), 1, "fresh");
  await watch.check("app", new Secret("other~emulated.value"), s.signal);
  t.equal(s.asked(), 2, "changed");
  await s.clock.sleep(2000);
  await watch.check("app", KEY, s.signal);
  t.equal(s.asked(), 3, "old");
});

t.test("what was not plainly accepted is proved in every pass", async (t) => {
  const s = scene((second) => (second === 0 ? no : yes));
  const watch = new KeyWatch({ ...s, now: () => s.clock.now() });
  t.match(await watch.check("app", KEY, s.signal), { kind: "accepted" });
  t.equal(s.asked(), 2, "it flickered");
  await watch.check("app", KEY, s.signal);
  t.equal(s.asked(), 3, "so it is asked again");
  await watch.check("app", KEY, s.signal);
  t.equal(s.asked(), 3, "and now it is fresh");
  t.equal(watch.listed("app", KEY, false), s.clock.now());
  await watch.check("app", KEY, s.signal);
  t.equal(s.asked(), 4, "not listed: asked again");
  t.equal(watch.listed("app", KEY, true), undefined);
  await watch.check("app", KEY, s.signal);
  t.equal(s.asked(), 4, "listed again: fresh");
});
