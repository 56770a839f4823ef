import { GRAPH_APP_ID, GRAPH_APP_ROLES, GRAPH_SCOPES } from "../roles.js";
import { type Directory, put } from "../directory.js";
import { type AppOrders, appOrders } from "./apps.js";
import type { WorldContext } from "./context.js";
import { type GroupOrders, groupOrders } from "./groups.js";
import { type MoodOrders, moodOrders } from "./moods.js";
import { type PeopleOrders, peopleOrders } from "./people.js";

/** The emulated tenant, and everything that may be done to it. */
export interface EntraWorld extends PeopleOrders, GroupOrders, AppOrders, MoodOrders {
  readonly tenantId: string;
  readonly domain: string;
  readonly directory: Directory;
}

/** A tenant with nothing in it but Microsoft Graph's own service principal. */
export function createWorld(ctx: WorldContext): EntraWorld {
  ctx.directory.settled(() => {
    const id = ctx.random.uuid();
    ctx.directory.write(
      put("servicePrincipal", id, {
        id,
        appId: GRAPH_APP_ID,
        displayName: "Microsoft Graph",
        accountEnabled: true,
        appRoleAssignmentRequired: false,
        appRoles: GRAPH_APP_ROLES,
        oauth2PermissionScopes: GRAPH_SCOPES,
        tags: [],
      }),
    );
  });
  return {
    tenantId: ctx.tenantId,
    domain: ctx.domain,
    directory: ctx.directory,
    ...peopleOrders(ctx),
    ...groupOrders(ctx),
    ...appOrders(ctx),
    ...moodOrders(ctx),
  };
}
