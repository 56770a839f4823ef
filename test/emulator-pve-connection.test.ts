import { Agent as HttpsAgent, get, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { startPve } from "./emulators/pve/index.js";

const pve = await startPve();
t.teardown(() => pve.close());

interface Got {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
  /** The client's end of the connection, to tell connections apart. */
  port: number;
}

function ask(agent: HttpsAgent, options: object = {}, host = "127.0.0.1"): Promise<Got> {
  const { port } = new URL(pve.url);
  const path = "/api2/json/access/domains";
  return new Promise((resolve, reject) => {
    get({ host, port, path, ca: pve.caPem, agent, ...options }, (response) => {
      const chunks: Buffer[] = [];
      const from = response.socket.localPort ?? 0;
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          port: from,
        }),
      );
    }).on("error", reject);
  });
}

t.test("a connection serves a hundred requests", async (t) => {
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const ports: number[] = [];
  let last: Got | undefined;
  for (let n = 0; n < 100; n += 1) {
    last = await ask(agent);
    ports.push(last.port);
  }
  t.equal(new Set(ports).size, 1);
  t.equal(last?.headers.connection, "close");
  t.not((await ask(agent)).port, ports[0], "the next one needs a new connection");
});

t.test("an error closes the connection", async (t) => {
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const first = await ask(agent);
  t.equal(first.headers.connection, "Keep-Alive");
  const refused = await ask(agent, { path: "/api2/json/version" });
  t.match(refused, { status: 401, headers: { connection: "close" }, port: first.port });
  t.equal(refused.headers["content-type"], undefined);
  t.equal(refused.body.length, 0);
  t.not((await ask(agent)).port, first.port);
});

t.test("the certificate is good for both names of the loopback", async (t) => {
  const agent = new HttpsAgent({ keepAlive: false });
  t.equal((await ask(agent, {}, "127.0.0.1")).status, 200);
  t.equal((await ask(agent, { servername: "localhost" })).status, 200);
  await t.rejects(ask(agent, { ca: [] }), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
  await t.rejects(ask(agent, { servername: "pve.example" }), {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
});

t.test("a long answer is compressed for whoever accepts it", async (t) => {
  const agent = new HttpsAgent({ keepAlive: false });
  const comment = "long ".repeat(300);
  pve.world.setRealm("entra", { comment });
  const zipped = await ask(agent, { headers: { "accept-encoding": "gzip" } });
  t.equal(zipped.headers["content-encoding"], "gzip");
  t.match(gunzipSync(zipped.body).toString(), comment.trim());
  t.equal((await ask(agent)).headers["content-encoding"], undefined);
});

t.test("dates are the emulator's", async (t) => {
  pve.clock.set(Date.UTC(2031, 0, 1));
  const { headers } = await ask(new HttpsAgent({ keepAlive: false }));
  t.match(headers.date, /^Wed, 01 Jan 2031/);
});

t.test("a body in chunks is refused", async (t) => {
  const { port } = new URL(pve.url);
  const status = await new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path: "/api2/json/access/ticket",
        method: "POST",
        ca: pve.caPem,
        agent: false,
        headers: { "transfer-encoding": "chunked" },
      },
      (response) => {
        response.resume();
        resolve(`${response.statusCode ?? 0} ${response.statusMessage ?? ""}`);
      },
    );
    sent.on("error", reject);
    sent.end("username=a");
  });
  t.equal(status, "501 chunked transfer encoding not supported");
});
