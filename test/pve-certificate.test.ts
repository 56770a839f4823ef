import { X509Certificate } from "node:crypto";
import { createServer } from "node:net";
import type { TLSSocket } from "node:tls";
import t from "tap";
import type { PveConfig } from "../src/config/types.js";
import { createAuthority, issueForLoopback } from "./emulators/common/tls.js";
import type { IssuedCertificate } from "./emulators/common/tls.js";
import { clientOf, failure, rawServer, signal } from "./pve-setup.js";

/** A server with this certificate that counts requests and notes the names asked for. */
async function served(t: Parameters<typeof rawServer>[0], certificate: IssuedCertificate) {
  const seen = { requests: 0, names: [] as (string | false | null)[] };
  const { url, server } = await rawServer(t, certificate, (_request, response) => {
    seen.requests += 1;
    response.end(JSON.stringify({ data: [{ node: "pve1" }] }));
  });
  server.on("secureConnection", (socket: TLSSocket & { servername?: string | false }) => {
    seen.names.push(socket.servername ?? null);
  });
  return { url, seen };
}

const DELETE_GROUP = { kind: "delete-group", group: "g" } as const;
const certificateError = { code: "PVE_CERTIFICATE" };

t.test("ca_file: its CA is believed, no other one is", async (t) => {
  const authority = await createAuthority("ours");
  const other = await createAuthority("another");
  const { url, seen } = await served(t, await issueForLoopback(authority));
  const { port } = clientOf(t, url, other.caPem);
  t.match(await failure(port.nodes(signal)), certificateError);
  t.match(await failure(port.write(DELETE_GROUP, undefined, signal)), certificateError);
  t.equal(seen.requests, 0, "not a byte of a request was sent");
  t.same(await clientOf(t, url, authority.caPem).port.nodes(signal), ["pve1"]);
});

t.test("server_name: asked for and expected in place of the URL's host", async (t) => {
  const authority = await createAuthority("ours");
  const certificate = await authority.issue({ names: ["pve1.example.com"], ips: [] });
  const { url, seen } = await served(t, certificate);
  const name = (serverName: string): Partial<PveConfig> => ({ serverName });
  t.match(await failure(clientOf(t, url, authority.caPem).port.nodes(signal)), certificateError);
  const other = clientOf(t, url, authority.caPem, name("pve2.example.com"));
  t.match(await failure(other.port.nodes(signal)), certificateError);
  t.equal(seen.requests, 0);
  seen.names.length = 0;
  const right = clientOf(t, url, authority.caPem, name("pve1.example.com"));
  t.same(await right.port.nodes(signal), ["pve1"]);
  t.same(seen.names, ["pve1.example.com"]);
});

t.test("server_name: the URL's own host is then no longer enough", async (t) => {
  const authority = await createAuthority("ours");
  const { url, seen } = await served(t, await issueForLoopback(authority));
  const { port } = clientOf(t, url, authority.caPem, { serverName: "pve1.example.com" });
  t.match(await failure(port.nodes(signal)), certificateError);
  t.equal(seen.requests, 0);
});

t.test("fingerprint: that leaf is believed, whoever signed it and whatever its name", async (t) => {
  const authority = await createAuthority("nobody knows it");
  const certificate = await authority.issue({ names: ["strange.example.com"], ips: [] });
  const { url, seen } = await served(t, certificate);
  const fingerprint = new X509Certificate(certificate.certPem).fingerprint256;
  const { port } = pinned(t, url, fingerprint);
  t.same(await port.nodes(signal), ["pve1"]);
  t.equal(seen.requests, 1);
});

t.test("fingerprint: any other leaf is refused before a header is sent", async (t) => {
  const authority = await createAuthority("ours");
  const certificate = await issueForLoopback(authority);
  const other = await issueForLoopback(authority);
  const { url, seen } = await served(t, certificate);
  const { fingerprint256 } = new X509Certificate(other.certPem);
  for (const fingerprint of [fingerprint256, new X509Certificate(authority.caPem).fingerprint256]) {
    const { port } = pinned(t, url, fingerprint);
    const error = await failure(port.nodes(signal));
    t.match(error, certificateError, "even though a CA that we have signed it");
    t.ok(error.message.includes(new X509Certificate(certificate.certPem).fingerprint256));
    t.match(await failure(port.write(DELETE_GROUP, undefined, signal)), certificateError);
  }
  t.equal(seen.requests, 0);
});

t.test("fingerprint: looked at again on each connection", async (t) => {
  const authority = await createAuthority("ours");
  const certificate = await issueForLoopback(authority);
  let requests = 0;
  const { url, server } = await rawServer(t, certificate, (_request, response) => {
    requests += 1;
    response.writeHead(200, { connection: "close" });
    response.end(JSON.stringify({ data: [{ node: "pve1" }] }));
  });
  const { fingerprint256 } = new X509Certificate(certificate.certPem);
  const { port } = pinned(t, url, fingerprint256);
  for (let n = 0; n < 3; n += 1) t.same(await port.nodes(signal), ["pve1"]);
  const other = await issueForLoopback(authority);
  server.setSecureContext({ cert: other.certPem, key: other.keyPem });
  t.match(await failure(port.nodes(signal)), certificateError);
  t.equal(requests, 3);
});

t.test("an expired certificate is refused", async (t) => {
  const authority = await createAuthority("ours");
  const certificate = await authority.issue({
    names: ["localhost"],
    ips: ["127.0.0.1"],
    days: -0.5,
  });
  const { url, seen } = await served(t, certificate);
  t.match(await failure(clientOf(t, url, authority.caPem).port.nodes(signal)), certificateError);
  t.equal(seen.requests, 0);
});

t.test("a server that speaks no TLS is unreachable, and learns nothing", async (t) => {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      heard.push(data.toString("latin1"));
      socket.end("HTTP/1.1 200 OK\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => void server.close());
  const address = server.address();
  const at = typeof address === "object" && address !== null ? address.port : 0;
  const { caPem } = await createAuthority("ours");
  const { port } = clientOf(t, `https://127.0.0.1:${at}`, caPem);
  t.match(await failure(port.nodes(signal)), { code: "PVE_UNREACHABLE" });
  t.match(await failure(port.write(DELETE_GROUP, undefined, signal)), { code: "PVE_UNREACHABLE" });
  t.notMatch(heard.join(""), /authorization|PVEAPIToken/i);
});

function pinned(t: Parameters<typeof clientOf>[0], url: string, fingerprint: string) {
  return clientOf(t, url, undefined, { fingerprint });
}
