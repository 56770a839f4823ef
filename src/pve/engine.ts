/**
 * Our engine under proxmox-api's typed proxy. The package's own one escapes only `/`, retries
 * writes, drops empty lists, has no CA and prints the token (FACTS-pve); this one does none of that.
 *
 * Reads run beside one another and are repeated once where the connection was cut, as happens to an
 * idle one. Writes go one after the other and are never repeated: what got no answer is
 * PVE_OUTCOME_UNKNOWN, and the caller looks again.
 */
import type { ApiRequestable } from "proxmox-api";
import { Pool } from "undici";
import { AgentError } from "../errors.js";
import type { ErrorCode } from "../errors.js";
import type { Clock } from "../clock.js";
import type { Secret } from "../secret.js";
import { dataOf, name } from "./answer.js";
import type { Answer, Asked } from "./answer.js";
import { connectTo } from "./connect.js";
import type { Peer } from "./connect.js";
import { exchange, isAnswer } from "./exchange.js";
import type { Limits, Sent, Silence } from "./exchange.js";
import { encodeForm } from "./form.js";
import type { Params } from "./form.js";
import type { Log } from "./log.js";
import { checkPath } from "./safe-id.js";
import { serialQueue } from "./serial.js";

/** One finished request, for metrics: no path, which would name people. */
export interface RequestNote {
  readonly method: string;
  /** HTTP status, or `none` where no answer came. */
  readonly status: number | "none";
}

export interface EngineOptions extends Peer {
  /** An https origin. */
  readonly url: string;
  /** `user@realm!name`. */
  readonly tokenId: string;
  /** Asked for each request, so that a renewed token file counts at once. */
  readonly token: () => Secret;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
  readonly onRequest?: (note: RequestNote) => void;
  /** Milliseconds; defaults 30 s and 60 s (a lock wait is 10 s, a hanging pmxcfs 40 s). */
  readonly readTimeoutMs?: number;
  readonly writeTimeoutMs?: number;
  /** Default 32 MiB, far above a full user.cfg as JSON. */
  readonly maxAnswerBytes?: number;
}

export interface Engine {
  /** For `proxmoxApi()`; every request made through it ends with `signal`. */
  requestable(signal: AbortSignal): ApiRequestable;
  close(): Promise<void>;
}

type Method = Sent["method"];
const METHODS: readonly string[] = ["GET", "POST", "PUT", "DELETE"] satisfies Method[];
const READ_TIMEOUT_MS = 30_000;
const WRITE_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export function createEngine(options: EngineOptions): Engine {
  const pool = new Pool(options.url, {
    connect: connectTo(options),
    connections: 6,
    pipelining: 1,
    // PVE closes idle connections after 5 s, and every connection after 100 requests.
    keepAliveTimeout: 3_000,
    keepAliveMaxTimeout: 3_000,
    maxRequestsPerClient: 90,
    // `exchange` has one deadline over everything.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const oneByOne = serialQueue();
  const limits = limitsOf(options);

  async function send(sent: Sent, asked: Asked, signal: AbortSignal): Promise<Answer | Silence> {
    const began = options.clock.monotonic();
    const outcome = await exchange(pool, sent, asked.write ? limits.write : limits.read, signal);
    const status = isAnswer(outcome) ? outcome.status : "none";
    options.onRequest?.({ method: asked.method, status });
    const ms = Math.round(options.clock.monotonic() - began);
    options.log.debug({ method: asked.method, path: asked.path, status, ms }, "request to PVE");
    return outcome;
  }

  async function call(sent: Sent, asked: Asked, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const first = await send(sent, asked, signal);
    const again = !asked.write && !isAnswer(first) && first.kind === "cut";
    const outcome = again ? await send(sent, asked, signal) : first;
    if (isAnswer(outcome)) return dataOf(outcome, asked);
    throw silenceError(outcome, asked);
  }

  return {
    requestable: (signal) => ({
      doRequest: async (httpMethod, path, _template, params?: Params) => {
        const sent = build(httpMethod, path, params, options);
        const asked = {
          method: sent.method,
          path: path.replace(/^\/api2\/json/, ""),
          write: sent.method !== "GET",
        };
        if (!asked.write) return call(sent, asked, signal);
        return oneByOne(() => call(sent, asked, signal));
      },
    }),
    close: () => pool.destroy(),
  };
}

function limitsOf(options: EngineOptions): { read: Limits; write: Limits } {
  const maxBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES;
  return {
    read: { timeoutMs: options.readTimeoutMs ?? READ_TIMEOUT_MS, maxBytes },
    write: { timeoutMs: options.writeTimeoutMs ?? WRITE_TIMEOUT_MS, maxBytes },
  };
}

function build(
  httpMethod: string,
  path: string,
  params: Params | undefined,
  options: EngineOptions,
): Sent {
  const method = methodOf(httpMethod);
  checkPath(path);
  const form = encodeForm(params);
  const inBody = method === "POST" || method === "PUT";
  return {
    method,
    path: inBody || form === "" ? path : `${path}?${form}`,
    headers: {
      authorization: `PVEAPIToken=${options.tokenId}=${options.token().reveal()}`,
      accept: "application/json",
      ...(inBody ? { "content-type": "application/x-www-form-urlencoded" } : {}),
    },
    body: inBody ? form : undefined,
  };
}

function methodOf(httpMethod: string): Method {
  const method = httpMethod.toUpperCase();
  if (!METHODS.includes(method)) throw new AgentError("INTERNAL", `no such method: ${method}`);
  return method as Method;
}

/** What it means that no answer came. An abort of a read comes out as the signal's own reason. */
function silenceError(silence: Silence, asked: Asked): unknown {
  if (silence.kind === "not-sent") return silence.error;
  if (asked.write) {
    const why = silence.kind === "aborted" ? "given up while it was under way" : silence.message;
    return new AgentError("PVE_OUTCOME_UNKNOWN", `${name(asked)}: ${why}`);
  }
  if (silence.kind === "aborted") return silence.reason;
  const code: ErrorCode = silence.kind === "broken" ? "PVE_BAD_ANSWER" : "PVE_UNREACHABLE";
  return new AgentError(code, `${name(asked)}: ${silence.message}`);
}
