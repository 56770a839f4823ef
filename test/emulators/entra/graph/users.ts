import { groupsOf, isHidden } from "../membership.js";
import type { User } from "../tables.js";
import { findUser } from "../world/find.js";
import { type Call, demand, type GraphAnswer, holds, isUuid, param, type Route } from "./call.js";
import { bodyOf } from "./body.js";
import { GRAPH_ERRORS } from "./errors.js";
import { READ_GROUPS } from "./members.js";
import { contextOf, filtered, page, selected, single } from "./query.js";
import { userResource } from "./resources.js";
import { cut, USER } from "./shape.js";

const READ_USERS = ["User.Read.All", "Directory.Read.All"] as const;
/** checkMemberGroups takes so many ids (Microsoft: "directoryObject: checkMemberGroups"). */
const MOST_GROUPS = 20;

/** The user of a path, by object id or UPN. */
function userOf(call: Call): User {
  const ref = param(call, "user-id");
  const user = findUser(call.view, ref);
  if (!user) throw GRAPH_ERRORS.notFound(ref);
  return user;
}

function getUser(call: Call): GraphAnswer {
  demand(call, ...READ_USERS);
  const user = userOf(call);
  return single(call, "users", cut(USER, userResource(user), selected(call, USER)));
}

function listUsers(call: Call): GraphAnswer {
  demand(call, ...READ_USERS);
  const select = selected(call, USER);
  const found = filtered(call, USER, call.view.rows("user").map(userResource));
  const items = found.map(({ id, full }) => ({ id, render: () => cut(USER, full, select) }));
  return page(call, { set: "users", items });
}

function groupIdsOf(call: Call): string[] {
  const { groupIds } = bodyOf(call, { groupIds: "any" });
  if (!Array.isArray(groupIds)) throw GRAPH_ERRORS.bad("Parameter 'groupIds' is required.");
  if (groupIds.length > MOST_GROUPS) {
    throw GRAPH_ERRORS.bad(
      `The number of values in 'groupIds' exceeds the limit: ${groupIds.length}. Max allowed: ${MOST_GROUPS}.`,
    );
  }
  for (const id of groupIds) {
    if (typeof id !== "string" || !isUuid(id)) {
      throw GRAPH_ERRORS.bad(`Invalid GUID:${String(id)}`);
    }
  }
  return groupIds as string[];
}

/** Which of some groups a person is in, through nesting; unknown groups are in none of them. */
function checkMemberGroups(call: Call): GraphAnswer {
  const asked = groupIdsOf(call);
  demand(call, ...READ_USERS);
  demand(call, ...READ_GROUPS);
  const groups = groupsOf(call.view, userOf(call).id);
  const seeHidden = holds(call, "Member.Read.Hidden");
  const value = asked.filter((id) => groups.has(id) && (seeHidden || !isHidden(call.view, id)));
  return {
    status: 200,
    body: { "@odata.context": contextOf(call, "Collection(Edm.String)"), value },
  };
}

export const userRoutes: Route[] = [
  { method: "GET", path: "/users", cost: 2, handle: listUsers },
  { method: "GET", path: "/users/{user-id}", cost: 1, handle: getUser },
  {
    method: "POST",
    path: "/users/{user-id}/checkMemberGroups",
    cost: 4,
    handle: checkMemberGroups,
  },
];
