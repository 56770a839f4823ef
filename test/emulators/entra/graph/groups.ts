import { type Call, demand, type GraphAnswer, type Route } from "./call.js";
import { groupOf, READ_GROUPS } from "./members.js";
import { filtered, page, selected, single } from "./query.js";
import { groupResource } from "./resources.js";
import { cut, GROUP } from "./shape.js";

function getGroup(call: Call): GraphAnswer {
  const id = groupOf(call);
  const group = call.view.get("group", id);
  const full = group ? groupResource(group) : {};
  return single(call, "groups", cut(GROUP, full, selected(call, GROUP)));
}

function listGroups(call: Call): GraphAnswer {
  demand(call, ...READ_GROUPS);
  const select = selected(call, GROUP);
  const found = filtered(call, GROUP, call.view.rows("group").map(groupResource));
  const items = found.map(({ id, full }) => ({ id, render: () => cut(GROUP, full, select) }));
  return page(call, { set: "groups", items });
}

export const groupRoutes: Route[] = [
  { method: "GET", path: "/groups", cost: 2, handle: listGroups },
  { method: "GET", path: "/groups/{group-id}", cost: 1, handle: getGroup },
];
