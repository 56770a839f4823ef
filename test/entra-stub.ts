import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";
import type { EntraConfig } from "../src/config/types.js";
import type { EntraOptions } from "../src/entra/index.js";
import { createAuthority, issueForLoopback } from "./emulators/common/tls.js";
import { ownFile, talk } from "./entra-bed.js";
import type { Talking } from "./entra-bed.js";

/** A request as the stub saw it. */
export interface Asked {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text goes out as it is, anything else as JSON. */
  readonly body?: unknown;
  /** The connection breaks instead of an answer. */
  readonly cut?: boolean;
  /** No answer at all. */
  readonly silent?: boolean;
  /** Real milliseconds before the answer. */
  readonly delay?: number;
}

export interface Stub extends Talking {
  readonly url: string;
  readonly config: EntraConfig;
  /** What was asked of Graph, in order. */
  readonly asked: Asked[];
  /** What was asked of the token endpoint. */
  readonly signIns: Asked[];
  /** How many requests to Graph were ever unanswered at the same time. */
  readonly mostAtOnce: () => number;
}

export interface StubOptions {
  readonly token?: (asked: Asked, nth: number) => Reply;
  readonly ours?: Partial<EntraOptions>;
}

export const TENANT = "aaaaaaaa-0000-4000-8000-00000000000a";
export const AGENT = "bbbbbbbb-0000-4000-8000-00000000000b";

/** A token that says which application permissions it carries. */
export function tokenReply(roles: readonly string[] = [], lifetime = 3600): Reply {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const access_token = `${part({ alg: "none" })}.${part({ roles })}.`;
  return { body: { token_type: "Bearer", expires_in: lifetime, access_token } };
}

/** All stubs of a test file share one. */
const identity = createAuthority("Stub CA").then(async (authority) => ({
  caPem: authority.caPem,
  ...(await issueForLoopback(authority)),
}));

/**
 * A server that answers Graph's requests by `graph`, for answers that no honest emulator gives, and
 * our side talking to it. `nth` counts from 1.
 */
export async function startStub(
  t: Test,
  graph: (asked: Asked, nth: number) => Reply,
  options: StubOptions = {},
): Promise<Stub> {
  const { caPem, certPem, keyPem } = await identity;
  const asked: Asked[] = [];
  const signIns: Asked[] = [];
  let open = 0;
  let most = 0;
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    open += 1;
    most = Math.max(most, open);
    response.once("close", () => (open -= 1));
    void bodyOf(request).then((body) => {
      const one = { method: request.method ?? "", path: request.url ?? "", body };
      const full = { ...one, headers: request.headers };
      const isToken = full.path.includes("/oauth2/v2.0/token");
      const list = isToken ? signIns : asked;
      list.push(full);
      const answer = isToken ? (options.token ?? ((): Reply => tokenReply())) : graph;
      const said = answer(full, list.length);
      if (said.delay === undefined) reply(response, said);
      else setTimeout(() => reply(response, said), said.delay);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const file = ownFile(t, "agent-secret", "a-made-up-secret");
  const config: EntraConfig = {
    tenantId: TENANT,
    clientId: AGENT,
    credential: { kind: "secret", file },
    authority: url,
    graph: url,
    caFile: ownFile(t, "ca.pem", caPem),
  };
  return { ...talk(t, config, options.ours), url, config, asked, signIns, mostAtOnce: () => most };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function reply(response: ServerResponse, { status = 200, headers = {}, ...rest }: Reply): void {
  if (rest.silent === true) return;
  if (rest.cut === true) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "application/json", ...headers });
  if (rest.body === undefined) response.end();
  else response.end(typeof rest.body === "string" ? rest.body : JSON.stringify(rest.body));
}

/** A refusal as Graph writes it. */
export function refusal(status: number, code: string, message = "no", requestId = "r-1"): Reply {
  const innerError = { date: "2026-11-21T10:00:00", "request-id": requestId };
  return { status, body: { error: { code, message, innerError } } };
}

/** Answers each part of a batch by `part`, in reverse order: Graph promises none. */
export function batchReply(
  asked: Asked,
  part: (request: {
    readonly id: string;
    readonly method: string;
    readonly url: string;
    readonly body?: { readonly groupIds?: readonly string[] };
  }) => Reply,
): Reply {
  const { requests } = JSON.parse(asked.body) as { requests: Parameters<typeof part>[0][] };
  const responses = requests.map((request) => {
    const { status = 200, headers, body } = part(request);
    return { id: request.id, status, ...(headers && { headers }), body };
  });
  return { body: { responses: responses.reverse() } };
}

export function guid(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

/** A user as a list of members has it. */
export function member(n: number, change: object = {}): object {
  return {
    "@odata.type": "#microsoft.graph.user",
    id: guid(n),
    userPrincipalName: `p${n}@example.com`,
    mail: null,
    givenName: null,
    surname: null,
    displayName: `P ${n}`,
    accountEnabled: true,
    userType: "Member",
    ...change,
  };
}

/** A group as a batch reads it. */
export function groupBody(id: string, change: object = {}): object {
  return { id, displayName: `Group ${id.slice(-3)}`, visibility: null, ...change };
}

/** Graph with plain groups whose members `list` gives; everything else as `other` says. */
export function groupsBy(
  list: (asked: Asked, nth: number) => Reply,
  other: (url: string) => Reply = () => ({ status: 500 }),
): (asked: Asked) => Reply {
  let lists = 0;
  return (asked) => {
    if (!asked.path.endsWith("/$batch")) return list(asked, ++lists);
    return batchReply(asked, ({ url }) => {
      const id = /^\/groups\/([^?]+)\?/.exec(url)?.[1];
      return id === undefined ? other(url) : { body: groupBody(id) };
    });
  };
}
