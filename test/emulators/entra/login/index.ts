import type { Answer, Incoming, Service } from "../service.js";
import { authorize, errorPage } from "./authorize.js";
import { Codes } from "./codes.js";
import { discoveryDocument, keysDocument } from "./discovery.js";
import { LoginError, loginErrorAnswer, REFUSALS } from "./errors.js";
import { token } from "./token.js";

/** Answers everything under `/{tenant}/…` of the login host. */
export type Login = (request: Incoming) => Promise<Answer>;

/** The tenant by id or by its domain, in any case of letters. */
function isTenant(service: Service, name: string): boolean {
  return [service.tenantId, service.domain].some((known) => known === name.toLowerCase());
}

export function createLogin(service: Service): Login {
  const codes = new Codes();
  const route = async (request: Incoming): Promise<Answer> => {
    const [, tenant = "", ...rest] = request.path.split("/");
    if (!isTenant(service, tenant)) throw REFUSALS.noSuchTenant(tenant);
    switch (`${request.method} /${rest.join("/")}`) {
      case "GET /v2.0/.well-known/openid-configuration":
        return discoveryDocument(service, tenant);
      case "GET /discovery/v2.0/keys":
        return keysDocument(service);
      case "GET /oauth2/v2.0/authorize":
        return authorizeOrShow(request);
      case "POST /oauth2/v2.0/token":
        return token(service, codes, request, tenant);
      default:
        return { status: 404, headers: {}, body: "" };
    }
  };
  const authorizeOrShow = (request: Incoming): Answer => {
    try {
      return authorize(service, codes, request);
    } catch (error) {
      if (error instanceof LoginError) return errorPage(error.message);
      throw error;
    }
  };
  return async (request) => {
    try {
      return await route(request);
    } catch (error) {
      if (!(error instanceof LoginError)) throw error;
      return loginErrorAnswer(service, error, request.headers["client-request-id"]);
    }
  };
}
