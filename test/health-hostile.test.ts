/** The health door and whoever would abuse it: from the wire, byte by byte. */
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { HealthConfig } from "../src/config/types.js";
import { Counters, createHealth } from "../src/health/index.js";
import type { HealthOptions } from "../src/health/index.js";
import { silentLog } from "../src/log.js";
import { realm, well } from "./health-common.js";

t.setTimeout(120_000);
t.jobs = 4;

/** Waits for a deadline, beside the others that do. */
const waiting = (): { buffered: true } => ({ buffered: true });
const TOKEN = "emulated-health-token";
const LINE = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n";

async function serve(
  t: Test,
  config: Partial<HealthConfig> = {},
  more: Partial<HealthOptions> = {},
): Promise<number> {
  const health = createHealth({
    state: () => well,
    counters: new Counters(),
    config: { host: "127.0.0.1", port: 0, ...config },
    log: silentLog,
    ...more,
  });
  t.teardown(() => health.close());
  return Number(new URL(await health.listen()).port);
}

function dial(t: Test, port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  t.teardown(() => void socket.destroy());
  return socket;
}

/** Everything that comes back until the connection ends. */
async function hear(t: Test, port: number, bytes: string): Promise<string> {
  const socket = dial(t, port);
  let heard = "";
  socket.setEncoding("latin1").on("data", (part: string) => void (heard += part));
  socket.write(bytes, "latin1");
  await once(socket, "close");
  return heard;
}

const statuses = (heard: string): readonly string[] =>
  [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status ?? "");

/** The status that one request on a connection of its own gets. */
async function ask(t: Test, port: number, path = "/health", headers = ""): Promise<string> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${headers}\r\n`;
  return statuses(await hear(t, port, request))[0] ?? "nothing";
}

t.test("a page in a browser cannot read it under a name of its own (DNS rebinding)", async (t) => {
  const port = await serve(t);
  const asked = async (host: string): Promise<string> => {
    const request = `GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    return statuses(await hear(t, port, request)).join();
  };
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "127.0.0.1@evil.example",
    "[::1].evil.example",
    "[evil.example]",
    "localhost:80:80",
    "0x7f000001",
    "",
  ]) {
    t.equal(await asked(host), "421", host);
  }
  for (const host of [
    "127.0.0.1",
    `127.0.0.1:${port}`,
    "localhost",
    `LOCALHOST:${port}`,
    "[::1]:9",
  ]) {
    t.equal(await asked(host), "200", host);
  }
  t.same(statuses(await hear(t, port, "GET /health HTTP/1.0\r\n\r\n")), ["200"], "no browser");
  t.same(statuses(await hear(t, port, "GET /health HTTP/1.1\r\n\r\n")), ["400"], "no Host at all");
});

t.test("what a browser is not let see of another origin it is not told to share", async (t) => {
  const port = await serve(t);
  const heard = await hear(
    t,
    port,
    `${LINE}Origin: https://evil.example\r\nConnection: close\r\n\r\n`,
  );
  t.match(heard, /^HTTP\/1\.1 200/);
  t.notMatch(heard, /access-control/i);
});

t.test("with a token the name does not matter", async (t) => {
  const port = await serve(t, { tokenFile: tokenFile(t) });
  const request = `GET /health HTTP/1.1\r\nHost: pve1.contoso.example\r\nConnection: close\r\n`;
  t.same(statuses(await hear(t, port, `${request}Authorization: Bearer ${TOKEN}\r\n\r\n`)), [
    "200",
  ]);
  t.same(statuses(await hear(t, port, `${request}\r\n`)), ["401"]);
});

