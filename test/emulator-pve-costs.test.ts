import t from "tap";
import { fixedClock } from "./emulators/common/clock.js";
import { asker } from "./emulators/pve/ask.js";
import { callCost } from "./emulators/pve/costs.js";
import { AGENT_TOKEN, buildUserCfg, startPve } from "./emulators/pve/index.js";
import { PveState } from "./emulators/pve/state.js";
import { recording, WITHOUT_FACTS } from "./support/facts.js";

interface Measured {
  N: number;
  shape: "min" | "rich";
  bytes: number;
  error?: string;
  "PUT user enable": { min: number; median: number; max: number };
  "GET users full=1": { min: number; median: number; max: number };
  "GET groups": { min: number; median: number; max: number };
}

/** A user.cfg with so many users of so many bytes each. */
function stateOf(users: number, bytes: number): PveState {
  const each = bytes / users;
  const lines = Array.from({ length: users - 2 }, (_x, n) => {
    const start = `user:user${String(n).padStart(5, "0")}@contoso.example@entra:1:0::::`;
    return `${start}${"c".repeat(Math.max(0, Math.round(each) - start.length - 3))}::`;
  });
  return new PveState(buildUserCfg({ extra: lines }), "");
}

t.test("calls cost what they were measured to cost", { skip: WITHOUT_FACTS }, (t) => {
  for (const one of recording<Measured[]>("bench.json")) {
    const { N, shape, bytes, error, ...measured } = one;
    if (error) continue;
    const state = stateOf(N, bytes);
    for (const [method, path, { min, max }] of [
      ["PUT", "/api2/json/access/users/a@entra", measured["PUT user enable"]],
      ["GET", "/api2/json/access/users?full=1", measured["GET users full=1"]],
      ["GET", "/api2/json/access/groups", measured["GET groups"]],
    ] as const) {
      const cost = callCost(state, method, path);
      const about = `${method} ${path} with ${N} ${shape} users: ${cost.toFixed(1)} ms`;
      t.ok(cost > 0.75 * min && cost < 1.25 * max, `${about}, measured ${min} to ${max}`);
    }
  }
  t.ok(callCost(stateOf(5, 500), "PUT", "/") >= 0, "a tiny file costs no less than nothing");
  t.end();
});

t.test("a clock that stands still is moved on by what a call costs", async (t) => {
  const clock = fixedClock(0);
  const pve = await startPve({ clock, costs: true, tokenSecrets: { [AGENT_TOKEN]: "value" } });
  const ask = asker(pve, `${AGENT_TOKEN}=value`);
  t.teardown(async () => {
    await ask.close();
    await pve.close();
  });
  await ask("GET", "/access/users?full=1");
  const read = clock.now();
  t.ok(read > 0);
  await ask("POST", "/access/groups", { form: { groupid: "g" } });
  t.ok(clock.now() > read);
  pve.world.quorum(false);
  const before = clock.now();
  await ask("POST", "/access/groups", { form: { groupid: "h" } });
  t.equal(clock.now() - before, 10_000, "PVE tries for ten seconds before it gives up");
});
