import { shortDate } from "../dates.js";
import { drop, put } from "../directory.js";
import type { Application, OptionalClaim } from "../tables.js";
import {
  applicationIn,
  bothSpellings,
  demandWrite,
  refuseConcurrent,
} from "./application-access.js";
import { type Call, demand, type GraphAnswer, type Route } from "./call.js";
import { bodyOf, type Kinds } from "./body.js";
import { GRAPH_ERRORS } from "./errors.js";
import { pageOfObjects, READ_APPS } from "./members.js";
import { filtered, page, selected, single } from "./query.js";
import { applicationResource } from "./resources.js";
import { APPLICATION, cut } from "./shape.js";

const CLAIM: Kinds = {
  name: "text",
  source: "text?",
  essential: "flag",
  additionalProperties: ["text"],
};
const WRITABLE: Kinds = {
  displayName: "text?",
  description: "text?",
  notes: "text?",
  tags: ["text"],
  signInAudience: "text?",
  identifierUris: ["text"],
  groupMembershipClaims: "text?",
  requiredResourceAccess: [
    { resourceAppId: "text", resourceAccess: [{ id: "text", type: "text?" }] },
  ],
  optionalClaims: { accessToken: [CLAIM], idToken: [CLAIM], saml2Token: [CLAIM] },
  web: {
    homePageUrl: "text?",
    logoutUrl: "text?",
    redirectUris: ["text"],
    redirectUriSettings: "any",
    implicitGrantSettings: {
      enableAccessTokenIssuance: "flag?",
      enableIdTokenIssuance: "flag?",
    },
  },
};
/** Entra takes so many redirect URIs, and none of these characters in one. */
const MOST_REDIRECTS = 256;
const BAD_IN_REDIRECT = /[!$'(),;]/;

function getApplication(call: Call): GraphAnswer {
  demand(call, ...READ_APPS);
  const app = applicationIn(call);
  const select = selected(call, APPLICATION);
  // Graph gives the certificates themselves only to who selects keyCredentials.
  const full = applicationResource(call.view, app, select?.includes("keyCredentials"));
  return single(call, "applications", cut(APPLICATION, full, select));
}

function listApplications(call: Call): GraphAnswer {
  demand(call, ...READ_APPS);
  const select = selected(call, APPLICATION);
  const { view } = call;
  const all = view.rows("application").map((app) => applicationResource(view, app));
  const items = filtered(call, APPLICATION, all).map(({ id, full }) => ({
    id,
    render: () => cut(APPLICATION, full, select),
  }));
  return page(call, { set: "applications", items });
}

function checkRedirect(uri: unknown): string {
  const bad = GRAPH_ERRORS.bad(
    `Invalid value specified for property 'redirectUris' of resource 'WebApplication'.`,
  );
  if (typeof uri !== "string" || BAD_IN_REDIRECT.test(uri) || !URL.canParse(uri)) throw bad;
  const { protocol, hostname } = new URL(uri);
  const isLocal = protocol === "http:" && hostname === "localhost";
  if (protocol !== "https:" && !isLocal) throw bad;
  return uri;
}

function redirectsOf(web: unknown): string[] | undefined {
  const uris = (web as { redirectUris?: unknown } | null)?.redirectUris;
  if (uris === undefined) return undefined;
  if (!Array.isArray(uris) || uris.length > MOST_REDIRECTS) {
    throw GRAPH_ERRORS.bad("Invalid value specified for property 'redirectUris'.");
  }
  return uris.map(checkRedirect);
}

function idTokenClaims(claims: unknown): OptionalClaim[] {
  const given = (claims as { idToken?: Partial<OptionalClaim>[] } | null)?.idToken ?? [];
  return given.map((claim) => ({
    name: "",
    source: null,
    essential: false,
    additionalProperties: [],
    ...claim,
  }));
}

function textOr(value: unknown, otherwise: string | null): string | null {
  return typeof value === "string" ? value : otherwise;
}

/** An application after an edit; what the body does not name stays. */
function edited(app: Application, body: Record<string, unknown>): Application {
  const lists = (name: string, old: unknown[]): unknown[] =>
    Array.isArray(body[name]) ? body[name] : old;
  return {
    ...app,
    displayName: textOr(body.displayName, app.displayName) ?? "",
    description: "description" in body ? textOr(body.description, null) : app.description,
    notes: "notes" in body ? textOr(body.notes, null) : app.notes,
    signInAudience: textOr(body.signInAudience, app.signInAudience) ?? "",
    groupMembershipClaims:
      "groupMembershipClaims" in body
        ? textOr(body.groupMembershipClaims, null)
        : app.groupMembershipClaims,
    tags: lists("tags", app.tags) as string[],
    identifierUris: lists("identifierUris", app.identifierUris) as string[],
    requiredResourceAccess: lists("requiredResourceAccess", app.requiredResourceAccess),
    redirectUris: ("web" in body ? redirectsOf(body.web) : undefined) ?? app.redirectUris,
    idTokenClaims:
      "optionalClaims" in body ? idTokenClaims(body.optionalClaims) : app.idTokenClaims,
  };
}

/** A new application; whoever made it with OwnedBy owns it. */
function createApplication(call: Call): GraphAnswer {
  const { service, caller, view } = call;
  demand(call, "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All");
  const body = bodyOf(call, WRITABLE);
  if (typeof body.displayName !== "string" || body.displayName === "") {
    throw GRAPH_ERRORS.bad(
      "A value is required for property 'displayName' of resource 'Application'.",
    );
  }
  const empty: Application = {
    id: service.random.uuid(),
    appId: service.random.uuid(),
    displayName: body.displayName,
    createdDateTime: shortDate(service.clock.now()),
    // What Graph takes where nothing is said; FACTS: say AzureADMyOrg explicitly.
    signInAudience: "AzureADandPersonalMicrosoftAccount",
    identifierUris: [],
    redirectUris: [],
    groupMembershipClaims: null,
    idTokenClaims: [],
    requiredResourceAccess: [],
    tags: [],
    notes: null,
    description: null,
  };
  const app = edited(empty, body);
  const owned = caller.roles.has("Application.ReadWrite.All")
    ? []
    : [put("owner", app.id, true, caller.principalId)];
  service.directory.write(put("application", app.id, app), ...owned);
  return single(
    call,
    "applications",
    cut(APPLICATION, applicationResource(view, app), undefined),
    201,
  );
}

function patchApplication(call: Call): GraphAnswer {
  const app = applicationIn(call);
  demandWrite(call, app);
  const body = bodyOf(call, WRITABLE);
  const changed = edited(app, body);
  refuseConcurrent(call, app);
  call.service.directory.write(put("application", app.id, changed));
  return { status: 204 };
}

function deleteApplication(call: Call): GraphAnswer {
  const app = applicationIn(call);
  demandWrite(call, app);
  refuseConcurrent(call, app);
  const { directory, clock } = call.service;
  const deletedDateTime = shortDate(clock.now());
  directory.write(
    drop("application", app.id),
    put("deleted", app.id, { kind: "application", deletedDateTime, object: app }),
  );
  return { status: 204 };
}

function listOwners(call: Call): GraphAnswer {
  demand(call, ...READ_APPS);
  return pageOfObjects(call, call.view.held("owner", applicationIn(call).id).keys());
}

/** OwnedBy cannot add owners; an administrator does. */
function addOwner(call: Call): GraphAnswer {
  demand(call, "Application.ReadWrite.All");
  const app = applicationIn(call);
  const reference = bodyOf(call, { "@odata.id": "text" })["@odata.id"];
  const id = /\/(?:directoryObjects|servicePrincipals|users)\/([0-9a-fA-F-]{36})$/.exec(
    String(reference),
  )?.[1];
  if (id === undefined) throw GRAPH_ERRORS.bad("The '@odata.id' of the reference is not valid.");
  const { view, service } = call;
  if (!view.get("servicePrincipal", id) && !view.get("user", id)) throw GRAPH_ERRORS.notFound(id);
  if (view.get("owner", app.id, id)) {
    throw GRAPH_ERRORS.bad(
      "One or more added object references already exist for the following modified properties: 'owners'.",
    );
  }
  service.directory.write(put("owner", app.id, true, id));
  return { status: 204 };
}

export const applicationRoutes: Route[] = [
  { method: "GET", path: "/applications", cost: 2, handle: listApplications },
  { method: "POST", path: "/applications", handle: createApplication },
  ...bothSpellings({ method: "GET", path: "", cost: 2, handle: getApplication }),
  ...bothSpellings({ method: "PATCH", path: "", handle: patchApplication }),
  ...bothSpellings({ method: "DELETE", path: "", handle: deleteApplication }),
  ...bothSpellings({ method: "GET", path: "/owners", cost: 2, handle: listOwners }),
  ...bothSpellings({ method: "POST", path: "/owners/$ref", handle: addOwner }),
];
