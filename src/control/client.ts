/** A command's end of the control socket. */
import { Agent } from "undici";
import { AgentError, ERRORS } from "../errors.js";
import type { ErrorCode } from "../errors.js";
import type { ControlEvent, Order } from "./events.js";
import { placeProblem } from "./place.js";
import { socketState } from "./socket.js";

/** The daemon sends an empty line every ten seconds. */
const SILENCE_MS = 60_000;
const CONNECT_MS = 5_000;
/** A plan for thousands of people is some MiB. */
const LINE_BYTES = 64 * 1024 * 1024;
const REFUSAL_BYTES = 64 * 1024;

/**
 * Whether a daemon answers on the socket. Throws CONTROL_UNREACHABLE where that cannot be told,
 * for lack of permission say.
 */
export async function daemonListens(path: string): Promise<boolean> {
  try {
    return (await socketState(path)) === "living";
  } catch (thrown) {
    throw unreachable(path, thrown);
  }
}

/**
 * Hands the order to the daemon and gives what happens, `done` last. Throws CONTROL_UNREACHABLE
 * where the daemon is not there, falls silent for a minute, or breaks off; and what the daemon
 * itself refuses the order with (USAGE, CONTROL_BUSY, STOPPING). Leaving early is allowed: the
 * daemon finishes the order all the same.
 */
export async function* runOnDaemon(
  path: string,
  order: Order,
  signal?: AbortSignal,
): AsyncGenerator<ControlEvent, void, undefined> {
  const { kind, ...rest } = order;
  const agent = agentFor(path);
  try {
    const body = await ask(agent, path, `/${kind}`, JSON.stringify(rest), signal);
    for await (const line of lines(path, body)) {
      const event = parse(path, line) as ControlEvent;
      yield event;
      if (event.type === "done") return;
    }
    throw unreachable(path, new Error("the daemon broke off"));
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown;
  } finally {
    await agent.destroy();
  }
}

/** What `status --json` prints, as the daemon knows it. Throws like `runOnDaemon`. */
export async function statusOfDaemon(path: string, signal?: AbortSignal): Promise<unknown> {
  const agent = agentFor(path);
  try {
    const body = await ask(agent, path, "/status", undefined, signal);
    return parse(path, await whole(path, body, LINE_BYTES));
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown;
  } finally {
    await agent.destroy();
  }
}

type Body = AsyncIterable<Uint8Array>;

function agentFor(path: string): Agent {
  return new Agent({
    connect: { socketPath: path, timeout: CONNECT_MS },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  });
}

async function ask(
  agent: Agent,
  path: string,
  target: string,
  sent: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Body> {
  try {
    const problem = placeProblem(path);
    if (problem !== undefined) throw new Error(problem);
    const { statusCode, body } = await agent.request({
      // The host is of no meaning on a unix socket, and yet HTTP wants one.
      origin: "http://daemon",
      path: target,
      method: sent === undefined ? "GET" : "POST",
      ...(sent === undefined
        ? {}
        : { body: sent, headers: { "content-type": "application/json" } }),
      ...(signal ? { signal } : {}),
    });
    if (statusCode === 200) return body as Body;
    throw refusal(path, parse(path, await whole(path, body as Body, REFUSAL_BYTES)));
  } catch (thrown) {
    throw unreachable(path, thrown);
  }
}

function refusal(path: string, answer: unknown): AgentError {
  const { code, message } = (answer ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string" && Object.hasOwn(ERRORS, code) && typeof message === "string") {
    return new AgentError(code as ErrorCode, message);
  }
  return unreachable(path, new Error("the answer is not the daemon's"));
}

async function* lines(path: string, body: Body): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      const [more = "", ...next] = decoder.decode(chunk, { stream: true }).split("\n");
      begun.push(more);
      length += more.length;
      if (length > LINE_BYTES) throw new Error("a line is too long");
      for (const start of next) {
        const line = begun.join("");
        if (line !== "") yield line;
        begun = [start];
        length = start.length;
      }
    }
  } catch (thrown) {
    throw unreachable(path, thrown);
  }
}

async function whole(path: string, body: Body, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > most) throw new Error("the answer is too long");
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw unreachable(path, thrown);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw unreachable(path, thrown);
  }
}

function unreachable(path: string, thrown: unknown): AgentError {
  if (thrown instanceof AgentError) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return new AgentError("CONTROL_UNREACHABLE", `${path}: ${said}`, { cause: thrown });
}
