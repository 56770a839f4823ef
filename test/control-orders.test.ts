import { statSync } from "node:fs";
import t from "tap";
import { controlSocket, daemonListens, runOnDaemon, statusOfDaemon } from "../src/control/index.js";
import type { RotateOrder, SyncOrder } from "../src/control/index.js";
import { AgentError } from "../src/errors.js";
import { gate, heard, rest, serve, socketPath } from "./control-common.js";

const ID = "0123456789abcdef".repeat(4);

t.test("an order is carried out and what happens is streamed", async (t) => {
  const orders: SyncOrder[] = [];
  const { path } = await serve(t, {
    sync: async (order, emit) => {
      orders.push(order);
      emit({ type: "progress", text: "reading groups", done: 1, total: 2 });
      emit({ type: "finding", finding: { code: "SYNC_KEPT", message: "kept", realm: "entra" } });
      emit({ type: "plan", plan: { actions: ["Änne\n"] } });
      return 3;
    },
  });
  t.strictSame(await heard(path, { kind: "sync", approve: ID, by: "root\u202e" }), [
    { type: "progress", text: "the daemon has the order" },
    { type: "progress", text: "reading groups", done: 1, total: 2 },
    { type: "finding", finding: { code: "SYNC_KEPT", message: "kept", realm: "entra" } },
    { type: "plan", plan: { actions: ["Änne\n"] } },
    { type: "done", exit: 3 },
  ]);
  t.strictSame(orders, [{ approve: ID, by: "root\\u202e" }]);
  await heard(path, { kind: "sync" });
  t.strictSame(orders[1], {});
});

t.test("rotate and status", async (t) => {
  const orders: RotateOrder[] = [];
  const { path } = await serve(t, {
    rotate: async (order) => {
      orders.push(order);
      return 0;
    },
    status: () => ({ state: "degraded", secret: { hint: "Ab1" } }),
  });
  await heard(path, { kind: "rotate" });
  await heard(path, { kind: "rotate", realm: "entra" });
  t.strictSame(orders, [{}, { realm: "entra" }]);
  t.strictSame(await statusOfDaemon(path), { state: "degraded", secret: { hint: "Ab1" } });
});

t.test("an order that fails ends with its code, one that is a bug with INTERNAL", async (t) => {
  let thrown: Error = new AgentError("CLUSTER_STANDBY", "pve2 writes");
  const { path } = await serve(t, { sync: async () => Promise.reject(thrown) });
  t.match((await heard(path, { kind: "sync" })).at(-1), {
    type: "done",
    exit: 1,
    code: "CLUSTER_STANDBY",
    message: "pve2 writes",
  });
  const words = ["client_", "secret=abcdefghijklmnop"].join("");
  thrown = new TypeError(`x is not y, ${words}`);
  const done = (await heard(path, { kind: "sync" })).at(-1);
  t.match(done, { exit: 1, code: "INTERNAL", message: /x is not y/ });
  t.notMatch(JSON.stringify(done), /abcdefgh/);
});

t.test("orders of one kind wait for one another, at most eight; kinds do not", async (t) => {
  const first = gate();
  let running = 0;
  let most = 0;
  const { path } = await serve(t, {
    sync: async () => {
      running += 1;
      most = Math.max(most, running);
      await first.passed;
      running -= 1;
      return 0;
    },
  });
  const all: Promise<unknown>[] = [];
  for (let n = 0; n < 9; n++) {
    const events = runOnDaemon(path, { kind: "sync" });
    t.match(await events.next(), {
      value: { text: n === 0 ? "the daemon has the order" : `orders before this one: ${n}` },
    });
    all.push(rest(events));
  }
  await t.rejects(heard(path, { kind: "sync" }), { code: "CONTROL_BUSY" });
  t.match((await heard(path, { kind: "rotate" })).at(-1), { exit: 0 }, "a rotation does not wait");
  first.open();
  for (const events of await Promise.all(all)) t.match(events, [{ type: "done", exit: 0 }]);
  t.equal(most, 1, "one at a time");
  t.match((await heard(path, { kind: "sync" })).at(-1), { exit: 0 }, "then there is room again");
});

t.test("an order goes on when the command goes away", async (t) => {
  const middle = gate();
  let ended = false;
  const { path } = await serve(t, {
    sync: async (_order, emit) => {
      await middle.passed;
      for (let n = 0; n < 1000; n++) emit({ type: "progress", text: "x".repeat(1000) });
      ended = true;
      return 0;
    },
  });
  const left = runOnDaemon(path, { kind: "sync" });
  await left.next();
  await left.return(undefined);
  const stop = new AbortController();
  const aborted = (async () => {
    for await (const event of runOnDaemon(path, { kind: "sync" }, stop.signal)) {
      if (event.type === "progress") stop.abort(new Error("by hand"));
    }
  })();
  await t.rejects(aborted, { message: "by hand" });
  middle.open();
  t.match((await heard(path, { kind: "sync" })).at(-1), { exit: 0 });
  t.ok(ended);
});

t.test("a daemon that stops says so to whoever waits, and does not wait for them", async (t) => {
  const { path, server } = await serve(t, { sync: () => new Promise(() => undefined) });
  const stuck = runOnDaemon(path, { kind: "sync" });
  await stuck.next();
  const deaf = runOnDaemon(path, { kind: "sync" });
  await deaf.next();
  await server.close();
  t.match(await rest(stuck), [{ type: "done", exit: 1, code: "STOPPING" }]);
  await deaf.return(undefined);
  t.equal(await daemonListens(path), false);
  await t.rejects(heard(path, { kind: "sync" }), { code: "CONTROL_UNREACHABLE" });
  await t.rejects(statusOfDaemon(path), { code: "CONTROL_UNREACHABLE" });
});

t.test("a plan of many megabytes comes through whole", async (t) => {
  const plan = Array.from({ length: 40_000 }, (_, n) => `line ${n} ${"ü".repeat(40)}`);
  const { path } = await serve(t, {
    sync: async (_order, emit) => {
      emit({ type: "plan", plan });
      return 0;
    },
  });
  t.same((await heard(path, { kind: "sync" }))[1], { type: "plan", plan });
});

t.test("the socket is its owner's alone, where systemd says", async (t) => {
  const { path } = await serve(t);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(await daemonListens(path), true);
  t.equal(await daemonListens(socketPath(t)), false);
  t.equal(controlSocket("/state", {}), "/state/control.sock");
  t.equal(controlSocket("/state", { RUNTIME_DIRECTORY: "" }), "/state/control.sock");
  t.equal(controlSocket("/state", { RUNTIME_DIRECTORY: "/run/a:/run/b" }), "/run/a/control.sock");
});
