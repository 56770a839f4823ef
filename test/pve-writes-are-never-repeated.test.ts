import t from "tap";
import type { FaultEffect } from "./emulators/common/faults.js";
import { createAuthority, issueForLoopback } from "./emulators/common/tls.js";
import { buildUserCfg } from "./emulators/pve/index.js";
import {
  clientOf,
  EVERY_WRITE,
  EVERY_WRITE_WORLD,
  failure,
  rawServer,
  setUp,
  signal,
  uid,
} from "./pve-setup.js";
import { Secret } from "../src/secret.js";

const userCfg = buildUserCfg({ aclPaths: ["/vms"], extra: EVERY_WRITE_WORLD });
/** Long enough for a busy machine to connect, short enough to wait for. */
const SHORT = { limits: { readTimeoutMs: 1_500, writeTimeoutMs: 1_500 } };

t.test("each write of a plan is exactly one request", async (t) => {
  const { pve, port, notes } = await setUp(t, { userCfg });
  const seen: string[] = [];
  for (const write of EVERY_WRITE) {
    pve.log.clear();
    await port.write(write, undefined, signal);
    t.equal(pve.log.count(), 1, write.kind);
    seen.push(
      ...pve.log.entries().map(({ method, path, body }) => `${method} ${path} ${body ?? ""}`),
    );
  }
  t.same(seen, [
    "POST /api2/json/access/users userid=new%40x.com%40entra&groups=admins",
    "PUT /api2/json/access/users/anna%40x.com%40entra enable=0&groups=admins&append=1",
    "DELETE /api2/json/access/users/bert%40x.com%40entra ",
    "POST /api2/json/access/groups groupid=new&comment=new",
    "PUT /api2/json/access/groups/admins comment=changed",
    "DELETE /api2/json/access/groups/old ",
    "PUT /api2/json/access/acl path=%2Fvms%2F100&groups=admins&roles=PVEVMUser&propagate=1",
  ]);
  t.same(
    notes.map((note) => note.status),
    EVERY_WRITE.map(() => 200),
  );
  t.match(pve.userCfg(), /group:admins:anna@x.com@entra,new@x.com@entra:changed:/);
  t.match(pve.userCfg(), /user:anna@x.com@entra:0:/);
  t.match(pve.userCfg(), /acl:1:\/vms\/100:@admins:PVEVMUser:/);
  t.notMatch(pve.userCfg(), /bert|group:old/);
});

t.test("a write without an answer has an unknown outcome and is sent once", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const effects: FaultEffect[] = [
    { kind: "cut", when: "before" },
    { kind: "cut", when: "after" },
    { kind: "garbage" },
    { kind: "truncate" },
    { kind: "status", status: 596, reason: "Broken pipe" },
    { kind: "status", status: 596, reason: "Broken pipe", withEffect: true },
    { kind: "status", status: 599, reason: "Too many redirections" },
    { kind: "status", status: 502, body: "<html>bad gateway</html>" },
    { kind: "status", status: 504 },
    { kind: "status", status: 200, body: "" },
  ];
  for (const effect of effects) {
    for (const write of EVERY_WRITE) {
      pve.load({ userCfg });
      pve.log.clear();
      pve.faults.add({ do: effect });
      const { code, message } = await failure(port.write(write, undefined, signal));
      const name = `${write.kind} ${JSON.stringify(effect)}`;
      t.equal(code, "PVE_OUTCOME_UNKNOWN", `${name}: ${message}`);
      t.equal(pve.log.count(), 1, `${name}: sent once`);
    }
  }
});

t.test("so has a write that nobody answers in time, whether it happened or not", async (t) => {
  const { pve, client } = await setUp(t, { userCfg });
  const { port } = client({}, SHORT);
  const write = { kind: "delete-group", group: "old" } as const;
  for (const withEffect of [false, true]) {
    pve.log.clear();
    pve.faults.add({ do: { kind: "stall", withEffect } });
    t.match(await failure(port.write(write, undefined, signal)), {
      code: "PVE_OUTCOME_UNKNOWN",
      message: "DELETE /access/groups/old: no whole answer within 1.5 s",
    });
    t.equal(pve.log.count(), 1, "sent once");
    t.equal(pve.userCfg().includes("group:old"), !withEffect);
  }
});

t.test("so has a write of a realm's key", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const { digest } = await port.readRealmKey("entra", signal);
  pve.log.clear();
  pve.faults.add({ do: { kind: "cut", when: "after" } });
  const error = await failure(
    port.writeRealmKey("entra", new Secret("k".repeat(9)), digest, signal),
  );
  t.equal(error.code, "PVE_OUTCOME_UNKNOWN");
  t.equal(pve.log.count(), 1);
  t.equal((await port.readRealmKey("entra", signal)).key.reveal(), "k".repeat(9), "it happened");
});

