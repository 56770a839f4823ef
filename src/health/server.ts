/** fastify around `/health`, `/ready` and `/metrics`. Nothing in here can stop the daemon. */
import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fastify } from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isLoopback } from "../config/loopback.js";
import { readHealthToken } from "../config/secrets.js";
import type { HealthConfig } from "../config/types.js";
import { AgentError, asAgentError } from "../errors.js";
import type { Log } from "../log.js";
import type { Secret } from "../secret.js";
import type { Counters } from "./counters.js";
import { dropOldest } from "../crowd.js";
import { WITHOUT_SCHEMAS } from "../schemaless.js";
import { isLiteralHost } from "./host.js";
import { METRICS_TYPE, renderMetrics } from "./metrics.js";
import { Rate } from "./rate.js";
import type { HealthState } from "./state.js";
import { healthOf } from "./verdict.js";

export interface HealthOptions {
  /** Asked at every request. */
  readonly state: () => HealthState;
  readonly counters: Counters;
  readonly config: HealthConfig;
  readonly log: Log;
  /** Milliseconds that only grow, for the limit of requests; absent: the machine's. */
  readonly monotonic?: () => number;
}

export interface Health {
  /**
   * Begins to listen; gives the address, such as `http://127.0.0.1:9646`. Throws HEALTH_LISTEN,
   * and CREDENTIAL_INVALID or CONFIG_UNSAFE for a token file that is no use.
   */
  listen(): Promise<string>;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

const MOST_PER_SECOND = 50;
const MOST_CONNECTIONS = 128;
const REQUEST_MS = 5_000;
/** How often Node looks for requests that take too long: 30 s unless told. */
const LOOK_MS = 1_000;
const HEADER_BYTES = 8 * 1024;

export function createHealth(options: HealthOptions): Health {
  const server = build(options);
  return {
    listen: () => listen(server, options.config),
    close: () => close(server),
  };
}

function build(options: HealthOptions): FastifyInstance {
  const server = fastify({
    logger: false,
    schemaController: WITHOUT_SCHEMAS,
    bodyLimit: 1,
    requestTimeout: REQUEST_MS,
    connectionTimeout: REQUEST_MS,
    keepAliveTimeout: REQUEST_MS,
    maxRequestsPerSocket: 100,
    forceCloseConnections: true,
    http: {
      maxHeaderSize: HEADER_BYTES,
      connectionsCheckingInterval: LOOK_MS,
      // Above requestTimeout, as it is unless told, Node swaps the two: a body would have a minute.
      headersTimeout: REQUEST_MS,
    },
  });
  dropOldest(server.server, MOST_CONNECTIONS);
  limit(server, options);
  answer(server, options);
  refuse(server, options);
  return server;
}

/** What every request has to pass before anything else is looked at. */
function limit(server: FastifyInstance, options: HealthOptions): void {
  const monotonic = options.monotonic ?? (() => performance.now());
  const guests = new Rate(MOST_PER_SECOND, monotonic);
  // A count of their own: whoever is turned away must not use up what others may ask.
  const strangers = new Rate(MOST_PER_SECOND, monotonic);
  server.addHook("onRequest", async (request, reply) => {
    reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    const refusal = refusalOf(request, options);
    if (!(refusal === undefined ? guests : strangers).allows()) {
      reply.headers({ "retry-after": "1", connection: "close" });
      return reply.code(429).send({ error: "too many requests" });
    }
    if (refusal !== undefined) {
      reply.headers({ ...refusal.headers, connection: "close" });
      return reply.code(refusal.status).send({ error: refusal.error });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return reply.code(405).header("allow", "GET, HEAD").send({ error: "only GET" });
    }
    return undefined;
  });
}

interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly error: string;
}

/** Why this client may not ask; undefined: it may. */
function refusalOf(request: FastifyRequest, { config, log }: HealthOptions): Refusal | undefined {
  if (config.tokenFile !== undefined) {
    if (mayAsk(request, config.tokenFile, log)) return undefined;
    return { status: 401, headers: { "www-authenticate": "Bearer" }, error: "token needed" };
  }
  // `GET http://name/health` names a host as well, which would count before the header.
  if (isLiteralHost(request.headers.host) && request.url.startsWith("/")) return undefined;
  return { status: 421, headers: {}, error: "ask by IP address or localhost" };
}

function answer(server: FastifyInstance, { state, counters }: HealthOptions): void {
  server.get("/health", async (_request, reply) => {
    const { http, report } = healthOf(state());
    return reply.code(http).send(report);
  });
  server.get("/ready", async (_request, reply) => {
    const ready = state().observed;
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  server.get("/metrics", async (_request, reply) => {
    const text = await renderMetrics(state(), counters);
    return reply.type(METRICS_TYPE).send(text);
  });
}

function refuse(server: FastifyInstance, { log }: HealthOptions): void {
  server.setNotFoundHandler((_request: FastifyRequest, reply: FastifyReply) =>
    reply.code(404).send({ error: "only /health, /ready and /metrics are here" }),
  );
  server.setErrorHandler((thrown: unknown, _request, reply) => {
    const status = statusOf(thrown);
    if (status >= 500) log.error({ err: asAgentError(thrown) }, "a health request failed");
    return reply.code(status).send({ error: status >= 500 ? "internal error" : "bad request" });
  });
}

function statusOf(thrown: unknown): number {
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" && status >= 400 && status < 500 ? status : 500;
}

/** Read at each request, so that a renewed token counts; an unreadable one lets nobody in. */
function mayAsk(request: FastifyRequest, tokenFile: string, log: Log): boolean {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (given === undefined) return false;
  try {
    return same(given, readHealthToken(tokenFile));
  } catch (thrown) {
    const error = asAgentError(thrown);
    log.error({ code: error.code }, error.message);
    return false;
  }
}

/** In constant time: digests have one length, whatever was given. */
function same(given: string, wanted: Secret): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted.reveal()));
}

/**
 * Node's own listen: fastify's asks for all addresses of the machine to tell where it can be reached,
 * and the service's sandbox has no AF_NETLINK to ask by (netlink(7)).
 */
async function open(server: FastifyInstance, { host, port }: HealthConfig): Promise<string> {
  await server.ready();
  const listening = once(server.server, "listening");
  server.server.listen({ host, port });
  await listening;
  const bound = server.server.address() as AddressInfo;
  const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return `http://${name}:${bound.port}`;
}

/** Fastify ends only what it has opened itself. */
async function close(server: FastifyInstance): Promise<void> {
  const ended = server.server.listening ? once(server.server, "close") : undefined;
  server.server.close();
  server.server.closeAllConnections();
  await ended;
  await server.close();
}

async function listen(server: FastifyInstance, config: HealthConfig): Promise<string> {
  if (config.tokenFile !== undefined) readHealthToken(config.tokenFile);
  else if (!isLoopback(config.host)) {
    throw new AgentError("HEALTH_LISTEN", `${config.host} is not loopback and needs a token_file`);
  }
  try {
    return await open(server, config);
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AgentError("HEALTH_LISTEN", `health cannot listen: ${said}`, { cause: thrown });
  }
}
