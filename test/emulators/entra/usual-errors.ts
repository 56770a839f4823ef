import { errorBody } from "./graph/errors.js";
import { LoginError, loginErrorAnswer } from "./login/errors.js";
import type { Service } from "./service.js";

const GRAPH_CODES: Readonly<Record<number, string>> = {
  400: "Request_BadRequest",
  401: "InvalidAuthenticationToken",
  403: "Authorization_RequestDenied",
  404: "Request_ResourceNotFound",
  409: "Directory_ConcurrencyViolation",
  429: "TooManyRequests",
  500: "InternalServerError",
  502: "BadGateway",
  503: "serviceNotAvailable",
  504: "GatewayTimeout",
};

/** The body that Graph has for an ordered status that says no body of its own. */
export function usualGraphBody(service: Service, status: number): unknown {
  const ids = { requestId: service.random.uuid(), clientRequestId: service.random.uuid() };
  const code = GRAPH_CODES[status] ?? "UnknownError";
  return status < 400 ? undefined : errorBody(service, { code, message: "Ordered fault." }, ids);
}

/** The body that the login host has for an ordered status that says no body of its own. */
export function usualLoginBody(service: Service, status: number): unknown {
  if (status < 400) return undefined;
  const error = new LoginError(
    status,
    "temporarily_unavailable",
    90033,
    "A transient error has occurred. Please try again.",
  );
  return loginErrorAnswer(service, error).body;
}
