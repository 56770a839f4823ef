import type { Answer, Caller, Incoming, Service } from "../service.js";
import { applicationRoutes } from "./applications.js";
import { runBatch } from "./batch.js";
import type { Call, GraphAnswer, Route } from "./call.js";
import { callerOf } from "./caller.js";
import { deltaRoutes } from "./delta.js";
import { errorAnswer, errorBody, GraphError, GRAPH_ERRORS } from "./errors.js";
import { federatedRoutes } from "./federated.js";
import { grantRoutes } from "./grants.js";
import { groupRoutes } from "./groups.js";
import { keyRoutes } from "./keys.js";
import { memberRoutes } from "./members.js";
import { passwordRoutes } from "./passwords.js";
import { principalRoutes } from "./principals.js";
import { Paths } from "./route-match.js";
import { tenantRoutes } from "./tenant.js";
import { Throttle, unitsOf } from "./throttle.js";
import { userRoutes } from "./users.js";

/** Every Graph endpoint that there is, `$batch` aside. */
export const GRAPH_ROUTES: readonly Route[] = [
  ...applicationRoutes,
  ...passwordRoutes,
  ...keyRoutes,
  ...federatedRoutes,
  ...principalRoutes,
  ...grantRoutes,
  ...groupRoutes,
  ...memberRoutes,
  ...userRoutes,
  ...deltaRoutes,
  ...tenantRoutes,
];

/** A request below `/v1.0` by an app whose token was good; a part of a batch is one, too. */
export interface Asked {
  caller: Caller;
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | undefined>>;
  body: unknown;
}

/** Sees every honest answer, with what was asked. */
export type Witness = (asked: Asked, answer: Answer) => void;

/** Alters the answer to a part of a batch, where a fault was ordered for it. */
export type PartFault = (
  part: { method: string; path: string; body: unknown },
  honest: () => Promise<Answer>,
) => Promise<Answer>;

export interface GraphOptions {
  budget: number | "tenant" | undefined;
  witness: Witness;
  partFault: PartFault;
  /** Told of each request that changed the directory, before it is answered. */
  wrote: (request: { readonly method: string; readonly path: string }) => void;
}

export type Graph = (request: Incoming) => Promise<Answer>;

/** Text that a broken JSON body is replaced by, for handlers to refuse. */
const NO_JSON = Symbol("no JSON");

function parsed(body: string): unknown {
  if (body === "") return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return NO_JSON;
  }
}

function routesByMethod(): Map<string, Paths<Route>> {
  const byMethod = new Map<string, Paths<Route>>();
  for (const route of GRAPH_ROUTES) {
    const paths = byMethod.get(route.method) ?? new Paths<Route>();
    paths.add(route.path, route);
    byMethod.set(route.method, paths);
  }
  return byMethod;
}

/** Answers everything under `/v1.0` of the Graph host. */
export function createGraph(service: Service, options: GraphOptions): Graph {
  const routes = routesByMethod();
  const throttle = new Throttle(service, options.budget);

  const handle = async (asked: Asked): Promise<GraphAnswer & { units: number }> => {
    const { caller, method, path, query, headers, body } = asked;
    const found = routes.get(method)?.match(path);
    const units = unitsOf(found?.target, query);
    throttle.charge({ caller }, units);
    if (!found) throw GRAPH_ERRORS.noSegment(path.split("/")[1] ?? "");
    const { params, target } = found;
    const view = service.directory.view();
    const call: Call = { service, caller, method, path, query, headers, body, params, view };
    const before = service.directory.log.length;
    const done = await target.handle(call);
    if (service.directory.log.length !== before) options.wrote({ method, path });
    return { ...done, units };
  };

  /** One request, refusals turned into answers, with Graph's headers. */
  const answer = async (asked: Asked): Promise<Answer> => {
    const requestId = service.random.uuid();
    const clientRequestId = asked.headers["client-request-id"] ?? requestId;
    const ids = { requestId, clientRequestId };
    const headers = { "request-id": requestId, "client-request-id": clientRequestId };
    let result: Answer;
    try {
      const { units, ...done } = await handle(asked);
      const own = { "x-ms-resource-unit": String(units), ...done.headers };
      result = { ...done, headers: { ...headers, ...own } };
    } catch (error) {
      const refusal = error instanceof GraphError ? error : undefined;
      // A mistake of the emulator must not look like an answer of Graph to whoever debugs it.
      if (!refusal) throw error;
      const refused = errorAnswer(service, refusal, ids);
      result = { ...refused, headers: { ...headers, ...refused.headers } };
    }
    options.witness(asked, result);
    return result;
  };

  return async (request) => {
    const ids = { requestId: service.random.uuid(), clientRequestId: service.random.uuid() };
    let caller: Caller;
    try {
      caller = await callerOf(service, request.headers.authorization);
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      const headers = { "request-id": ids.requestId, "client-request-id": ids.clientRequestId };
      const body = errorBody(service, error, ids);
      return { status: error.status, headers, body };
    }
    const { method, query, headers } = request;
    const path = request.path.replace(/^\/v1\.0/, "");
    const asked: Asked = { caller, method, path, query, headers, body: parsed(request.body) };
    if (method !== "POST" || path !== "/$batch") return answer(asked);
    return runBatch(service, asked, {
      answer,
      witness: options.witness,
      partFault: options.partFault,
    });
  };
}
