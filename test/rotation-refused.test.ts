/** While a key stays refused, or none may be made: everybody else is served, and nothing piles up. */
import t from "tap";
import { KeyWatch } from "../src/pass/key-watch.js";
import type { ProofAnswer } from "../src/ports.js";
import { Secret } from "../src/secret.js";
import { HOUR, START, DAY, startBed } from "./rotation-bed.js";
import { DOMAIN, mapping, startSite } from "./support/site.js";
import { standingClock } from "./support/world-clock.js";

t.setTimeout(300_000);

const MINUTE = 60_000;
const NO: ProofAnswer = { kind: "refused", aadsts: 7000215, message: "AADSTS7000215" };
const YES: ProofAnswer = { kind: "accepted" };
const never = new AbortController().signal;

t.test("a key that stays refused is asked about for a minute once, then five times", async (t) => {
  const clock = standingClock();
  let asked = 0;
  let answer: ProofAnswer = NO;
  const prove = async (): Promise<ProofAnswer> => {
    asked += 1;
    return answer;
  };
  const watch = new KeyWatch({ clock, probe: { prove }, now: () => clock.now() });
  const key = new Secret("key~emulated.value");
  const check = async (): Promise<[string, number]> => {
    asked = 0;
    const { kind } = await watch.check("app", key, never);
    clock.advance(5 * MINUTE);
    return [kind, asked];
  };
  t.same(await check(), ["refused", 61]);
  t.same(await check(), ["refused", 5]);
  t.same(await check(), ["refused", 5]);
  answer = YES;
  t.same(await check(), ["accepted", 1]);
  answer = NO;
  t.same(
    await check(),
    ["refused", 61],
    "what was accepted again is judged as carefully as before",
  );
  clock.advance(HOUR);
  t.same(await check(), ["refused", 61], "so is what was last looked at an hour ago");
});

t.test("P2: a removal waits for no judgement of a key", async (t) => {
  const site = await startSite(t);
  const { world } = site.entra;
  const people = ["ann", "ben", "cas"].map((name) => site.addUser(name));
  const group = site.group("Operators", people);
  const parts = { groups: mapping("ops", group) };
  await site.pass(parts);
  t.same(site.user(`ann@${DOMAIN}@entra`)?.groups, ["ops"]);
  world.leave(group, people[0] ?? "");
  site.clock.advance(10 * MINUTE);
  // The token endpoint says nothing at all about the realm's key.
  site.entra.faults.add({
    path: "/oauth2/v2.0/token",
    body: `client_id=${site.sso.appId}`,
    times: Infinity,
    do: { kind: "stall" },
  });
  const agent = site.agent(parts);
  const stop = new AbortController();
  const order = { trigger: "test", realms: agent.config.realms, rotate: new Set<string>() };
  const pass = agent.pass({ ...order, dry: false, secretsOnly: false }, {}, stop.signal);
  const gone = new Promise<void>((resolve) => {
    site.pve.onWrite(() => {
      if (site.user(`ann@${DOMAIN}@entra`)?.groups.length === 0) resolve();
    });
  });
  const ended = pass.then(() => "the pass ended first");
  t.equal(await Promise.race([gone.then(() => "removed"), ended]), "removed");
  stop.abort(new Error("enough"));
  await pass.catch(() => undefined);
  await agent.close({ abort: true });
});

t.test(
  "a policy forbids secrets: a scheduled renewal asks once an hour, and says so",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const node = await bed.node({ keys: { entra: bed.secret(180, { start: START - 130 * DAY }) } });
    bed.world.setPolicy({ name: "no secrets", secretsForbidden: true });
    const codes = new Set<string>();
    for (let n = 0; n < 72; n += 1) {
      const pass = await node.pass({ patient: true });
      pass.codes.forEach((code) => codes.add(code));
      t.ok(pass.codes.length > 0, "every pass has something to say");
      bed.clock.advance(5 * MINUTE);
    }
    t.ok(codes.has("ROTATION_POLICY_FORBIDS") && codes.has("SECRET_ENDS_SOON"), [...codes].join());
    const tries = bed.entra.log.count({ path: "addPassword" });
    t.ok(tries >= 5 && tries <= 7, `${tries} tries in six hours`);

    await node.pass({ patient: true });
    bed.world.setPolicy(undefined);
    t.equal((await node.pass({ patient: true })).outcome, undefined, "the hour is not over");
    t.equal((await node.pass()).outcome?.ok, true, "somebody who waits does not wait for that");
  },
);

t.test(
  "a refused key and a policy: tried in every pass, and the journal stays small",
  async (t) => {
    const bed = await startBed(t, { lag: { min: 0, max: 0 } });
    const node = await bed.node();
    bed.world.setPolicy({ name: "no secrets", secretsForbidden: true });
    for (let n = 0; n < 40; n += 1) {
      const { codes } = await node.pass();
      t.same(codes, ["SECRET_REFUSED", "ROTATION_POLICY_FORBIDS"]);
      bed.clock.advance(5 * MINUTE);
    }
    t.equal(bed.entra.log.count({ path: "addPassword" }), 40);
    t.ok(node.journal.secrets.all(bed.sso.appId).length <= 21);
    const asked = bed.entra.log.count({ path: "/oauth2/v2.0/token", status: 401 });
    t.ok(asked < 61 + 39 * 6, `${asked} questions`);

    bed.world.setPolicy(undefined);
    t.equal((await node.pass()).outcome?.ok, true);
  },
);
