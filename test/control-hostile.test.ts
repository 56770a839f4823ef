import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import t from "tap";
import { listenForOrders } from "../src/control/index.js";
import { silentLog } from "../src/log.js";
import { heard, idle, raw, serve, socketPath } from "./control-common.js";

t.test("what is no order is refused with 400 and a code, and nothing is done", async (t) => {
  let done = 0;
  const { path } = await serve(t, {
    sync: async () => {
      done += 1;
      return 0;
    },
    rotate: async () => {
      done += 1;
      return 0;
    },
  });
  const bodies: readonly [string, string][] = [
    ["/sync", "{"],
    ["/sync", "[]"],
    ["/sync", "7"],
    ["/sync", '"text"'],
    ["/sync", '{"approve":1}'],
    ["/sync", '{"approve":""}'],
    ["/sync", `{"approve":"${"A".repeat(64)}"}`],
    ["/sync", `{"approve":"${"a".repeat(63)}"}`],
    ["/sync", `{"approve":"${"a".repeat(64)}","force":true}`],
    ["/sync", `{"by":"${"x".repeat(257)}"}`],
    ["/sync", '{"__proto__":{"approve":"x"}}'],
    ["/sync", '{"constructor":{"prototype":{}}}'],
    ["/sync", `{"approve":"${"a".repeat(70_000)}"}`],
    ["/rotate", '{"realm":"../etc"}'],
    ["/rotate", '{"realm":"\\u202eentra"}'],
    ["/rotate", '{"realm":["entra"]}'],
    ["/rotate", `{"realm":"${"r".repeat(33)}"}`],
  ];
  for (const [target, body] of bodies) {
    const answer = await raw(path, target, { body });
    t.equal(answer.status, 400, body.slice(0, 60));
    t.match(JSON.parse(answer.body), { code: "USAGE", message: /./ });
    t.notMatch(answer.body, /node_modules|\n|\u202e/);
  }
  const text = await raw(path, "/sync", { body: "{}", type: "text/plain" });
  t.equal(text.status, 400);
  t.match(JSON.parse(text.body), { code: "USAGE" });
  t.equal((await raw(path, "/sync", { method: "GET" })).status, 404);
  t.equal((await raw(path, "/stop", { body: "{}" })).status, 404);
  t.equal(done, 0);
  t.equal((await raw(path, "/sync", { type: "" })).status, 200, "no body is an empty order");
  t.equal(done, 1);
});

t.test("garbage and half a request leave the daemon well", async (t) => {
  const { path } = await serve(t);
  for (const bytes of [
    "\u0000\u0001\r\n\r\n",
    "POST /sync HTTP/1.1\r\ncontent-length: 9\r\n\r\n{",
  ]) {
    const socket = connect(path);
    socket.on("error", () => undefined);
    socket.end(bytes);
    socket.resume();
    await once(socket, "close");
  }
  t.match((await heard(path, { kind: "sync" })).at(-1), { exit: 0 });
});

t.test("a bug behind status is told without its words", async (t) => {
  const { path } = await serve(t, {
    status: () => {
      throw new Error("words of the inside");
    },
  });
  const answer = await raw(path, "/status", { method: "GET", type: "" });
  t.equal(answer.status, 500);
  t.strictSame(JSON.parse(answer.body), {
    code: "INTERNAL",
    message: "the daemon could not answer",
  });
});

t.test("a stale socket is replaced, a living one is not", async (t) => {
  const path = socketPath(t);
  const script = `require("node:net").createServer().listen(process.argv[1], () => console.log(1))`;
  const child = spawn(process.execPath, ["-e", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const listen = async () => listenForOrders({ path, handlers: idle, log: silentLog });
  await t.rejects(listen(), { code: "NODE_LOCKED" });
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  t.ok(existsSync(path), "a killed process leaves its socket");
  const server = await listen();
  t.match((await heard(path, { kind: "sync" })).at(-1), { exit: 0 });
  await t.rejects(listen(), { code: "NODE_LOCKED" }, "nor two in one process");
  await server.close();
  t.notOk(existsSync(path), "closing takes the file away");
});

t.test("a path that is no use is CONTROL_LISTEN", async (t) => {
  const dir = dirname(socketPath(t));
  const listen = async (path: string) => listenForOrders({ path, handlers: idle, log: silentLog });
  await t.rejects(listen(join(dir, "nowhere", "control.sock")), { code: "CONTROL_LISTEN" });
  await t.rejects(listen(join(dir, "x".repeat(150))), { code: "CONTROL_LISTEN" });
  mkdirSync(join(dir, "folder"));
  await t.rejects(listen(join(dir, "folder")), { code: "CONTROL_LISTEN" });
  writeFileSync(join(dir, "file"), "somebody's");
  await t.rejects(listen(join(dir, "file")), { code: "CONTROL_LISTEN" }, "no file is deleted");
  t.ok(existsSync(join(dir, "file")));
});

t.test("a client believes only a daemon", async (t) => {
  const path = socketPath(t);
  let answer: [number, string] = [200, ""];
  const server = createServer((_req, res) => res.writeHead(answer[0]).end(answer[1]));
  server.listen(path);
  await once(server, "listening");
  t.teardown(() => server.close());
  for (const wrong of [
    [200, ""],
    [200, "no json\n"],
    [200, '{"type":"progress","text":"and then nothing"}\n'],
    [500, "oops"],
    [503, '{"code":"__proto__","message":"x"}'],
    [503, `"${"x".repeat(100_000)}"`],
  ] as [number, string][]) {
    answer = wrong;
    await t.rejects(
      heard(path, { kind: "sync" }),
      { name: "AgentError", code: "CONTROL_UNREACHABLE" },
      wrong[1].slice(0, 40),
    );
  }
  answer = [503, '{"code":"STOPPING","message":"soon"}'];
  await t.rejects(heard(path, { kind: "sync" }), { code: "STOPPING", message: "soon" });
});
