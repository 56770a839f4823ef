import t, { type Test } from "tap";
import type { FaultEffect } from "./emulators/common/faults.js";
import { createAuthority } from "./emulators/common/tls.js";
import { type Asker, asker } from "./emulators/pve/ask.js";
import { AGENT_TOKEN, type PveEmulator, startPve } from "./emulators/pve/index.js";

const authority = await createAuthority("faults");

async function start(t: Test): Promise<{ pve: PveEmulator; ask: Asker }> {
  const pve = await startPve({ authority, tokenSecrets: { [AGENT_TOKEN]: "value" } });
  const ask = asker(pve, `${AGENT_TOKEN}=value`);
  t.teardown(async () => {
    await ask.close();
    await pve.close();
  });
  return { pve, ask };
}

const make = (ask: Asker, groupid: string): ReturnType<Asker> =>
  ask("POST", "/access/groups", { form: { groupid } });
const has = (pve: PveEmulator, group: string): boolean => pve.userCfg().includes(`group:${group}:`);

t.test("each fault does what it says, to the answer and to the world", async (t) => {
  const { pve, ask } = await start(t);
  const order = (effect: FaultEffect): void => pve.faults.add({ method: "POST", do: effect });

  order({ kind: "status", status: 596, reason: "Broken pipe", body: "" });
  const broken = await make(ask, "g1");
  t.strictSame([broken.status, broken.reason, has(pve, "g1")], [596, "Broken pipe", false]);

  order({ kind: "status", status: 596, reason: "Broken pipe", withEffect: true });
  t.strictSame([(await make(ask, "g2")).status, has(pve, "g2")], [596, true]);

  order({ kind: "status", status: 503, body: { message: "busy\n", data: null } });
  t.equal((await make(ask, "g3")).message, "busy\n");

  order({ kind: "delay", ms: 5 });
  t.strictSame([(await make(ask, "g4")).status, has(pve, "g4")], [200, true]);

  order({ kind: "cut", when: "before" });
  await t.rejects(make(ask, "g5"));
  t.notOk(has(pve, "g5"));

  order({ kind: "cut", when: "after" });
  await t.rejects(make(ask, "g6"));
  t.ok(has(pve, "g6"));

  order({ kind: "garbage" });
  const garbage = await make(ask, "g7");
  t.strictSame([garbage.status, garbage.data, has(pve, "g7")], [200, undefined, true]);

  order({ kind: "truncate" });
  t.strictSame([(await make(ask, "g8")).text, has(pve, "g8")], ['{"data', true]);

  order({ kind: "json", body: { data: "nothing happened" } });
  t.strictSame([(await make(ask, "g9")).data, has(pve, "g9")], ["nothing happened", false]);
  t.strictSame(pve.faults.pending(), []);
});

t.test("a wrong answer leaves out, doubles or empties a list", async (t) => {
  const { pve, ask } = await start(t);
  const wrong = async (replace: "empty-list" | "nulls" | "page-lost" | "page-repeats") => {
    pve.faults.add({ path: "/access/users", do: { kind: "body", replace } });
    return (await ask("GET", "/access/users")).data;
  };
  t.equal((await ask("GET", "/access/users")).data && 2, 2);
  t.strictSame(await wrong("empty-list"), []);
  t.equal(await wrong("nulls"), null);
  t.equal(((await wrong("page-lost")) as unknown[]).length, 1);
  t.equal(((await wrong("page-repeats")) as unknown[]).length, 4);
});

t.test("a stalled request ends when the emulator closes", async (t) => {
  const pve = await startPve({ authority, tokenSecrets: { [AGENT_TOKEN]: "value" } });
  const ask = asker(pve, `${AGENT_TOKEN}=value`);
  pve.faults.add({ do: { kind: "stall", withEffect: true } });
  const silent = t.rejects(make(ask, "g1"));
  while (!has(pve, "g1")) await new Promise((resolve) => setImmediate(resolve));
  await pve.close();
  await silent;
  await ask.close();
});

t.test("a fault waits for its method, its path and its turn", async (t) => {
  const { pve, ask } = await start(t);
  pve.faults.add({
    method: "PUT",
    path: "/access/users/a%40",
    skip: 1,
    times: 2,
    do: { kind: "status", status: 500, reason: "ordered" },
  });
  pve.world.createUser("a@entra");
  const put = async (): Promise<number> =>
    (await ask("PUT", "/access/users/a%40entra", { form: { comment: "x" } })).status;
  t.equal((await ask("GET", "/access/users/a%40entra")).status, 200, "another method");
  t.strictSame([await put(), await put(), await put(), await put()], [200, 500, 500, 200]);
});

t.test("the log holds every request, and no secret", async (t) => {
  const { pve, ask } = await start(t);
  const since = pve.log.last();
  pve.faults.add({ method: "PUT", do: { kind: "status", status: 500 } });
  await ask("PUT", "/access/domains/entra", { form: { "client-key": "hush", comment: "seen" } });
  await ask("GET", "/access/users?full=1");
  const entries = pve.log.entries({ after: since });
  t.match(entries, [
    { method: "PUT", path: "/api2/json/access/domains/entra", status: 500, fault: "status" },
    { method: "GET", path: "/api2/json/access/users?full=1", status: 200 },
  ]);
  t.equal(entries[0]?.body, "client-key=***&comment=seen");
  t.equal(pve.log.count({ path: /users/, status: 200 }), 1);
  pve.log.clear();
  t.equal(pve.log.count(), 0);
});

t.test("the control port takes the same orders", async (t) => {
  const { pve, ask } = await start(t);
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${pve.control.url}${path}`, {
      method,
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  const fault = { method: "GET", times: "forever", do: { kind: "status", status: 502 } };
  t.match(await control("POST", "/faults", [fault]), { status: 200, added: 1 });
  t.equal((await ask("GET", "/version")).status, 502);
  t.equal((await ask("GET", "/version")).status, 502);
  await control("DELETE", "/faults");
  t.equal((await ask("GET", "/version")).status, 200);
  t.match(await control("POST", "/faults", { do: { kind: "magic" } }), { status: 400 });

  const user = { do: "createUser", userid: "a@entra", comment: "by order" };
  t.match(await control("POST", "/world", user), { status: 200 });
  await control("POST", "/world", { do: "disableUser", userid: "a@entra" });
  t.match(pve.userCfg(), /^user:a@entra:0:0::::by order::$/m);
  t.match(await control("POST", "/world", { do: "fly" }), { status: 400, error: /createUser/ });
  t.match(await control("GET", "/world"), { userCfg: pve.userCfg() });

  t.match(await control("POST", "/time", { now: 1_000_000 }), { status: 200 });
  t.ok(Math.abs(pve.clock.now() - 1_000_000) < 60_000);
  await control("DELETE", "/requests");
  t.equal(pve.log.count(), 0);
});
