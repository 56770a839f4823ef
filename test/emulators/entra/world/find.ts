import type { View } from "../replica.js";
import type { Application, Group, ServicePrincipal, User } from "../tables.js";
import type { WorldContext } from "./context.js";

function oneOf<T>(kind: string, ref: string, found: T[]): T {
  const [only] = found;
  if (only === undefined) throw new RangeError(`no ${kind} "${ref}"`);
  if (found.length > 1) throw new RangeError(`${found.length} ${kind}s "${ref}": say the id`);
  return only;
}

/** A user by id or UPN (case counts for nothing in a UPN), in the truth or another view. */
export function findUser(view: View, ref: string): User | undefined {
  const byId = view.get("user", ref);
  if (byId) return byId;
  const wanted = ref.toLowerCase();
  return view.find(
    "user",
    ({ userPrincipalName: upn }) => upn.length === ref.length && upn.toLowerCase() === wanted,
  );
}

/** The user that an order means, by id or UPN. Throws a RangeError if there is none. */
export function theUser(ctx: WorldContext, ref: string): User {
  const user = findUser(ctx.directory.truth, ref);
  return oneOf("user", ref, user ? [user] : []);
}

/** The group that an order means, by id or display name. */
export function theGroup(ctx: WorldContext, ref: string): Group {
  const byId = ctx.directory.truth.get("group", ref);
  if (byId) return byId;
  const named = ctx.directory.truth.rows("group").filter((group) => group.displayName === ref);
  return oneOf("group", ref, named);
}

/** The application that an order means, by object id, app id or display name. */
export function theApp(ctx: WorldContext, ref: string): Application {
  const apps = ctx.directory.truth.rows("application");
  const byId = apps.filter((app) => app.id === ref || app.appId === ref);
  if (byId.length > 0) return oneOf("application", ref, byId);
  return oneOf(
    "application",
    ref,
    apps.filter((app) => app.displayName === ref),
  );
}

/** The service principal of an app id in a view. */
export function principalOf(view: View, appId: string): ServicePrincipal | undefined {
  return view.find("servicePrincipal", (principal) => principal.appId === appId);
}

/** The application of an app id in a view. */
export function applicationOf(view: View, appId: string): Application | undefined {
  return view.find("application", (app) => app.appId === appId);
}

/** The service principal of the app that an order means. */
export function thePrincipal(ctx: WorldContext, ref: string): ServicePrincipal {
  const { truth } = ctx.directory;
  // Microsoft Graph's own principal has no application in the tenant.
  const direct = truth.get("servicePrincipal", ref) ?? principalOf(truth, ref);
  if (direct) return direct;
  const principal = principalOf(truth, theApp(ctx, ref).appId);
  return oneOf("service principal", ref, principal ? [principal] : []);
}

/** A user, group, device or service principal that an order means as somebody's member or owner. */
export function theObjectId(ctx: WorldContext, ref: string): string {
  const { truth } = ctx.directory;
  for (const table of ["user", "group", "device", "servicePrincipal"] as const) {
    if (truth.get(table, ref)) return ref;
  }
  const user = findUser(truth, ref);
  return user ? user.id : theGroup(ctx, ref).id;
}
