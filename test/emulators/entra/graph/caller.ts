import { isRole, type Role } from "../roles.js";
import type { Caller, Service } from "../service.js";
import { GRAPH_ERRORS } from "./errors.js";

const PUBLIC_GRAPH = "https://graph.microsoft.com";

/** Who a bearer token speaks for. Refuses a token that is missing, forged, foreign or expired. */
export async function callerOf(
  service: Service,
  authorization: string | undefined,
): Promise<Caller> {
  const token = /^bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw GRAPH_ERRORS.token("Access token is empty.");
  const claims = service.key.open(token);
  if (claims === undefined) {
    throw GRAPH_ERRORS.token("Access token validation failure. Signature is invalid.");
  }
  if (claims.aud !== service.graphUrl && claims.aud !== PUBLIC_GRAPH) {
    throw GRAPH_ERRORS.token("Access token validation failure. Invalid audience.");
  }
  if (service.clock.now() / 1000 >= (claims.exp ?? 0)) {
    throw GRAPH_ERRORS.token("Lifetime validation failed, the token is expired.");
  }
  const roles = Array.isArray(claims.roles) ? claims.roles.map(String) : [];
  return {
    appId: String(claims.appid),
    principalId: String(claims.oid),
    roles: new Set<Role>(roles.filter(isRole)),
  };
}
