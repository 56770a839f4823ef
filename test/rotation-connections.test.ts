/**
 * Who keeps a connection open talks to one front end all the while. PVE opens a new one for every
 * login, so the proof does too: else sixty answers are sixty times the same replica's.
 */
import { createServer as createProxy } from "node:http";
import { createServer } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Server } from "node:net";
import t from "tap";
import { judgeKey, proveSteadily } from "../src/pass/proof.js";
import { Secret } from "../src/secret.js";
import { createAuthority, issueForLoopback } from "./emulators/common/tls.js";
import { never, ownFile, talk } from "./entra-bed.js";
import { AGENT, guid, TENANT, tokenReply } from "./entra-stub.js";

const APP = guid(5);
const SECRET = new Secret("abc-made-up-secret-value");
const REFUSED = {
  error: "invalid_client",
  error_description: "AADSTS7000215: Invalid client secret provided.",
  error_codes: [7000215],
};

type Test = Parameters<typeof talk>[0];

/** Every connection leads to the next of these replicas, for as long as it lasts. */
async function startFrontEnds(t: Test, replicas: readonly (() => boolean)[]) {
  const authority = await createAuthority("Front ends");
  const { certPem, keyPem } = await issueForLoopback(authority);
  const led = new WeakMap<object, () => boolean>();
  const met = { connections: 0, questions: 0 };
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    met.questions += 1;
    request.resume();
    const accepts = led.get(request.socket)?.() ?? false;
    response.writeHead(accepts ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(accepts ? tokenReply().body : REFUSED));
  });
  server.on("secureConnection", (socket) => {
    led.set(socket, replicas[met.connections % replicas.length] ?? (() => false));
    met.connections += 1;
  });
  const port = await listen(t, server);
  t.teardown(() => server.closeAllConnections());
  const config = {
    tenantId: TENANT,
    clientId: AGENT,
    credential: { kind: "managed-identity" },
    authority: `https://localhost:${port}`,
    graph: `https://localhost:${port}`,
    caFile: ownFile(t, "ca.pem", authority.caPem),
  } as const;
  return { met, config, port };
}

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

t.test("a replica that some connections lead to is met, however long it takes", async (t) => {
  let learnt = false;
  const ends = await startFrontEnds(t, [() => true, () => true, () => learnt]);
  const { entra, clock } = talk(t, ends.config);
  const tools = { probe: entra.probe, signal: never };
  const slow = {
    ...clock,
    sleep: async (ms: number) => {
      await clock.sleep(ms);
      if (clock.monotonic() > 300_000) learnt = true;
    },
  };
  const proof = await proveSteadily(APP, SECRET, { seconds: 60 }, { ...tools, clock: slow });
  t.equal(proof.proved, true);
  t.ok(learnt, "not before the slow one has learnt it");
  t.ok(proof.refusals > 50, `${proof.refusals} refusals`);
  t.equal(ends.met.connections, ends.met.questions, "a connection for each question");
});

t.test("front ends that refuse alone do not make a key a refused one", async (t) => {
  const no = (): boolean => false;
  const ends = await startFrontEnds(t, [no, no, no, () => true]);
  const { entra, clock } = talk(t, ends.config);
  const { proof } = await judgeKey(APP, SECRET, () => clock.now(), {
    probe: entra.probe,
    clock,
    signal: never,
  });
  t.equal(proof.kind, "accepted");
});

t.test("through a proxy, too", async (t) => {
  const ends = await startFrontEnds(t, [() => true]);
  let tunnels = 0;
  const proxy = createProxy();
  proxy.on("connect", (_request, socket, head) => {
    tunnels += 1;
    const onward = connect(ends.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    t.teardown(() => socket.destroy());
  });
  const port = await listen(t, proxy);
  const authority = await createAuthority("Far CA");
  const { certPem, keyPem } = await authority.issue({ names: ["login.far.test"], ips: [] });
  const far = createServer({ cert: certPem, key: keyPem }, (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(tokenReply().body));
  });
  ends.port = await listen(t, far);
  t.teardown(() => far.closeAllConnections());
  const { entra } = talk(t, {
    ...ends.config,
    authority: "https://login.far.test",
    graph: "https://graph.far.test",
    caFile: ownFile(t, "far.pem", authority.caPem),
    proxy: `http://127.0.0.1:${port}`,
  });
  for (let n = 0; n < 3; n += 1) {
    t.same(await entra.probe.prove(APP, SECRET, never), { kind: "accepted" });
  }
  t.equal(tunnels, 3);
});
