/** What one write changed in user.cfg. */
import { aclNodes } from "../emulators/pve/acl-tree.js";
import type { UserCfg } from "../emulators/pve/oracle.js";
import type { User } from "../emulators/pve/user-cfg.js";

export interface Entry {
  readonly path: string;
  readonly kind: "users" | "groups" | "tokens";
  readonly holder: string;
  readonly role: string;
  readonly propagate: boolean;
}

export interface Membership {
  readonly userid: string;
  readonly group: string;
}

export interface Difference {
  readonly users: readonly {
    readonly userid: string;
    readonly from?: User;
    readonly to?: User;
  }[];
  readonly lost: readonly Membership[];
  readonly gained: readonly Membership[];
  readonly groupsMade: readonly string[];
  readonly groupsGone: readonly string[];
  readonly groupsEdited: readonly string[];
  readonly entriesGone: readonly Entry[];
  readonly entriesMade: readonly Entry[];
  /** As they are now. */
  readonly entriesTurned: readonly Entry[];
}

export function entriesOf(file: UserCfg): Map<string, Entry> {
  const found = new Map<string, Entry>();
  for (const [path, node] of aclNodes(file.acl)) {
    for (const kind of ["users", "groups", "tokens"] as const) {
      for (const [holder, roles] of node[kind]) {
        for (const [role, propagate] of roles) {
          found.set(entryKey({ path, holder, role }), { path, kind, holder, role, propagate });
        }
      }
    }
  }
  return found;
}

export function entryKey({ path, holder, role }: Pick<Entry, "path" | "holder" | "role">): string {
  return `${path}|${holder}|${role}`;
}

export function difference(before: UserCfg, after: UserCfg): Difference {
  const everybody = new Set([...before.users.keys(), ...after.users.keys()]);
  const users = [...everybody].flatMap((userid) => {
    const [from, to] = [before.users.get(userid), after.users.get(userid)];
    if (shown(from) === shown(to)) return [];
    return [{ userid, ...(from && { from }), ...(to && { to }) }];
  });
  const [old, now] = [entriesOf(before), entriesOf(after)];
  const groups = [...before.groups.keys()];
  return {
    users,
    lost: members(before).filter(
      ({ userid, group }) => !after.groups.get(group)?.users.has(userid),
    ),
    gained: members(after).filter(
      ({ userid, group }) => !before.groups.get(group)?.users.has(userid),
    ),
    groupsMade: [...after.groups.keys()].filter((group) => !before.groups.has(group)),
    groupsGone: groups.filter((group) => !after.groups.has(group)),
    groupsEdited: groups.filter(
      (group) =>
        after.groups.has(group) &&
        (before.groups.get(group)?.comment ?? "") !== (after.groups.get(group)?.comment ?? ""),
    ),
    entriesGone: [...old].filter(([key]) => !now.has(key)).map(([, entry]) => entry),
    entriesMade: [...now].filter(([key]) => !old.has(key)).map(([, entry]) => entry),
    entriesTurned: [...now]
      .filter(([key, entry]) => old.has(key) && old.get(key)?.propagate !== entry.propagate)
      .map(([, entry]) => entry),
  };
}

function members(file: UserCfg): Membership[] {
  return [...file.groups].flatMap(([group, { users }]) =>
    [...users].map((userid) => ({ userid, group })),
  );
}

function shown(user: User | undefined): string {
  if (user === undefined) return "";
  return JSON.stringify({ ...user, tokens: [...(user.tokens ?? [])] });
}
