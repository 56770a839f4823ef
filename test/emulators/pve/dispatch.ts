import { AuthError, authenticate, type Caller } from "./auth.js";
import type { Call, World } from "./call.js";
import { ParamError, PermissionError, PlainError, StatusError } from "./errors.js";
import { Access } from "./permissions.js";
import {
  decodeParams,
  type Incoming,
  MAX_BODY_BYTES,
  mediaType,
  splitApiPath,
  splitUrl,
} from "./request.js";
import { errorAnswer, type Outgoing, plainAnswer, resultAnswer } from "./response.js";
import { findRoute, type Route } from "./routes.js";
import { printed, type RawParams, verifyParams } from "./schema.js";
import { MAX_FILE_BYTES, UNREADABLE_FROM_BYTES } from "./state.js";

const METHODS = new Set(["GET", "POST", "PUT", "DELETE"]);
const FORMATS = new Set(["json", "extjs"]);
const BODY_TYPES = new Set(["application/x-www-form-urlencoded", "application/json"]);

/** What the HTTP server refuses by the head of a request alone, before it asks who calls. */
function refusedByHead({ method, headers }: Incoming): Outgoing | undefined {
  if (!METHODS.has(method)) return plainAnswer(501, `method '${method}' not available`, "");
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  const chunked = coding.toLowerCase() === "chunked";
  return plainAnswer(
    501,
    chunked ? "chunked transfer encoding not supported" : `Unknown transfer encoding '${coding}'`,
  );
}

/** What it refuses by the announced body, once it knows who calls. */
function refusedByBody({ method, headers }: Incoming): Outgoing | undefined {
  const length = Number(headers["content-length"] ?? 0);
  if (length === 0) return undefined;
  if (method !== "PUT" && method !== "POST") {
    return plainAnswer(501, `Unexpected content for method '${method}'`);
  }
  if (length > MAX_BODY_BYTES) return plainAnswer(501, "for data too large");
  const given = headers["content-type"];
  const type = mediaType(given);
  if (type === undefined || BODY_TYPES.has(type)) return undefined;
  return plainAnswer(506, `upload 'Content-Type '${given ?? ""}' not implemented`);
}

/** Near the brim user.cfg does not fit into the message that carries it to the daemons. */
function requireReadableUsers(world: World): void {
  const size = world.state.userCfgBytes.length;
  if (size < UNREADABLE_FROM_BYTES || size > MAX_FILE_BYTES) return;
  throw new AuthError(
    500,
    "RPCEnvironment init request failed: Unable to load access control list: No buffer space available\n",
  );
}

function identify(world: World, request: Incoming, path: string): Caller {
  const { headers } = request;
  if (headers.authorization ?? headers.cookie) requireReadableUsers(world);
  return authenticate(world.state, world.sessions, world.clock, request.method, path, {
    authorization: headers.authorization,
    cookie: headers.cookie,
    csrf: headers.csrfpreventiontoken,
  });
}

/** Puts path and other parameters together; a body may repeat what the path says, not contradict it. */
function merged(route: Route, given: RawParams): RawParams {
  for (const name of Object.keys(given).sort()) {
    const inPath = route.params[name];
    if (inPath !== undefined && inPath !== (printed(given[name]) ?? "")) {
      throw new ParamError({
        [name]: "duplicate parameter (already defined in URI) with conflicting values!",
      });
    }
  }
  return { ...route.params, ...given };
}

function requirePermission(call: Call, route: Route): void {
  const { permission } = route.method;
  if (call.who === undefined) {
    if (permission === "world") return;
    throw new PermissionError("user != null");
  }
  if (call.who === "root@pam" || permission === "all") return;
  // What is open to the world is refused to somebody who signed in for it, by a path that PVE
  // does not recognise as open: with a slash too many.
  if (permission === "world") throw new PermissionError();
  permission(call, call.who, false);
}

/** pveproxy found the call permitted, and nobody to do it. */
class DaemonDown extends Error {
  constructor() {
    super("Connection refused");
  }
}

/** What comes of a call whose caller is known. */
export interface Dispatched {
  answer: Outgoing;
  /** The method that answered; none where the request did not get so far. */
  route?: Route;
}

function callMethod(world: World, request: Incoming, caller: Caller, route: Route): unknown {
  const { query, path } = splitUrl(request.url);
  const given = decodeParams(request, query, route.method.protected === true);
  const call: Call = {
    ...world,
    who: caller.who,
    access: new Access(world.state.users),
    raw: merged(route, given),
    fromPath: new Set(Object.keys(route.params)),
  };
  if (caller.byToken && route.method.tokens === false && caller.who !== undefined) {
    const uri = splitApiPath(path).apiPath;
    throw new PermissionError(`URI '${uri}' not available with API token, need proper ticket.\n`);
  }
  requirePermission(call, route);
  if (route.method.protected && world.state.trouble.daemonDown) throw new DaemonDown();
  const params = verifyParams(call.raw, route.method.parameters, call.fromPath);
  return route.method.run({ ...call, caller: call.who ?? "", params });
}

/** The answer of the API to a request, its effect included. Everything happens at once: no await. */
export function dispatch(world: World, request: Incoming): Dispatched {
  const byHead = refusedByHead(request);
  if (byHead) return { answer: byHead };
  const { path } = splitUrl(request.url);
  if (!path.startsWith("/api2")) {
    const byBody = refusedByBody(request);
    return { answer: byBody ?? plainAnswer(500, `no such file '${path}'\n`) };
  }
  const { format, apiPath } = splitApiPath(path);
  if (format === undefined) return { answer: plainAnswer(501, "no such uri") };
  let caller: Caller;
  try {
    caller = identify(world, request, apiPath);
  } catch (error) {
    if (error instanceof AuthError) return { answer: plainAnswer(error.status, error.text, "") };
    throw error;
  }
  const byBody = refusedByBody(request);
  if (byBody) return { answer: byBody };
  if (!FORMATS.has(format)) {
    return { answer: plainAnswer(501, `no formatter for uri ${apiPath}, ${format}`) };
  }
  return answerCall(world, request, caller, apiPath, format);
}

function answerCall(
  world: World,
  request: Incoming,
  caller: Caller,
  apiPath: string,
  format: string,
): Dispatched {
  const route = findRoute(request.method, apiPath);
  try {
    const { query } = splitUrl(request.url);
    decodeParams(request, query, false);
  } catch (error) {
    // The HTTP server itself reads the parameters: it does not answer in JSON.
    if (error instanceof PlainError) return { answer: plainAnswer(500, error.text) };
    throw error;
  }
  if (!route) {
    const text = `Method '${request.method} ${apiPath}' not implemented`;
    return { answer: errorAnswer(format, new StatusError(501, text)) };
  }
  try {
    return { answer: resultAnswer(format, callMethod(world, request, caller, route)), route };
  } catch (error) {
    if (error instanceof DaemonDown) return { answer: plainAnswer(595, error.message, ""), route };
    if (error instanceof PlainError) return { answer: errorAnswer(format, error), route };
    throw error;
  }
}
