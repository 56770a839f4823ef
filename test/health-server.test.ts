import { Agent, request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { chmodSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import os, { networkInterfaces } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import t from "tap";
import type { Test } from "tap";
import type { HealthConfig } from "../src/config/types.js";
import { Counters, createHealth } from "../src/health/index.js";
import type { HealthOptions, HealthState } from "../src/health/index.js";
import { silentLog } from "../src/log.js";
import { well, withRealm } from "./health-common.js";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { body: sent, ...rest } = options;
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve, reject) => {
    const req = request(url, { agent, ...rest }, (res) => {
      let body = "";
      res.setEncoding("utf8");
      res.on("data", (part: string) => void (body += part));
      res.on("end", () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
    });
    req.on("error", reject);
    req.end(sent);
  });
}

async function serve(
  t: Test,
  state: () => HealthState,
  config: Partial<HealthConfig> = {},
  extra: Partial<HealthOptions> = {},
): Promise<string> {
  const health = createHealth({
    state,
    counters: new Counters(),
    config: { host: "127.0.0.1", port: 0, ...config },
    log: silentLog,
    ...extra,
  });
  t.teardown(() => health.close());
  return health.listen();
}

t.test("health, readiness and metrics", async (t) => {
  let state: HealthState = well;
  const url = await serve(t, () => state);
  const health = await ask(`${url}/health`);
  t.equal(health.status, 200);
  t.match(health.headers["content-type"], "application/json");
  t.equal(health.headers["cache-control"], "no-store");
  t.match(JSON.parse(health.body), { state: "ok", version: "1.2.3" });
  t.equal((await ask(`${url}/ready`)).body, '{"ready":true}');
  const metrics = await ask(`${url}/metrics`);
  t.match(metrics.headers["content-type"], "text/plain; version=0.0.4");
  t.match(metrics.body, "pve_entra_agent_leader 1");

  state = { ...withRealm({ secret: { accepted: false } }), observed: false };
  const failing = await ask(`${url}/health`);
  t.equal(failing.status, 503);
  t.match(JSON.parse(failing.body), { state: "failing" });
  const ready = await ask(`${url}/ready`);
  t.equal(ready.status, 503);
  t.equal(ready.body, '{"ready":false}');
});

t.test("only GET of the three paths; nothing is told about the inside", async (t) => {
  const url = await serve(t, () => well);
  for (const path of ["/", "/metrics/", "/Health", "/health/x", "/../etc/passwd", "/%00", "//"]) {
    const { status, body } = await ask(`${url}${path}`);
    t.equal(status, 404, path);
    t.notMatch(body, /node_modules|fastify|Error|at /);
  }
  t.equal((await ask(`${url}/%`)).status, 400, "a path that is no URL");
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) {
    const { status } = await ask(`${url}/health`, { method });
    t.equal(status, 405, method);
  }
  const { status } = await ask(`${url}/health`, { method: "POST", body: "x".repeat(100_000) });
  t.equal(status, 405, "a body is not read");
  t.equal((await ask(`${url}/health`, { headers: { x: "y".repeat(20_000) } })).status, 431);
  t.equal((await ask(`${url}/health`, { method: "HEAD" })).status, 200);
});

t.test("a bug in the state is a 500 without its words, and the next request works", async (t) => {
  let broken = true;
  const url = await serve(t, () => {
    if (broken) throw new Error("words of the inside");
    return well;
  });
  for (const path of ["/health", "/ready", "/metrics"]) {
    const { status, body } = await ask(`${url}${path}`);
    t.equal(status, 500);
    t.equal(body, '{"error":"internal error"}');
  }
  broken = false;
  t.equal((await ask(`${url}/health`)).status, 200);
});

