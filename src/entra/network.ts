import { Agent, ProxyAgent } from "undici";
import type { Dispatcher } from "undici";
import type { Clock } from "../clock.js";
import { readCa } from "../config/secrets.js";
import type { ServerTime } from "../decide/facts.js";
import { AgentError } from "../errors.js";
import { proxyFor, proxyName } from "./proxy.js";
import { createServerTimeKeeper } from "./server-time.js";
import { trustedContext } from "../trust.js";
import { unreachable } from "./unreachable.js";

/** One request as it goes over the wire. */
export interface Outgoing {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Nothing else goes over the connection that carries it: the next request opens another. */
  readonly ownConnection?: boolean;
}

/** One whole answer, whatever its status. Header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** For `requests_total{system="entra",method,status}`; `none`: no whole answer came. */
export type OnRequest = (request: {
  readonly method: string;
  readonly status: number | "none";
}) => void;

export interface NetworkOptions {
  readonly clock: Clock;
  /** Origins that may be spoken to; a request to any other is refused before it is sent. */
  readonly origins: readonly string[];
  readonly caFile?: string;
  /** The configuration's proxy; absent: `HTTPS_PROXY` and `NO_PROXY` of `env`. */
  readonly proxy?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onRequest?: OnRequest;
  /** Real milliseconds over the whole exchange; 30 s by default. */
  readonly timeoutMs?: number;
}

export interface Network {
  /**
   * Sends once and waits for the whole answer. Throws ENTRA_UNREACHABLE (with the cause) when there
   * is none, ENTRA_BAD_ANSWER when it is too large, ENTRA_FOREIGN_HOST for a redirect or another
   * origin, and the signal's reason when that is aborted.
   */
  exchange(outgoing: Outgoing, signal: AbortSignal): Promise<Answer>;
  readonly serverTime: () => ServerTime | undefined;
  close(): Promise<void>;
}

const WHOLE_EXCHANGE_MS = 30_000;
const CONNECT_MS = 10_000;
const LARGEST_BODY = 16 * 1024 * 1024;
/** Graph is asked at most eight things at once; sign-in and proofs come on top. */
const CONNECTIONS = 10;

/** The one way out to Microsoft. Opens nothing before the first request. */
export function createNetwork(options: NetworkOptions): Network {
  const time = createServerTimeKeeper(options.clock);
  const routes = createRoutes(options);
  const timeoutMs = options.timeoutMs ?? WHOLE_EXCHANGE_MS;

  const exchange = async (outgoing: Outgoing, signal: AbortSignal): Promise<Answer> => {
    signal.throwIfAborted();
    refuseForeign(outgoing.url, options.origins);
    const route = routes.to(outgoing.url);
    const limit = deadline(signal, timeoutMs);
    let status: number | "none" = "none";
    try {
      const answer = await send(outgoing, route.dispatcher, limit.signal);
      status = answer.status;
      time.note(answer.headers.date);
      return refuseRedirect(answer, outgoing.url);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof AgentError) throw cause;
      throw unreachable(`${outgoing.url.host}${route.via}`, limit.passed() ?? cause);
    } finally {
      limit.end();
      options.onRequest?.({ method: outgoing.method, status });
    }
  };
  return { exchange, serverTime: time.read, close: routes.close };
}

async function send(
  outgoing: Outgoing,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<Answer> {
  const { statusCode, headers, body } = await dispatcher.request({
    origin: outgoing.url.origin,
    path: `${outgoing.url.pathname}${outgoing.url.search}`,
    signal,
    method: outgoing.method,
    headers: { ...outgoing.headers },
    reset: outgoing.ownConnection ?? false,
    ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) {
      const message = `${outgoing.url.host} answered with more than 16 MiB`;
      throw new AgentError("ENTRA_BAD_ANSWER", message);
    }
    chunks.push(chunk);
  }
  return { status: statusCode, headers: flat(headers), text: Buffer.concat(chunks).toString() };
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) single[name] = typeof value === "string" ? value : value.join(", ");
  }
  return single;
}

function refuseForeign(url: URL, origins: readonly string[]): void {
  if (origins.includes(url.origin)) return;
  const message = `${url.origin} is neither authority nor graph of the configuration`;
  throw new AgentError("ENTRA_FOREIGN_HOST", message);
}

/** Neither Graph nor the token endpoint redirects what we ask: whoever does is not Microsoft. */
function refuseRedirect(answer: Answer, url: URL): Answer {
  if (answer.status < 300 || answer.status > 399) return answer;
  throw new AgentError("ENTRA_FOREIGN_HOST", `${url.host} answered ${answer.status}, a redirect`);
}

interface Route {
  readonly dispatcher: Dispatcher;
  /** ` through proxy …`, or nothing. */
  readonly via: string;
}

interface Routes {
  to(url: URL): Route;
  readonly close: () => Promise<void>;
}

/** One dispatcher for direct connections and one for each proxy, made when first needed. */
function createRoutes(options: NetworkOptions): Routes {
  const made = new Map<string, Route>();
  let closed = false;
  const make = (proxy: URL | undefined): Route => {
    const own = options.caFile === undefined ? [] : readCa(options.caFile);
    const secureContext = trustedContext(own, options.env);
    const connect = { secureContext, timeout: CONNECT_MS };
    if (proxy === undefined) {
      return { dispatcher: new Agent({ connect, connections: CONNECTIONS }), via: "" };
    }
    const dispatcher = new ProxyAgent({
      uri: proxy.href,
      connections: CONNECTIONS,
      requestTls: connect,
      proxyTls: connect,
    });
    return { dispatcher, via: ` through proxy ${proxyName(proxy)}` };
  };
  return {
    to(url) {
      if (closed) throw new AgentError("STOPPING", "the connection to Entra was closed");
      const proxy = proxyFor(url, options.proxy, options.env);
      const key = proxy?.href ?? "";
      const route = made.get(key) ?? make(proxy);
      made.set(key, route);
      return route;
    },
    async close() {
      closed = true;
      const routes = [...made.values()];
      made.clear();
      await Promise.all(routes.map((route) => route.dispatcher.destroy()));
    },
  };
}

/**
 * The caller's signal or the end of the time, whichever comes first. Real time, not the injected
 * clock's: the wire knows no other. (`AbortSignal.any` keeps every result alive as long as the
 * caller's signal lives, which here is the daemon's whole life.)
 */
function deadline(
  signal: AbortSignal,
  ms: number,
): { signal: AbortSignal; passed(): Error | undefined; end(): void } {
  const controller = new AbortController();
  const late = new Error(`no whole answer within ${ms / 1000} s`);
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(late), ms);
  signal.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    passed: () => (controller.signal.reason === late ? late : undefined),
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}
