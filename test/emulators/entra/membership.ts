import type { View } from "./replica.js";

/** Whether a group keeps its members to itself. */
export function isHidden(view: View, groupId: string): boolean {
  return view.get("group", groupId)?.visibility === "HiddenMembership";
}

/**
 * Ids of everybody in a group, through nested groups, the groups themselves included; each once.
 * Members of groups with hidden membership are left out, silently, unless `seeHidden`.
 */
export function transitiveMembers(view: View, groupId: string, seeHidden: boolean): Set<string> {
  const found = new Set<string>();
  const waiting = [groupId];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!seeHidden && isHidden(view, next)) continue;
    for (const member of view.held("member", next).keys()) {
      if (found.has(member)) continue;
      found.add(member);
      if (view.get("group", member)) waiting.push(member);
    }
  }
  return found;
}

/** Ids of the direct members, under the same rule. */
export function directMembers(view: View, groupId: string, seeHidden: boolean): Set<string> {
  if (!seeHidden && isHidden(view, groupId)) return new Set();
  return new Set(view.held("member", groupId).keys());
}

/** Ids of the groups that somebody is in, through nesting. */
export function groupsOf(view: View, memberId: string): Set<string> {
  const found = new Set<string>();
  const waiting = [memberId];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const group of view.holders("member", next)) {
      if (found.has(group) || !view.get("group", group)) continue;
      found.add(group);
      waiting.push(group);
    }
  }
  return found;
}
