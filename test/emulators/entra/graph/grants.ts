import { drop, put } from "../directory.js";
import type { PermissionGrant } from "../tables.js";
import { type Call, demand, type GraphAnswer, param, type Route } from "./call.js";
import { bodyOf, type Kinds } from "./body.js";
import { GRAPH_ERRORS } from "./errors.js";
import { parseFilter } from "./filter.js";
import { page, single } from "./query.js";
import type { Resource } from "./shape.js";

/** Delegated permission grants: what an administrator consented to for everybody. */

const SET = "oauth2PermissionGrants";
const GRANT: Kinds = {
  clientId: "text",
  consentType: "text?",
  principalId: "text?",
  resourceId: "text",
  scope: "text?",
};
const READ = ["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"] as const;
const WRITE = "DelegatedPermissionGrant.ReadWrite.All";

function grantIn(call: Call): PermissionGrant {
  const id = param(call, "oAuth2PermissionGrant-id");
  const row = call.view.get("grant", id);
  if (!row) throw GRAPH_ERRORS.notFound(id);
  return row;
}

function list(call: Call): GraphAnswer {
  demand(call, ...READ);
  const text = call.query.get("$filter");
  const filter =
    text === null ? undefined : parseFilter(text, (name) => Object.hasOwn(GRANT, name));
  const all: Resource[] = call.view.rows("grant").map((row) => ({ ...row }));
  const passing = filter ? all.filter((resource) => filter.matches(resource)) : all;
  const items = passing.map((resource) => ({ id: String(resource.id), render: () => resource }));
  return page(call, { set: SET, items });
}

function create(call: Call): GraphAnswer {
  demand(call, WRITE);
  const body = bodyOf(call, GRANT);
  const { clientId, resourceId, scope, consentType, principalId = null } = body;
  for (const id of [clientId, resourceId]) {
    if (!call.view.get("servicePrincipal", String(id))) throw GRAPH_ERRORS.notFound(String(id));
  }
  if (consentType !== "AllPrincipals" && consentType !== "Principal") {
    throw GRAPH_ERRORS.bad("Invalid value specified for property 'consentType'.");
  }
  if ((consentType === "AllPrincipals") !== (principalId === null)) {
    throw GRAPH_ERRORS.bad("Property 'principalId' must be null for 'AllPrincipals' only.");
  }
  const same = call.view
    .rows("grant")
    .some(
      (row) =>
        row.clientId === clientId &&
        row.resourceId === resourceId &&
        row.principalId === principalId,
    );
  if (same) throw GRAPH_ERRORS.bad("Permission entry already exists.");
  const row: PermissionGrant = {
    id: call.service.random.text(
      43,
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ),
    clientId: String(clientId),
    consentType,
    principalId: typeof principalId === "string" ? principalId : null,
    resourceId: String(resourceId),
    scope: String(scope),
  };
  call.service.directory.write(put("grant", row.id, row));
  return single(call, SET, { ...row }, 201);
}

function get(call: Call): GraphAnswer {
  demand(call, ...READ);
  return single(call, SET, { ...grantIn(call) });
}

function patch(call: Call): GraphAnswer {
  demand(call, WRITE);
  const row = grantIn(call);
  const { scope } = bodyOf(call, { scope: "text?" });
  if (typeof scope !== "string") throw GRAPH_ERRORS.bad("Property 'scope' is required.");
  call.service.directory.write(put("grant", row.id, { ...row, scope }));
  return { status: 204 };
}

function remove(call: Call): GraphAnswer {
  demand(call, WRITE);
  call.service.directory.write(drop("grant", grantIn(call).id));
  return { status: 204 };
}

const ONE = `/${SET}/{oAuth2PermissionGrant-id}`;

export const grantRoutes: Route[] = [
  { method: "GET", path: `/${SET}`, handle: list },
  { method: "POST", path: `/${SET}`, handle: create },
  { method: "GET", path: ONE, handle: get },
  { method: "PATCH", path: ONE, handle: patch },
  { method: "DELETE", path: ONE, handle: remove },
];
