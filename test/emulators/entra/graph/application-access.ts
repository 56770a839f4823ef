import type { Application } from "../tables.js";
import { applicationOf } from "../world/find.js";
import { type Call, demand, isUuid, type Route } from "./call.js";
import { GRAPH_ERRORS } from "./errors.js";

/** Finds the application of a path, by object id or by `appId='…'`. */
export function applicationIn(call: Call): Application {
  const { params, view } = call;
  if (params.appId !== undefined) {
    const found = applicationOf(view, params.appId);
    if (!found) throw GRAPH_ERRORS.notFound(params.appId);
    return found;
  }
  const id = params["application-id"] ?? "";
  if (!isUuid(id)) throw GRAPH_ERRORS.malformedId(id);
  const found = view.get("application", id);
  if (!found) throw GRAPH_ERRORS.notFound(id);
  return found;
}

/** Refuses a write to an application that the caller neither owns nor administers. */
export function demandWrite(call: Call, app: Application): void {
  const { caller, view } = call;
  if (caller.roles.has("Application.ReadWrite.All")) return;
  demand(call, "Application.ReadWrite.OwnedBy");
  if (!view.get("owner", app.id, caller.principalId)) throw GRAPH_ERRORS.denied();
}

/** Refuses a write that collides with another one: on order, or within the window of the settings. */
export function refuseConcurrent(call: Call, app: Application): void {
  const { settings, clock } = call.service;
  const ordered = settings.conflicts.shift();
  if (ordered !== undefined) throw GRAPH_ERRORS.conflict(ordered);
  const last = settings.lastWrite.get(app.id) ?? -Infinity;
  if (clock.now() - last < settings.conflictWindow) throw GRAPH_ERRORS.conflict(409);
  settings.lastWrite.set(app.id, clock.now());
}

/** A route under both spellings of an application's path. */
export function bothSpellings(route: Route): Route[] {
  return [
    { ...route, path: `/applications/{application-id}${route.path}` },
    { ...route, path: `/applications(appId='{appId}')${route.path}` },
  ];
}
