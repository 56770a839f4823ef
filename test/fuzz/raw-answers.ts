/** A TLS server that answers in bytes, for answers that no HTTP server would write. */
import { createServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { Test } from "tap";
import type { IssuedCertificate } from "../emulators/common/tls.js";

/** Writes an answer to one request; `endless` goes on until the other side leaves. */
export type Answering = (
  socket: TLSSocket,
  endless: (bytes: Buffer, everyMs: number) => void,
) => void;

export interface RawServer {
  readonly url: string;
  /** Requests as received, headers and all. */
  readonly asked: string[];
  /** Bytes that were written so far. */
  readonly sent: () => number;
}

export async function rawAnswers(
  t: Test,
  certificate: IssuedCertificate,
  answer: Answering,
): Promise<RawServer> {
  const asked: string[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      asked.push(chunk.toString("latin1"));
      answer(socket, (bytes, everyMs) => endlessly(socket, bytes, everyMs));
    });
  });
  let gone = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.on("secureConnection", (socket) => {
    socket.once("close", () => (gone += socket.bytesWritten));
  });
  t.teardown(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const living = (): number => [...sockets].reduce((sum, one) => sum + one.bytesWritten, 0);
  return { url: `https://localhost:${port}`, asked, sent: () => gone + living() };
}

/** As fast as the other side takes it (0), or a piece each so many milliseconds. */
function endlessly(socket: TLSSocket, bytes: Buffer, everyMs: number): void {
  if (everyMs > 0) {
    const timer = setInterval(() => void socket.write(bytes), everyMs);
    socket.once("close", () => clearInterval(timer));
    return;
  }
  const more = (): void => {
    while (!socket.destroyed && socket.write(bytes));
    if (!socket.destroyed) socket.once("drain", more);
  };
  more();
}

const JSON_BODY = '{"value":[],"data":[]}';
const head = (more: string, status = "200 OK"): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${more}\r\n`;
const MIB = Buffer.alloc(64 * 1024, "x");
const bomb = gzipSync(Buffer.alloc(50_000_000, " "));

function said(text: string | Buffer, more = ""): Answering {
  return (socket) => {
    socket.write(text);
    socket.end(more);
  };
}

/** Endless in size: must end by a limit, not by the time. */
export const LARGE_ANSWERS: Readonly<Record<string, Answering>> = {
  "a body of 100 MB, announced": (socket, endless) => {
    socket.write(head("content-length: 104857600\r\n"));
    endless(MIB, 0);
  },
  "a body without end, in chunks": (socket, endless) => {
    socket.write(head("transfer-encoding: chunked\r\n"));
    endless(Buffer.concat([Buffer.from("10000\r\n"), MIB, Buffer.from("\r\n")]), 0);
  },
  "a body without end, by closing": (socket, endless) => {
    socket.write(head("connection: close\r\n"));
    endless(MIB, 0);
  },
  "a redirect with a body without end": (socket, endless) => {
    socket.write(head("connection: close\r\nlocation: https://localhost/\r\n", "302 Found"));
    endless(MIB, 0);
  },
  "a refusal with a body without end": (socket, endless) => {
    socket.write(head("connection: close\r\n", "500 no"));
    endless(MIB, 0);
  },
  "headers without end": (socket, endless) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    endless(Buffer.from(`x-more: ${"y".repeat(4000)}\r\n`), 0);
  },
};

/**
 * Endless where the HTTP client keeps nothing and counts nothing: what ends them is the time over
 * the whole exchange.
 */
export const FLOODS: Readonly<Record<string, Answering>> = {
  "a reason without end": (socket, endless) => {
    socket.write("HTTP/1.1 200 ");
    endless(MIB, 0);
  },
  "trailers without end": (socket, endless) => {
    socket.write(`${head("transfer-encoding: chunked\r\n")}0\r\n`);
    endless(Buffer.from(`x-more: ${"y".repeat(4000)}\r\n`), 0);
  },
  "chunk extensions without end": (socket, endless) => {
    socket.write(`${head("transfer-encoding: chunked\r\n")}1;a=`);
    endless(MIB, 0);
  },
};

/** Endless in time: must end by the time. */
export const SLOW_ANSWERS: Readonly<Record<string, Answering>> = {
  "headers, a piece at a time": (socket, endless) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    endless(Buffer.from("x: y\r\n"), 30);
  },
  "a body, a piece at a time": (socket, endless) => {
    socket.write(head("transfer-encoding: chunked\r\n"));
    endless(Buffer.from("1\r\n \r\n"), 30);
  },
  "a longer content-length than the body": (socket) => {
    socket.write(`${head("content-length: 999\r\n")}${JSON_BODY}`);
  },
  "interim answers without end": (_socket, endless) => {
    endless(Buffer.from("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"), 30);
  },
  nothing: () => undefined,
};

/** Whole and wrong. */
export const WRONG_ANSWERS: Readonly<Record<string, Answering>> = {
  "a shorter content-length than the body": said(`${head("content-length: 9\r\n")}${JSON_BODY}`),
  "two content-lengths": said(head("content-length: 9\r\ncontent-length: 22\r\n"), JSON_BODY),
  "a negative content-length": said(head("content-length: -1\r\n"), JSON_BODY),
  "a content-length of words": said(head("content-length: many\r\n"), JSON_BODY),
  "an immense content-length": said(head(`content-length: ${"9".repeat(40)}\r\n`), JSON_BODY),
  "a chunk size that is none": said(head("transfer-encoding: chunked\r\n"), `zz\r\n${JSON_BODY}`),
  "a chunk larger than it says": said(
    head("transfer-encoding: chunked\r\n"),
    `2\r\n${JSON_BODY}\r\n0\r\n\r\n`,
  ),
  "an unknown transfer-encoding": said(head("transfer-encoding: gzip\r\n"), JSON_BODY),
  "a gzip bomb": said(
    head(`content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n`),
    bomb as never,
  ),
  "a body in another charset": said(
    Buffer.concat([Buffer.from(head("connection: close\r\n")), Buffer.from([0xff, 0xfe, 0x7b])]),
  ),
  "no HTTP": said("\u0000\u0001\u0002 what is this\r\n\r\n"),
  "HTTP/0.9": said(JSON_BODY),
  "HTTP/9.9": said("HTTP/9.9 200 OK\r\n\r\n"),
  "a status of words": said("HTTP/1.1 OK OK\r\n\r\n"),
  "a status of four digits": said("HTTP/1.1 2000 OK\r\n\r\n"),
  "a status of 999": said(head("connection: close\r\n", "999 what"), JSON_BODY),
  "an upgrade that nobody asked for": said(
    "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    JSON_BODY,
  ),
  "200 without a body": said(head("content-length: 0\r\n")),
  "204": said("HTTP/1.1 204 No\r\n\r\n"),
  "a line feed in a header": said(head("x: a\nb\r\nconnection: close\r\n"), "{"),
  "a null in a header": said(head("x: a\u0000b\r\nconnection: close\r\n"), "{"),
  "a reason of bytes that are no text": said(
    Buffer.concat([
      Buffer.from("HTTP/1.1 500 "),
      Buffer.from([0xff, 0xe2, 0x80, 0xae, 0x9b, 0x33, 0x31, 0x6d]),
      Buffer.from("\r\nconnection: close\r\n\r\n"),
    ]),
  ),
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map((status) => [
      `a redirect ${status}`,
      said(head("location: /v1.0/x\r\ncontent-length: 2\r\n", `${status} Moved`), "{}"),
    ]),
  ),
};
