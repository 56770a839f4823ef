import { shortDate } from "../dates.js";
import { drop, put } from "../directory.js";
import type { AppRoleAssignment, ServicePrincipal } from "../tables.js";
import { applicationOf, principalOf } from "../world/find.js";
import { type Call, demand, type GraphAnswer, isUuid, type Route } from "./call.js";
import { bodyOf, type Kinds } from "./body.js";
import { GRAPH_ERRORS } from "./errors.js";
import { READ_APPS } from "./members.js";
import { filtered, page, selected, single } from "./query.js";
import { principalResource } from "./resources.js";
import { cut, type Resource, SERVICE_PRINCIPAL } from "./shape.js";

const SET = "servicePrincipals";
const WRITABLE: Kinds = {
  accountEnabled: "flag",
  appRoleAssignmentRequired: "flag",
  displayName: "text",
  tags: ["text"],
};

function principalIn(call: Call): ServicePrincipal {
  const { params, view } = call;
  if (params.appId !== undefined) {
    const found = principalOf(view, params.appId);
    if (!found) throw GRAPH_ERRORS.notFound(params.appId);
    return found;
  }
  const id = params["servicePrincipal-id"] ?? "";
  if (!isUuid(id)) throw GRAPH_ERRORS.malformedId(id);
  const found = view.get("servicePrincipal", id);
  if (!found) throw GRAPH_ERRORS.notFound(id);
  return found;
}

/** Writing a principal takes the same right as writing the application behind it. */
function demandWrite(call: Call, appId: string): void {
  if (call.caller.roles.has("Application.ReadWrite.All")) return;
  demand(call, "Application.ReadWrite.OwnedBy");
  const app = applicationOf(call.view, appId);
  const owned = app && call.view.get("owner", app.id, call.caller.principalId);
  if (!owned) throw GRAPH_ERRORS.denied();
}

function full(call: Call, principal: ServicePrincipal): Resource {
  return principalResource(call.view, principal, call.service.tenantId);
}

function listPrincipals(call: Call): GraphAnswer {
  demand(call, ...READ_APPS);
  const select = selected(call, SERVICE_PRINCIPAL);
  const all = call.view.rows("servicePrincipal").map((row) => full(call, row));
  const items = filtered(call, SERVICE_PRINCIPAL, all).map((found) => ({
    id: found.id,
    render: () => cut(SERVICE_PRINCIPAL, found.full, select),
  }));
  return page(call, { set: SET, items });
}

function getPrincipal(call: Call): GraphAnswer {
  demand(call, ...READ_APPS);
  const select = selected(call, SERVICE_PRINCIPAL);
  return single(call, SET, cut(SERVICE_PRINCIPAL, full(call, principalIn(call)), select));
}

function createPrincipal(call: Call): GraphAnswer {
  const { view, service } = call;
  const { appId, tags } = bodyOf(call, { appId: "text?", ...WRITABLE });
  if (typeof appId !== "string") throw GRAPH_ERRORS.bad("Property 'appId' is required.");
  const app = applicationOf(view, appId);
  if (!app) {
    throw GRAPH_ERRORS.bad(
      `The appId '${appId}' of the service principal does not reference a valid application object.`,
    );
  }
  demandWrite(call, appId);
  if (principalOf(view, appId)) throw GRAPH_ERRORS.exists("servicePrincipalNames");
  const row: ServicePrincipal = {
    id: service.random.uuid(),
    appId,
    displayName: app.displayName,
    accountEnabled: true,
    appRoleAssignmentRequired: false,
    appRoles: [],
    oauth2PermissionScopes: [],
    tags: Array.isArray(tags) ? tags.map(String) : [],
  };
  service.directory.write(put("servicePrincipal", row.id, row));
  return single(call, SET, cut(SERVICE_PRINCIPAL, full(call, row), undefined), 201);
}

function patchPrincipal(call: Call): GraphAnswer {
  const principal = principalIn(call);
  demandWrite(call, principal.appId);
  const body = bodyOf(call, WRITABLE) as Partial<ServicePrincipal>;
  call.service.directory.write(put("servicePrincipal", principal.id, { ...principal, ...body }));
  return { status: 204 };
}

function deletePrincipal(call: Call): GraphAnswer {
  const principal = principalIn(call);
  demandWrite(call, principal.appId);
  call.service.directory.write(drop("servicePrincipal", principal.id));
  return { status: 204 };
}

function assignmentResource(call: Call, row: AppRoleAssignment): Resource {
  const { view } = call;
  const name = (id: string): string | null => view.get("servicePrincipal", id)?.displayName ?? null;
  return {
    id: row.id,
    deletedDateTime: null,
    appRoleId: row.appRoleId,
    createdDateTime: row.createdDateTime,
    principalDisplayName: name(row.principalId),
    principalId: row.principalId,
    principalType: "ServicePrincipal",
    resourceDisplayName: name(row.resourceId),
    resourceId: row.resourceId,
  };
}

function listAssignments(call: Call): GraphAnswer {
  demand(call, ...READ_APPS);
  const rows = [...call.view.held("appRole", principalIn(call).id).values()];
  const items = rows.map((row) => ({ id: row.id, render: () => assignmentResource(call, row) }));
  return page(call, { set: "appRoleAssignments", items });
}

function assign(call: Call): GraphAnswer {
  demand(call, "AppRoleAssignment.ReadWrite.All");
  const { view, service } = call;
  const principal = principalIn(call);
  const { principalId, resourceId, appRoleId } = bodyOf(call, {
    principalId: "text?",
    resourceId: "text?",
    appRoleId: "text",
  });
  const resource = view.get("servicePrincipal", String(resourceId));
  if (!resource) throw GRAPH_ERRORS.notFound(String(resourceId));
  const role = resource.appRoles.find((candidate) => candidate.id === appRoleId);
  if (principalId !== principal.id || !role) {
    throw GRAPH_ERRORS.bad("Permission being assigned was not found on application.");
  }
  const held = [...view.held("appRole", principal.id).values()];
  if (held.some((row) => row.appRoleId === role.id)) {
    throw GRAPH_ERRORS.bad("Permission being assigned already exists on the object.");
  }
  const row: AppRoleAssignment = {
    id: service.random.uuid(),
    appRoleId: role.id,
    principalId: principal.id,
    resourceId: resource.id,
    createdDateTime: shortDate(service.clock.now()),
  };
  service.directory.write(put("appRole", principal.id, row, row.id));
  return single(call, "appRoleAssignments", assignmentResource(call, row), 201);
}

function bothSpellings(route: Route): Route[] {
  return [
    { ...route, path: `/servicePrincipals/{servicePrincipal-id}${route.path}` },
    { ...route, path: `/servicePrincipals(appId='{appId}')${route.path}` },
  ];
}

export const principalRoutes: Route[] = [
  { method: "GET", path: "/servicePrincipals", cost: 2, handle: listPrincipals },
  { method: "POST", path: "/servicePrincipals", handle: createPrincipal },
  ...bothSpellings({ method: "GET", path: "", handle: getPrincipal }),
  ...bothSpellings({ method: "PATCH", path: "", handle: patchPrincipal }),
  ...bothSpellings({ method: "DELETE", path: "", handle: deletePrincipal }),
  ...bothSpellings({ method: "GET", path: "/appRoleAssignments", handle: listAssignments }),
  ...bothSpellings({ method: "POST", path: "/appRoleAssignments", handle: assign }),
];
