import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import t from "tap";
import type { EntraConfig } from "../src/config/types.js";
import { proxyFor, proxyName } from "../src/entra/proxy.js";
import { Secret } from "../src/secret.js";
import { never, ownFile, talk } from "./entra-bed.js";
import { guid, startStub, tokenReply } from "./entra-stub.js";
import { createAuthority } from "./emulators/common/tls.js";
import { createServer as createTls } from "node:https";

const GRAPH = new URL("https://graph.microsoft.com/v1.0/groups");
const to = (url: URL | string, configured?: string, env = {}): string | undefined =>
  proxyFor(new URL(url), configured, env)?.href;

t.test("the configuration's proxy stands in place of the environment's", async (t) => {
  const env = { HTTPS_PROXY: "http://env:1", NO_PROXY: "*" };
  t.equal(to(GRAPH, "http://conf:3128", env), "http://conf:3128/");
  t.equal(to(GRAPH, undefined, { HTTPS_PROXY: "http://env:1" }), "http://env:1/");
  t.equal(to(GRAPH, undefined, { https_proxy: "env:8080" }), "http://env:8080/");
  t.equal(to(GRAPH, undefined, {}), undefined);
  t.equal(to(GRAPH, undefined, { HTTPS_PROXY: "" }), undefined);
});

t.test("loopback never goes through a proxy", async (t) => {
  for (const host of ["localhost:8443", "127.0.0.1", "127.9.9.9:1", "[::1]:8006"]) {
    t.equal(to(`https://${host}/`, "http://conf:3128", {}), undefined, host);
  }
  t.not(to("https://127.example.com/", "http://conf:3128"), undefined);
});

const EXEMPT: readonly [string, boolean][] = [
  ["graph.microsoft.com", true],
  ["GRAPH.microsoft.com", true],
  ["microsoft.com", true],
  [".microsoft.com", true],
  ["*.microsoft.com", true],
  ["example.com, graph.microsoft.com:443", true],
  ["*", true],
  ["graph.microsoft.com:8443", false],
  ["raph.microsoft.com", false],
  ["com.microsoft", false],
  ["login.microsoftonline.com", false],
  ["", false],
];

for (const [list, exempt] of EXEMPT) {
  t.equal(
    to(GRAPH, undefined, { HTTPS_PROXY: "http://env:1", NO_PROXY: list }) === undefined,
    exempt,
    `NO_PROXY="${list}" ${exempt ? "exempts" : "does not exempt"} Graph`,
  );
}

t.test("a proxy that is no URL is refused without being repeated", async (t) => {
  for (const bad of ["http://user:made-up@:x", "ftp://user:made-up@proxy", "://made-up"]) {
    const thrown = await Promise.resolve()
      .then(() => to(GRAPH, undefined, { HTTPS_PROXY: bad }))
      .catch((error: unknown) => error as Error & { cause?: unknown });
    t.match(thrown, { code: "CONFIG_INVALID", message: "HTTPS_PROXY is not an http or https URL" });
    t.equal((thrown as Error).cause, undefined);
  }
  t.equal(proxyName(new URL("http://user:made-up@proxy:3128")), "http://proxy:3128");
});

/** A proxy that leads every name to the stub, and notes who asked it for what. */
async function startProxy(t: Parameters<typeof startStub>[0], stubUrl: string, refuse?: number) {
  const asked: IncomingMessage[] = [];
  const server = createServer();
  server.on("connect", (request, socket, head) => {
    asked.push(request);
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
      return;
    }
    const onward = connect(Number(new URL(stubUrl).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    t.teardown(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return { asked, port: (server.address() as AddressInfo).port };
}

/** A TLS server for a name that is not loopback; only the proxy finds it. */
async function startFar(t: Parameters<typeof startStub>[0]) {
  const authority = await createAuthority("Far CA");
  const { certPem, keyPem } = await authority.issue({ names: ["login.far.test"], ips: [] });
  const server = createTls({ cert: certPem, key: keyPem }, (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(tokenReply().body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config: EntraConfig = {
    tenantId: guid(1),
    clientId: guid(2),
    credential: { kind: "managed-identity" },
    authority: "https://login.far.test",
    graph: "https://graph.far.test",
    caFile: ownFile(t, "ca.pem", authority.caPem),
  };
  return { url, config };
}

t.test("requests go through the proxy, and TLS is with the host behind it", async (t) => {
  const far = await startFar(t);
  const proxy = await startProxy(t, far.url);
  const { entra } = talk(t, { ...far.config, proxy: `http://127.0.0.1:${proxy.port}` });
  t.same(await entra.probe.prove(guid(5), new Secret("made-up"), never), { kind: "accepted" });
  t.same(
    proxy.asked.map(({ url }) => url),
    ["login.far.test:443"],
  );
  t.equal(proxy.asked[0]?.headers["proxy-authorization"], undefined);
});

t.test("the environment's proxy with a password is used and never shown", async (t) => {
  const far = await startFar(t);
  const open = await startProxy(t, far.url);
  const withPassword = (port: number) => ({
    env: { HTTPS_PROXY: `http://user:made-up-word@127.0.0.1:${port}` },
  });
  const { entra } = talk(t, far.config, withPassword(open.port));
  t.match(await entra.probe.prove(guid(5), new Secret("made-up"), never), { kind: "accepted" });
  const basic = `Basic ${Buffer.from("user:made-up-word").toString("base64")}`;
  t.equal(open.asked[0]?.headers["proxy-authorization"], basic);

  const closed = await startProxy(t, far.url, 407);
  const refused = talk(t, far.config, withPassword(closed.port));
  const answer = await refused.entra.probe.prove(guid(5), new Secret("made-up"), never);
  t.match(answer, {
    kind: "unclear",
    message: new RegExp(
      `ENTRA_UNREACHABLE: login.far.test through proxy http://127.0.0.1:${closed.port}: .*407`,
    ),
  });
  t.notMatch(JSON.stringify(answer) + refused.log.lines.join(), /made-up-word|dXNlcjp/);
});

t.test("without a proxy the configured hosts on loopback are reached directly", async (t) => {
  const stub = await startStub(t, () => ({}));
  const { entra } = talk(t, { ...stub.config, proxy: "http://127.0.0.1:1" });
  t.same(await entra.probe.prove(guid(5), new Secret("made-up"), never), { kind: "accepted" });
});