t.test("a connection that the server closed while idle costs a read one retry", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  pve.faults.add({ method: "GET", do: { kind: "cut", when: "before" } });
  t.same(await port.nodes(signal), ["pve1"]);
  t.equal(pve.log.count(), 2, "asked again once");
  pve.log.clear();
  pve.faults.add({ method: "GET", times: 2, do: { kind: "cut", when: "before" } });
  t.equal((await failure(port.nodes(signal))).code, "PVE_UNREACHABLE");
  t.equal(pve.log.count(), 2, "and only once");
});

t.test("a read that got an answer, or none in time, is not asked again", async (t) => {
  const { pve, client } = await setUp(t, { userCfg });
  const { port } = client({}, SHORT);
  const cases: [FaultEffect, string][] = [
    [{ kind: "stall" }, "PVE_UNREACHABLE"],
    [{ kind: "status", status: 595, reason: "Connection refused" }, "PVE_UNREACHABLE"],
    [{ kind: "status", status: 596, reason: "Broken pipe" }, "PVE_UNREACHABLE"],
    [{ kind: "status", status: 500, reason: "got no worker" }, "PVE_REFUSED"],
    [{ kind: "truncate" }, "PVE_BAD_ANSWER"],
  ];
  for (const [effect, code] of cases) {
    pve.log.clear();
    pve.faults.add({ do: effect });
    t.equal((await failure(port.nodes(signal))).code, code, JSON.stringify(effect));
    t.equal(pve.log.count(), 1);
  }
});

t.test("writes go one after the other, reads beside them", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  pve.faults.add({ method: "PUT", times: Infinity, do: { kind: "delay", ms: 20 } });
  const arrived: number[] = [];
  pve.onWrite(() => arrived.push(pve.log.count({ method: "PUT" })));
  const comments = ["1", "2", "3", "4", "5"];
  const write = (comment: string): Promise<void> =>
    port.write({ kind: "update-group", group: "admins", comment }, undefined, signal);
  const nodes = port.nodes(signal);
  await Promise.all([...comments.map(write), nodes]);
  t.same(arrived, [1, 2, 3, 4, 5], "none was sent before the one before was answered");
  t.match(pve.userCfg(), /group:admins::5:/, "in the order given");
});

t.test("a write that fails does not stop the next", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const bad = port.write({ kind: "delete-group", group: "nobody" }, undefined, signal);
  const good = port.write({ kind: "delete-group", group: "old" }, undefined, signal);
  t.equal((await failure(bad)).code, "PVE_REFUSED");
  await good;
  t.notMatch(pve.userCfg(), /group:old/);
});

t.test("giving up: unknown for the write under way, never sent for those behind it", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const stop = new AbortController();
  pve.faults.add({ do: { kind: "stall" } });
  const first = failure(port.write({ kind: "delete-group", group: "old" }, undefined, stop.signal));
  const second = port.write({ kind: "delete-group", group: "admins" }, undefined, stop.signal);
  const refused = t.rejects(second, { message: "stopping" });
  while (pve.log.count() === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error("stopping"));
  t.equal((await first).code, "PVE_OUTCOME_UNKNOWN");
  await refused;
  t.equal(pve.log.count(), 1);
  await t.rejects(port.nodes(stop.signal), { message: "stopping" }, "a read is not even begun");
  t.equal(pve.log.count(), 1);
});

t.test("a kept connection that dies under a write is an unknown outcome as well", async (t) => {
  const authority = await createAuthority("dying CA");
  const requests: string[] = [];
  const { url } = await rawServer(t, await issueForLoopback(authority), (request, response) => {
    requests.push(request.method ?? "");
    if (request.method === "GET") {
      response.end(JSON.stringify({ data: [{ node: "pve1" }] }));
    } else request.socket.destroy();
  });
  const { port } = clientOf(t, url, authority.caPem);
  await port.nodes(signal);
  const write = port.write({ kind: "delete-group", group: "g" }, undefined, signal);
  t.equal((await failure(write)).code, "PVE_OUTCOME_UNKNOWN");
  t.same(requests, ["GET", "DELETE"]);
});

t.test("PVE's hundred requests a connection are never noticed", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  for (let n = 0; n < 205; n += 1) {
    const comment = String(n);
    await port.write({ kind: "update-group", group: "admins", comment }, undefined, signal);
  }
  t.equal(pve.log.count({ method: "PUT" }), 205);
  for (let n = 0; n < 205; n += 1) await port.nodes(signal);
  t.equal(pve.log.count({ method: "GET" }), 205);
});

t.test("nobody leaves a group on an old list", async (t) => {
  const { pve, port } = await setUp(t, { userCfg });
  const write = {
    kind: "update-user",
    userid: uid("anna@x.com@entra"),
    fields: {},
    join: [],
    leave: ["admins"],
  } as const;
  t.equal((await failure(port.write(write, undefined, signal))).code, "INTERNAL");
  t.equal(pve.log.count(), 0);
  await port.write(write, ["old"], signal);
  t.same(
    pve.log.entries().map(({ body }) => body),
    ["groups=old"],
  );
});
