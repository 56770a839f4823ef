/** The control socket and clients that hold on to it: bounded in time, number and size. */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Test } from "tap";
import { runOnDaemon } from "../src/control/index.js";
import { asAgentError } from "../src/errors.js";
import { gate, heard, raw, rest, serve } from "./control-common.js";

t.setTimeout(120_000);
t.jobs = 4;
const waiting = (): { buffered: true } => ({ buffered: true });

function dial(t: Test, path: string, bytes = ""): Socket {
  const socket = connect(path);
  socket.on("error", () => undefined);
  t.teardown(() => void socket.destroy());
  if (bytes !== "") socket.write(bytes);
  return socket;
}

const HEAD = "POST /sync HTTP/1.1\r\nhost: daemon\r\ncontent-type: application/json\r\n";

/** A crowd that is there, or was sent away already. */
async function crowd(t: Test, path: string, bytes: readonly string[]): Promise<readonly Socket[]> {
  const clients = Array.from({ length: 200 }, (_, n) => dial(t, path, bytes[n % bytes.length]));
  await Promise.all(clients.map(async (one) => one.closed || (await once(one, "connect"))));
  return clients;
}

t.test("idle clients and half requests keep nobody from the daemon", waiting(), async (t) => {
  const { path } = await serve(t);
  const halves = ["POST /sy", `${HEAD}content-length: 100\r\n\r\n{`];
  const [idle, begun] = [await crowd(t, path, [""]), await crowd(t, path, halves)];
  t.match((await heard(path, { kind: "sync" })).at(-1), { exit: 0 });
  t.ok(idle.length + begun.length > 32, "there were more than have room");
  await Promise.all(begun.map(async (one) => one.closed || (await once(one.resume(), "close"))));
  t.match(
    (await heard(path, { kind: "sync" })).at(-1),
    { exit: 0 },
    "half requests are cut in time",
  );
});

t.test("who has an order under way is not cut for the sake of newcomers", waiting(), async (t) => {
  const end = gate();
  const { path } = await serve(t, { sync: async () => end.passed.then(() => 0 as const) });
  const events = runOnDaemon(path, { kind: "sync" });
  await events.next();
  await crowd(t, path, [""]);
  t.equal((await raw(path, "/status", { method: "GET", type: "" })).status, 200);
  end.open();
  t.match((await rest(events)).at(-1), { type: "done", exit: 0 });
});

t.test("what is written otherwise is no order", waiting(), async (t) => {
  let orders = 0;
  const count = async (): Promise<0> => {
    orders += 1;
    return 0;
  };
  const { path } = await serve(t, { sync: count, rotate: count });
  const deep = `{"by":${"[".repeat(30_000)}`;
  const cases: readonly [string, string][] = [
    ["deep nesting", `${HEAD}content-length: ${deep.length}\r\n\r\n${deep}`],
    ["two lengths", `${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    [
      "a length and chunks",
      `${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["a length beyond all", `${HEAD}content-length: 99999999999999999999\r\n\r\n{}`],
    [
      "another type",
      "POST /sync HTTP/1.1\r\nhost: d\r\ncontent-type: application/xml\r\ncontent-length: 4\r\n\r\n<a/>",
    ],
    ["compressed", `${HEAD}content-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00`],
    [
      "a form",
      "POST /rotate HTTP/1.1\r\nhost: d\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 3\r\n\r\na=b",
    ],
    ["too long a header", `${HEAD}x: ${"y".repeat(40_000)}\r\n\r\n`],
    [
      "a web socket",
      "GET /sync HTTP/1.1\r\nhost: d\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ],
    ["a tunnel", "CONNECT other:1 HTTP/1.1\r\nhost: d\r\n\r\n"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ];
  for (const [what, bytes] of cases) {
    const socket = dial(t, path, bytes).resume();
    await once(socket, "close");
    t.equal(orders, 0, what);
  }
  t.match((await heard(path, { kind: "sync" })).at(-1), { exit: 0 });
});

/** Orders that wait have to be done first, and nobody is told when they are. */
async function onceThereIsRoom(path: string): ReturnType<typeof heard> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await heard(path, { kind: "sync" });
    } catch (thrown) {
      if (tries === 2000 || asAgentError(thrown).code !== "CONTROL_BUSY") throw thrown;
      await sleep(50);
    }
  }
}

t.test(
  "orders that come in one go on one connection count like any others",
  waiting(),
  async (t) => {
    const end = gate();
    let orders = 0;
    const { path } = await serve(t, {
      sync: async () => {
        orders += 1;
        await end.passed;
        return 0;
      },
    });
    dial(t, path, `${HEAD}content-length: 2\r\n\r\n{}`.repeat(500)).resume();
    const status = async (): Promise<number> =>
      (await raw(path, "/status", { method: "GET", type: "" })).status;
    for (let n = 0; n < 20; n++) t.equal(await status(), 200);
    end.open();
    t.match((await onceThereIsRoom(path)).at(-1), { exit: 0 });
    t.ok(orders <= 10, `${orders} orders`);
  },
);

t.test("a reader that stopped reading is left, its order is not", waiting(), async (t) => {
  const end = gate();
  let ended = false;
  const { path } = await serve(
    t,
    {
      sync: async (_order, emit) => {
        const plan = "x".repeat(4 * 1024 * 1024);
        emit({ type: "plan", plan });
        await end.passed;
        emit({ type: "plan", plan });
        ended = true;
        return 0;
      },
    },
    undefined,
    { silenceMs: 500 },
  );
  const deaf = dial(t, path, `${HEAD}content-length: 2\r\n\r\n{}`).pause();
  await once(deaf, "connect");
  let took = "";
  deaf
    .setEncoding("latin1")
    .on("data", (part: string) => void (took += part))
    .pause();
  // Nothing of ours moves on that connection: the daemon lets go of it, and of what it kept for it.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  end.open();
  t.match((await heard(path, { kind: "sync" })).at(-1), { exit: 0 });
  t.ok(ended);
  deaf.resume();
  await once(deaf, "close");
  t.match(took, /the daemon has the order/);
  t.notMatch(took, /"done"/, "what came last was kept no longer");
});
