import { shortDate } from "../dates.js";
import type { SecretPolicy } from "../settings.js";
import { applicationIn, bothSpellings } from "./application-access.js";
import { type Call, demand, type GraphAnswer, holds, isUuid, param, type Route } from "./call.js";
import { bodyOf } from "./body.js";
import { GRAPH_ERRORS } from "./errors.js";
import { anyObject, READ_APPS, READ_GROUPS } from "./members.js";
import { contextOf, page, single } from "./query.js";
import { applicationResource, groupResource, userResource } from "./resources.js";
import { APPLICATION, cut, GROUP, type Resource, USER } from "./shape.js";

/** The tenant itself: its name, its policies, its recycle bin, and objects by id. */

const ORGANIZATION = [
  ...["id", "displayName", "verifiedDomains", "tenantType", "countryLetterCode", "createdDateTime"],
];
const MOST_IDS = 1000;

function organization(call: Call): GraphAnswer {
  demand(call, "Organization.Read.All", "Directory.Read.All");
  const { tenantId, domain } = call.service;
  const full: Resource = {
    id: tenantId,
    displayName: "Emulated organisation",
    verifiedDomains: [
      {
        capabilities: "Email, OfficeCommunicationsOnline",
        isDefault: true,
        isInitial: true,
        name: domain,
        type: "Managed",
      },
    ],
    tenantType: "AAD",
    countryLetterCode: "DE",
    createdDateTime: shortDate(0),
  };
  const names = call.query.get("$select")?.split(",") ?? ORGANIZATION;
  for (const name of names) {
    if (!ORGANIZATION.includes(name)) throw GRAPH_ERRORS.noProperty(name, "organization");
  }
  const shown = Object.fromEntries(names.map((name) => [name, full[name]]));
  return page(call, { set: "organization", items: [{ id: tenantId, render: () => shown }] });
}

function credentialRules(policy: SecretPolicy | undefined): Resource[] {
  const rule = (restrictionType: string, maxLifetime: string | null): Resource => ({
    restrictionType,
    maxLifetime,
    restrictForAppsCreatedAfterDateTime: null,
    state: "enabled",
  });
  const cap = policy?.maxLifetimeDays;
  return [
    ...(policy?.secretsForbidden ? [rule("passwordAddition", null)] : []),
    ...(cap === undefined ? [] : [rule("passwordLifetime", `P${cap}D`)]),
  ];
}

function tenantPolicy(call: Call): GraphAnswer {
  demand(call, "Policy.Read.All");
  const policy = call.service.settings.tenantPolicy;
  const restrictions = { passwordCredentials: credentialRules(policy), keyCredentials: [] };
  return single(call, "policies/defaultAppManagementPolicy", {
    id: "00000000-0000-0000-0000-000000000000",
    displayName: policy?.name ?? "Default app management tenant policy",
    description: null,
    isEnabled: policy !== undefined,
    applicationRestrictions: restrictions,
    servicePrincipalRestrictions: { passwordCredentials: [], keyCredentials: [] },
  });
}

function appPolicies(call: Call): GraphAnswer {
  demand(call, "Policy.Read.All");
  const app = applicationIn(call);
  const policy = call.service.settings.appPolicies.get(app.id);
  const resource: Resource = {
    id: app.id,
    displayName: policy?.name ?? "",
    description: null,
    isEnabled: true,
    restrictions: { passwordCredentials: credentialRules(policy), keyCredentials: [] },
  };
  const items = policy ? [{ id: app.id, render: () => resource }] : [];
  return page(call, { set: "appManagementPolicies", items });
}

function deletedResource(call: Call, id: string): Resource | undefined {
  const row = call.view.get("deleted", id);
  if (!row) return undefined;
  const { deletedDateTime } = row;
  if (row.kind === "user" && holds(call, "User.Read.All", "Directory.Read.All")) {
    const type = { "@odata.type": "#microsoft.graph.user" };
    return { ...type, deletedDateTime, ...cut(USER, userResource(row.object), undefined) };
  }
  if (row.kind === "group" && holds(call, ...READ_GROUPS)) {
    const full = { ...groupResource(row.object), deletedDateTime };
    return { "@odata.type": "#microsoft.graph.group", ...cut(GROUP, full, undefined) };
  }
  if (row.kind === "application" && holds(call, ...READ_APPS)) {
    const full = { ...applicationResource(call.view, row.object), deletedDateTime };
    return { "@odata.type": "#microsoft.graph.application", ...cut(APPLICATION, full, undefined) };
  }
  throw GRAPH_ERRORS.denied();
}

function deletedItem(call: Call): GraphAnswer {
  const id = param(call, "directoryObject-id");
  if (!isUuid(id)) throw GRAPH_ERRORS.malformedId(id);
  demand(call, "User.Read.All", ...READ_GROUPS, ...READ_APPS);
  const resource = deletedResource(call, id);
  if (!resource) throw GRAPH_ERRORS.notFound(id);
  return single(call, "directoryObjects", resource);
}

function getByIds(call: Call): GraphAnswer {
  demand(call, "User.Read.All", ...READ_GROUPS, ...READ_APPS);
  const { ids, types } = bodyOf(call, { ids: "any", types: ["text"] });
  if (!Array.isArray(ids) || ids.length > MOST_IDS || !ids.every((id) => isUuid(String(id)))) {
    throw GRAPH_ERRORS.bad("Invalid value specified for property 'ids'.");
  }
  const wanted = Array.isArray(types)
    ? types.map((type) => `#microsoft.graph.${String(type)}`)
    : undefined;
  const found = ids
    .map((id) => anyObject(call, String(id), undefined))
    .filter((object) => object !== undefined)
    .filter((object) => wanted?.includes(String(object["@odata.type"])) ?? true);
  return {
    status: 200,
    body: { "@odata.context": contextOf(call, "directoryObjects"), value: found },
  };
}

export const tenantRoutes: Route[] = [
  { method: "GET", path: "/organization", handle: organization },
  { method: "GET", path: "/policies/defaultAppManagementPolicy", handle: tenantPolicy },
  // The description has this one path by object id only.
  ...bothSpellings({ method: "GET", path: "/appManagementPolicies", handle: appPolicies }).slice(
    0,
    1,
  ),
  { method: "GET", path: "/directory/deletedItems/{directoryObject-id}", handle: deletedItem },
  { method: "POST", path: "/directoryObjects/getByIds", handle: getByIds },
];
