import type { View } from "../replica.js";
import { roleOfId } from "../roles.js";
import type { Answer, Incoming, Service } from "../service.js";
import { GRAPH_APP_ID } from "../roles.js";
import { authenticateClient, type Client } from "./client.js";
import { identityClaims, pairwiseSubject } from "./claims.js";
import type { Codes } from "./codes.js";
import { issuerOf } from "./discovery.js";
import { REFUSALS } from "./errors.js";

const NO_STORE = { "cache-control": "no-store, no-cache", pragma: "no-cache" };
const DEFAULT_SCOPE = "/.default";
const PUBLIC_GRAPH = "https://graph.microsoft.com";

function rolesOf(view: View, principalId: string): string[] {
  return [...view.held("appRole", principalId).values()]
    .map((row) => roleOfId(row.appRoleId))
    .filter((role) => role !== undefined);
}

/** The resource that a `.default` scope names: Graph, or the app itself. */
function resourceOf(service: Service, scope: string, client: Client): "graph" | "self" {
  if (!scope.endsWith(DEFAULT_SCOPE) || scope.includes(" ")) throw REFUSALS.badScope(scope);
  const resource = scope.slice(0, -DEFAULT_SCOPE.length);
  if ([service.graphUrl, PUBLIC_GRAPH, GRAPH_APP_ID].includes(resource)) return "graph";
  const { appId } = client.app;
  if ([appId, `api://${appId}`].includes(resource)) return "self";
  throw REFUSALS.noSuchResource(resource, service.domain);
}

interface Dates {
  iat: number;
  nbf: number;
  exp: number;
}

function datesOf(service: Service): Dates {
  const iat = Math.floor(service.clock.now() / 1000);
  return { iat, nbf: iat, exp: iat + service.tokenLifetime };
}

async function appToken(
  service: Service,
  view: View,
  client: Client,
  scope: string,
): Promise<Answer> {
  const toGraph = resourceOf(service, scope, client) === "graph";
  const { app, principal } = client;
  const token = service.key.seal({
    aud: toGraph ? service.graphUrl : app.appId,
    iss: `https://sts.windows.net/${service.tenantId}/`,
    ...datesOf(service),
    appid: app.appId,
    app_displayname: app.displayName,
    idtyp: "app",
    oid: principal.id,
    sub: principal.id,
    tid: service.tenantId,
    roles: toGraph ? rolesOf(view, principal.id) : [],
    ver: "1.0",
    uti: service.random.uuid(),
  });
  const lifetime = service.tokenLifetime;
  const body = {
    token_type: "Bearer",
    expires_in: lifetime,
    ext_expires_in: lifetime,
    access_token: token,
  };
  return { status: 200, headers: NO_STORE, body };
}

async function userTokens(
  service: Service,
  view: View,
  codes: Codes,
  client: Client,
  form: URLSearchParams,
): Promise<Answer> {
  const code = form.get("code");
  if (code === null) throw REFUSALS.missing("code");
  const { app } = client;
  const granted = codes.redeem(code, app.appId, form, service.clock.now());
  const user = view.get("user", granted.userId);
  if (!user) throw REFUSALS.noSuchUser(granted.userId, service.domain);
  if (!user.accountEnabled) throw REFUSALS.userDisabled();
  const dates = datesOf(service);
  const { nonce, scopes } = granted;
  const idToken = service.key.sign({
    aud: app.appId,
    iss: issuerOf(service),
    ...dates,
    ...(nonce === undefined ? {} : { nonce }),
    ...identityClaims(service, view, user, app, scopes),
  });
  const accessToken = service.key.seal({
    aud: GRAPH_APP_ID,
    iss: `https://sts.windows.net/${service.tenantId}/`,
    ...dates,
    appid: app.appId,
    idtyp: "user",
    oid: user.id,
    sub: pairwiseSubject(app.appId, user.id),
    tid: service.tenantId,
    scp: [...scopes].join(" "),
    ver: "1.0",
  });
  const body = {
    token_type: "Bearer",
    scope: [...scopes].join(" "),
    expires_in: service.tokenLifetime,
    ext_expires_in: service.tokenLifetime,
    access_token: accessToken,
    ...(scopes.has("openid") ? { id_token: await idToken } : {}),
  };
  return { status: 200, headers: NO_STORE, body };
}

/** The token endpoint: `client_credentials` and `authorization_code`. */
export async function token(
  service: Service,
  codes: Codes,
  request: Incoming,
  tenant: string,
): Promise<Answer> {
  const form = new URLSearchParams(request.body);
  const grant = form.get("grant_type");
  if (grant === null) throw REFUSALS.missing("grant_type");
  if (grant !== "client_credentials" && grant !== "authorization_code") {
    throw REFUSALS.badGrant(grant);
  }
  const view = service.directory.view();
  const client = await authenticateClient(service, view, request, form, tenant);
  if (grant === "authorization_code") return userTokens(service, view, codes, client, form);
  const scope = form.get("scope");
  if (scope === null) throw REFUSALS.missing("scope");
  return appToken(service, view, client, scope);
}