t.test("at most fifty requests a second are answered", async (t) => {
  let now = 0;
  const url = await serve(t, () => well, {}, { monotonic: () => now });
  const statuses = async (): Promise<Record<string, number>> => {
    const answers: Answer[] = [];
    for (let n = 0; n < 60; n++) answers.push(await ask(`${url}/ready`));
    return Object.fromEntries(
      [200, 429].map((code) => [code, answers.filter(({ status }) => status === code).length]),
    );
  };
  t.strictSame(await statuses(), { 200: 50, 429: 10 });
  now += 1000;
  t.strictSame(await statuses(), { 200: 50, 429: 10 });
  t.equal((await ask(`${url}/ready`)).headers["retry-after"], "1");
});

t.test("garbage on the wire ends that connection and nothing else", async (t) => {
  const url = await serve(t, () => well);
  for (const bytes of ["\u0000\u0001\u0002\r\n\r\n", "GET\r\n\r\n", `GET /${"a".repeat(20_000)}`]) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.end(bytes);
    socket.resume();
    await once(socket, "close");
  }
  t.equal((await ask(`${url}/health`)).status, 200);
});

t.test("with a token file nobody gets in without the token", async (t) => {
  const dir = t.testdir({ token: "first-token\n" });
  const tokenFile = join(dir, "token");
  chmodSync(tokenFile, 0o600);
  const url = await serve(t, () => well, { tokenFile });
  const status = async (authorization?: string): Promise<number> =>
    (await ask(`${url}/health`, authorization ? { headers: { authorization } } : {})).status;
  t.equal(await status(), 401);
  for (const wrong of [
    "first-token",
    "Bearer",
    "Bearer x",
    "Bearer first-token x",
    "Basic first-token",
  ]) {
    t.equal(await status(wrong), 401, wrong);
  }
  t.equal((await ask(`${url}/nowhere`)).status, 401, "not even what is not there");
  t.equal(await status("Bearer first-token"), 200);
  t.equal(await status("bearer first-token"), 200, "the scheme's case does not matter");
  writeFileSync(tokenFile, "second-token\n", { mode: 0o600 });
  t.equal(await status("Bearer first-token"), 401, "a renewed token counts at once");
  t.equal(await status("Bearer second-token"), 200);
  chmodSync(tokenFile, 0o644);
  t.equal(await status("Bearer second-token"), 401, "one that others may read is none");
});

t.test("where it may not or cannot listen it says so", async (t) => {
  const url = await serve(t, () => well);
  const port = Number(new URL(url).port);
  await t.rejects(
    serve(t, () => well, { port }),
    { code: "HEALTH_LISTEN", message: /EADDRINUSE/ },
  );
  const elsewhere = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal }) => !internal)?.address;
  for (const host of ["0.0.0.0", "::", elsewhere ?? "192.0.2.1"]) {
    await t.rejects(
      serve(t, () => well, { host }),
      { code: "HEALTH_LISTEN", message: /token_file/ },
    );
  }
  await t.rejects(
    serve(t, () => well, { tokenFile: "/nowhere/token" }),
    {
      code: "CREDENTIAL_INVALID",
    },
  );
});

t.test("all addresses are served where the sandbox hides which there are", async (t) => {
  // As under RestrictAddressFamilies= without AF_NETLINK.
  t.intercept(os, "networkInterfaces", {
    value: () => {
      throw new Error("uv_interface_addresses returned EAFNOSUPPORT");
    },
  });
  const dir = t.testdir({ token: "a-token-for-the-scraper" });
  chmodSync(join(dir, "token"), 0o600);
  const url = await serve(t, () => well, { host: "0.0.0.0", tokenFile: join(dir, "token") });
  const { port } = new URL(url);
  const headers = { authorization: "Bearer a-token-for-the-scraper" };
  t.equal((await ask(`http://127.0.0.1:${port}/health`, { headers })).status, 200);
});

t.test("closing does not wait for an open connection", async (t) => {
  const health = createHealth({
    state: () => well,
    counters: new Counters(),
    config: { host: "127.0.0.1", port: 0 },
    log: silentLog,
  });
  const url = await health.listen();
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const closed = once(socket, "close");
  await health.close();
  await closed;
  await t.rejects(ask(`${url}/health`), { code: "ECONNREFUSED" });
});
