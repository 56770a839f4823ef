/** The daemon's end of the control socket: HTTP over a unix socket that only root and we may open. */
import { chmodSync, unlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { fastify } from "fastify";
import type { FastifyInstance, FastifyReply } from "fastify";
import { dropOldest } from "../crowd.js";
import { WITHOUT_SCHEMAS } from "../schemaless.js";
import { AgentError, asAgentError } from "../errors.js";
import type { ErrorCode } from "../errors.js";
import { exitOf } from "../exit.js";
import type { Log } from "../log.js";
import { printable } from "../decide/text.js";
import { redact } from "../redact.js";
import type { ControlHandlers, Emit, ExitCode } from "./events.js";
import { parseRotate, parseSync } from "./order-shapes.js";
import { socketState } from "./socket.js";
import { EventStream } from "./stream.js";
import { Turns } from "./turns.js";

export interface ControlOptions {
  /** The path of the socket (`controlSocket`). */
  readonly path: string;
  readonly handlers: ControlHandlers;
  readonly log: Log;
  /** After how long a client that takes nothing is left; absent: a minute. */
  readonly silenceMs?: number;
}

export interface ControlServer {
  /** Tells every open stream STOPPING and ends, even if nobody reads. */
  close(): Promise<void>;
}

const BODY_BYTES = 64 * 1024;
const REQUEST_MS = 5_000;
/** How often Node looks for requests that take too long: 30 s unless told. */
const LOOK_MS = 1_000;
/** Six of the empty lines that a reader gets: what is kept for one that takes none of them goes. */
const SILENCE_MS = 60_000;
const MOST_WAITING = 8;
const MOST_CONNECTIONS = 32;
const MOST_PATH_BYTES = 107;
/** How long a reader may take for the last event. */
const FAREWELL_MS = 200;

/**
 * Listens. A socket file whose process is gone is replaced; NODE_LOCKED where a process answers
 * on it, CONTROL_LISTEN where the folder or the path is no use.
 */
export async function listenForOrders(options: ControlOptions): Promise<ControlServer> {
  await clear(options.path);
  const streams = new Set<EventStream>();
  const server = build(options, streams);
  await listen(server, options.path);
  return { close: () => close(server, streams) };
}

async function clear(path: string): Promise<void> {
  try {
    const state = await socketState(path);
    if (state === "living") {
      throw new AgentError("NODE_LOCKED", `a daemon answers on ${path} already`);
    }
    if (state === "stale") unlinkSync(path);
  } catch (thrown) {
    throw cannotListen(thrown);
  }
}

async function listen(server: FastifyInstance, path: string): Promise<void> {
  // libuv cuts a longer path off and listens on what is left (unix(7): 108 bytes with the end).
  if (Buffer.byteLength(path) > MOST_PATH_BYTES) {
    throw new AgentError("CONTROL_LISTEN", `the control socket's path is too long: ${path}`);
  }
  // The socket is made with the umask; only then can its mode be set.
  const umask = process.umask(0o177);
  try {
    await server.listen({ path });
    chmodSync(path, 0o600);
  } catch (thrown) {
    await server.close();
    throw cannotListen(thrown);
  } finally {
    process.umask(umask);
  }
}

function cannotListen(thrown: unknown): AgentError {
  if (thrown instanceof AgentError) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return new AgentError("CONTROL_LISTEN", `the control socket: ${said}`, { cause: thrown });
}

async function close(server: FastifyInstance, streams: Set<EventStream>): Promise<void> {
  for (const stream of streams) {
    stream.end({ type: "done", exit: 1, code: "STOPPING", message: "the daemon is stopping" });
  }
  const farewell = setTimeout(() => server.server.closeAllConnections(), FAREWELL_MS);
  await server.close();
  clearTimeout(farewell);
}

function build(options: ControlOptions, streams: Set<EventStream>): FastifyInstance {
  const { handlers, log, silenceMs = SILENCE_MS } = options;
  const server = fastify({
    logger: false,
    schemaController: WITHOUT_SCHEMAS,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    connectionTimeout: silenceMs,
    http: {
      connectionsCheckingInterval: LOOK_MS,
      // Above requestTimeout, as it is unless told, Node swaps the two: a body would have a minute.
      headersTimeout: REQUEST_MS,
    },
    forceCloseConnections: "idle",
  });
  const busy = new WeakSet<Socket>();
  dropOldest(server.server, MOST_CONNECTIONS, (socket) => busy.has(socket));
  server.removeContentTypeParser("text/plain");
  // One request a connection: closing need not wait for idle ones.
  server.addHook("onRequest", async (_request, reply) => void reply.header("connection", "close"));

  const syncs = new Turns(MOST_WAITING);
  const rotations = new Turns(MOST_WAITING);
  const work = { streams, log, busy };
  server.post("/sync", async (request, reply) => {
    const { approve, by } = await parseSync(request.body);
    const order = {
      ...(approve === undefined ? {} : { approve }),
      ...(by === undefined ? {} : { by: printable(by) }),
    };
    return run({ ...work, turns: syncs }, reply, (emit) => handlers.sync(order, emit));
  });
  server.post("/rotate", async (request, reply) => {
    const { realm } = await parseRotate(request.body);
    const order = realm === undefined ? {} : { realm };
    return run({ ...work, turns: rotations }, reply, (emit) => handlers.rotate(order, emit));
  });
  server.get("/status", async (_request, reply) => reply.send(handlers.status()));
  refuse(server, log);
  return server;
}

interface Work {
  readonly turns: Turns;
  readonly streams: Set<EventStream>;
  readonly log: Log;
  /** Connections on which an order is under way. */
  readonly busy: WeakSet<Socket>;
}

/** Streams the events of one order. It goes on to its end whether or not anybody listens. */
async function run(
  { turns, streams, log, busy }: Work,
  reply: FastifyReply,
  order: (emit: Emit) => Promise<ExitCode>,
): Promise<FastifyReply> {
  const stream = new EventStream();
  const ahead = turns.there;
  const turn = turns.take(() => order((event) => stream.emit(event)));
  streams.add(stream);
  busy.add(reply.raw.socket ?? reply.request.socket);
  stream.body.once("close", () => streams.delete(stream));
  const text = ahead === 0 ? "the daemon has the order" : `orders before this one: ${ahead}`;
  stream.emit({ type: "progress", text });
  turn.then(
    (exit) => stream.end({ type: "done", exit }),
    (thrown: unknown) => {
      const error = asAgentError(thrown);
      if (error.code === "INTERNAL") log.error({ err: error }, "an order failed");
      stream.end({ type: "done", exit: exitOf(error), code: error.code, message: error.message });
    },
  );
  return reply.type("application/x-ndjson").send(stream.body);
}

function refuse(server: FastifyInstance, log: Log): void {
  const say = (reply: FastifyReply, status: number, code: ErrorCode, message: string) =>
    reply.code(status).send({ code, message: printable(redact(message)).slice(0, 500) });
  server.setNotFoundHandler((_request, reply) =>
    say(reply, 404, "USAGE", "there is no such order"),
  );
  server.setErrorHandler((thrown: unknown, _request, reply) => {
    if (thrown instanceof AgentError) {
      const status = thrown.code === "USAGE" ? 400 : 503;
      return say(reply, status, thrown.code, thrown.message);
    }
    const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
    if (typeof status === "number" && status >= 400 && status < 500) {
      return say(reply, 400, "USAGE", asAgentError(thrown).message);
    }
    log.error({ err: asAgentError(thrown) }, "a request on the control socket failed");
    return say(reply, 500, "INTERNAL", "the daemon could not answer");
  });
}
