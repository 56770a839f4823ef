import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { EmulatorClock } from "../common/clock.js";
import type { Place } from "../common/place.js";
import type { IssuedCertificate } from "../common/tls.js";
import type { Incoming } from "./request.js";
import type { Outgoing } from "./response.js";

/** What becomes of a request: an answer, a broken connection, or silence. */
export type Outcome = Outgoing | "cut" | "stall";

export interface HttpServer {
  /** `https://127.0.0.1:port`, or the place's name. */
  url: string;
  /** Breaks every connection; whoever comes again meets this certificate. */
  showCertificate(certificate: IssuedCertificate): void;
  close(): Promise<void>;
}

/** pveproxy closes a connection that is idle for so long, */
const IDLE_MS = 5_000;
/** and after so many requests. */
const REQUESTS_PER_CONNECTION = 100;
/** Longer answers are compressed for whoever accepts it. */
const COMPRESS_FROM_BYTES = 1024;
/** More of a body than this is thrown away; PVE refuses by the announced length far below it. */
const KEEP_BODY_BYTES = 1_048_576;

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size <= KEEP_BODY_BYTES) chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("latin1");
}

function headersOf(request: IncomingMessage): Record<string, string | undefined> {
  const entries = Object.entries(request.headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

/** Sends an answer as PVE's HTTP server does: bytes as they are, an error closes the connection. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Outgoing & { headers?: Record<string, string> },
  now: number,
  served: number,
): void {
  const keep =
    answer.status < 400 &&
    served < REQUESTS_PER_CONNECTION &&
    !/close/i.test(request.headers.connection ?? "");
  const date = new Date(now).toUTCString();
  const headers: Record<string, string | number> = {
    "Cache-Control": "max-age=0",
    Connection: keep ? "Keep-Alive" : "close",
    Date: date,
    Pragma: "no-cache",
    Server: "pve-api-daemon/3.0",
    Expires: date,
    ...(answer.contentType && { "Content-Type": answer.contentType }),
    ...answer.headers,
  };
  let { body } = answer;
  const zipped = /gzip/.test(String(request.headers["accept-encoding"] ?? ""));
  if (zipped && body.length > COMPRESS_FROM_BYTES) {
    body = gzipSync(body);
    headers["Content-Encoding"] = "gzip";
  }
  headers["Content-Length"] = body.length;
  response.writeHead(answer.status, answer.reason, headers);
  response.end(body);
}

/** Listens on a free port of the loopback address, or of the place's; `handle` decides what becomes of each request. */
export async function startHttps(
  certificate: IssuedCertificate,
  clock: EmulatorClock,
  handle: (request: Incoming) => Promise<Outcome & (string | { headers?: Record<string, string> })>,
  { address, name }: Place = { address: "127.0.0.1", name: "127.0.0.1" },
): Promise<HttpServer> {
  const sockets = new Set<Socket>();
  const served = new WeakMap<Socket, number>();
  const server: Server = createServer({ cert: certificate.certPem, key: certificate.keyPem });
  server.keepAliveTimeout = IDLE_MS;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { socket } = request;
    const count = (served.get(socket) ?? 0) + 1;
    served.set(socket, count);
    const body = await readBody(request);
    const outcome = await handle({
      method: request.method ?? "GET",
      url: request.url ?? "/",
      headers: headersOf(request),
      body,
    });
    if (outcome === "cut") socket.destroy();
    else if (outcome !== "stall") send(request, response, outcome, clock.now(), count);
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    breakAll();
    await closed;
  };
  const showCertificate = ({ certPem, keyPem }: IssuedCertificate): void => {
    server.setSecureContext({ cert: certPem, key: keyPem });
    breakAll();
  };
  return { url: `https://${name}:${port}`, showCertificate, close };
}
