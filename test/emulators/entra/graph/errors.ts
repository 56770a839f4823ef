import { errorDate } from "../dates.js";
import type { Answer, Service } from "../service.js";

/** A refusal of Graph: status, code, text. */
export class GraphError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** Graph's refusals by what is wrong (Microsoft: "Microsoft Graph error responses"). */
export const GRAPH_ERRORS = {
  token: (message: string) => new GraphError(401, "InvalidAuthenticationToken", message),
  denied: () =>
    new GraphError(
      403,
      "Authorization_RequestDenied",
      "Insufficient privileges to complete the operation.",
    ),
  notFound: (id: string) =>
    new GraphError(
      404,
      "Request_ResourceNotFound",
      `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
    ),
  noSegment: (segment: string) =>
    new GraphError(400, "BadRequest", `Resource not found for the segment '${segment}'.`),
  bad: (message: string) => new GraphError(400, "Request_BadRequest", message),
  unsupportedQuery: (message: string) => new GraphError(400, "Request_UnsupportedQuery", message),
  noProperty: (name: string, type: string) =>
    new GraphError(
      400,
      "BadRequest",
      `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`,
    ),
  malformedId: (id: string) =>
    new GraphError(400, "Request_BadRequest", `Invalid object identifier '${id}'.`),
  expiredPage: () =>
    new GraphError(
      400,
      "Directory_ExpiredPageToken",
      "The specified page token value has expired and can no longer be included in your request.",
    ),
  conflict: (status: 400 | 409) =>
    new GraphError(
      status,
      "Directory_ConcurrencyViolation",
      "Error due to concurrent requests being made to the tenant. Please retry after some time.",
    ),
  tooMany: (retryAfter: number | undefined) =>
    new GraphError(
      429,
      "TooManyRequests",
      "Too Many Requests. Please retry after some time.",
      retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
    ),
  exists: (what: string) =>
    new GraphError(
      400,
      "Request_BadRequest",
      `Another object with the same value for property ${what} already exists.`,
    ),
} as const;

/** The body of an error in Graph's form. */
export function errorBody(
  service: Service,
  error: { code: string; message: string },
  ids: { requestId: string; clientRequestId: string },
): object {
  return {
    error: {
      code: error.code,
      message: error.message,
      innerError: {
        date: errorDate(service.clock.now()),
        "request-id": ids.requestId,
        "client-request-id": ids.clientRequestId,
      },
    },
  };
}

/** A refusal as an answer. */
export function errorAnswer(
  service: Service,
  error: GraphError,
  ids: { requestId: string; clientRequestId: string },
): Answer {
  return { status: error.status, headers: error.headers, body: errorBody(service, error, ids) };
}