t.test("another way to write a request is refused or means the same", async (t) => {
  const port = await serve(t);
  const cases: readonly [string, string, readonly string[]][] = [
    [
      "absolute form",
      `GET http://evil.example/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      ["421"],
    ],
    ["a proxy's CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", []],
    ["upgrade", `${LINE}Connection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`, ["200"]],
    ["HTTP/2 from the start", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ["400"]],
    ["a space in front of the colon", `${LINE}X : y\r\n\r\n`, ["400"]],
    [
      "a header that goes on in a second line",
      `${LINE}X: y\r\n z\r\nConnection: close\r\n\r\n`,
      ["400"],
    ],
    ["a NUL", `${LINE}X: \0\r\n\r\n`, ["400"]],
    ["a method that nobody knows", "FETCH /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", ["400"]],
    ["too long a path", `GET /${"a".repeat(20_000)} HTTP/1.1\r\n\r\n`, ["431"]],
    ["too many headers", `${LINE}${"a: b\r\n".repeat(9000)}\r\n`, ["431"]],
    ["an expectation", `${LINE}Expect: 100-continue\r\nConnection: close\r\n\r\n`, ["100", "200"]],
    ["another expectation", `${LINE}Expect: miracles\r\nConnection: close\r\n\r\n`, ["417"]],
  ];
  for (const [what, bytes, wanted] of cases) {
    t.strictSame(statuses(await hear(t, port, bytes)), wanted, what);
  }
});

t.test("no request hides in the body of another", async (t) => {
  const port = await serve(t);
  const hidden = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  for (const framing of [
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding\t: chunked\r\n",
  ]) {
    const heard = await hear(t, port, `${LINE}${framing}\r\n0\r\n\r\n${hidden}`);
    t.notMatch(heard, "pve_entra_agent_", framing);
    t.ok(
      statuses(heard).every((status) => status === "400" || status === "200"),
      framing,
    );
  }
});

t.test("a body is never waited for beyond the time of a request", waiting(), async (t) => {
  const port = await serve(t);
  const heard = ["GET", "POST"].map(async (method) => {
    const head = `${method} /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n`;
    const socket = dial(t, port);
    let told = "";
    socket.setEncoding("latin1").on("data", (part: string) => void (told += part));
    socket.write(head);
    // Each byte is activity: only the time of the whole request ends it.
    const drip = setInterval(() => socket.writable && socket.write("x"), 500);
    await once(socket, "close");
    clearInterval(drip);
    return told;
  });
  const [get, post] = await Promise.all(heard);
  t.match(get, /^HTTP\/1\.1 200/);
  t.match(post, /^HTTP\/1\.1 405/);
});

t.test("many requests in one go are each counted, and end with the connection", async (t) => {
  const port = await serve(t, {}, { monotonic: () => 0 });
  const seen = statuses(await hear(t, port, `${LINE}\r\n`.repeat(200)));
  t.equal(seen.filter((status) => status === "200").length, 50);
  t.strictSame([...new Set(seen)], ["200", "429"]);
  t.ok(seen.length <= 100, "and no connection goes on for ever");
});

t.test("idle connections do not shut the door", async (t) => {
  const port = await serve(t);
  const idle = Array.from({ length: 500 }, () => dial(t, port));
  await Promise.all(idle.map((socket) => once(socket, "connect")));
  for (let n = 0; n < 5; n++) t.equal(await ask(t, port), "200");
});

t.test("clients that send a byte now and then do not, and are cut", waiting(), async (t) => {
  const port = await serve(t);
  const slow = Array.from({ length: 200 }, () => dial(t, port));
  await Promise.all(slow.map((socket) => once(socket, "connect")));
  const last = slow.at(-1);
  for (const socket of slow) socket.write("GET /");
  const drip = setInterval(
    () => slow.forEach((socket) => socket.writable && socket.write("a")),
    500,
  );
  t.teardown(() => clearInterval(drip));
  t.equal(await ask(t, port), "200");
  if (last?.closed === false) await once(last.resume(), "close");
  t.equal(await ask(t, port), "200");
});

t.test("clients that do not read what they asked for do not", waiting(), async (t) => {
  const groups = new Map(Array.from({ length: 5000 }, (_, n) => [`group-${n}`, n]));
  const crowded = { ...realm, sync: { ...realm.sync, groupMembers: groups } };
  const state = { ...well, realms: new Map([["entra", crowded]]) };
  let second = 0;
  const port = await serve(t, {}, { state: () => state, monotonic: () => second * 1000 });
  const deaf = Array.from({ length: 40 }, () => dial(t, port).pause());
  await Promise.all(deaf.map((socket) => once(socket, "connect")));
  const cut = Promise.all(deaf.map((socket) => once(socket, "close")));
  for (const socket of deaf) socket.write("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  for (let n = 0; n < 5; n++) {
    second += 1;
    t.equal(await ask(t, port, "/metrics"), "200");
  }
  for (const socket of deaf) socket.resume();
  await cut;
});

t.test("strangers use up nothing of who has the token", async (t) => {
  const port = await serve(t, { tokenFile: tokenFile(t) }, { monotonic: () => 0 });
  const seen: string[] = [];
  for (let n = 0; n < 60; n++)
    seen.push(await ask(t, port, "/metrics", "Authorization: Bearer wrong\r\n"));
  t.equal(seen.filter((status) => status === "401").length, 50);
  t.equal(seen.filter((status) => status === "429").length, 10);
  t.equal(await ask(t, port, "/health", `Authorization: Bearer ${TOKEN}\r\n`), "200");
});

function tokenFile(t: Test): string {
  const file = join(t.testdir({ token: `${TOKEN}\n` }), "token");
  chmodSync(file, 0o600);
  return file;
}
