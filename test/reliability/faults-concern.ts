/** What a fault at one request may leave undone in that pass: whatever else there is still happens. */
import { parseUserCfg } from "../emulators/pve/index.js";
import { decodeUtf8, encodeUtf8 } from "../emulators/pve/perl.js";
import { writeUserCfg } from "../emulators/pve/user-cfg-write.js";
import type { Met } from "./faults-request.js";
import { groupsOf } from "./faults-state.js";

export interface Concern {
  /** Who may stay as they are although they left: Entra's word on them was not heard. */
  readonly unheard: boolean;
  /** Accounts of those who left may stay open: in which groups somebody is, is not known of all. */
  readonly accounts: boolean;
  /** Users and groups whose changes may wait; `all`: the pass as a whole. */
  readonly people: ReadonlySet<string> | "all";
  /** Whether the rotation may wait. */
  readonly secrets: boolean;
}

export interface Scene {
  /** user.cfg as the step begins, and as it ends undisturbed. */
  readonly old: string;
  readonly wanted: string;
  /** `[[realm.group]]` as TOML. */
  readonly mappings: string;
}

/** Nothing can be counted on any more. */
export const EVERYTHING: Concern = { people: "all", secrets: true, unheard: true, accounts: true };
const NOBODY: ReadonlySet<string> = new Set();

/** What depends on the answer to this request. */
export function concernOf(met: Met, scene: Scene): Concern {
  switch (met.kind) {
    case "PVE: nodes":
    case "PVE: own rights":
    case "PVE: lists":
    case "Entra: sign-in":
      return EVERYTHING;
    case "PVE: realm":
      // The first is of the observation, the others belong to a rotation.
      return met.n === 1
        ? EVERYTHING
        : { people: NOBODY, secrets: true, unheard: false, accounts: false };
    case "PVE: one user":
    case "PVE: user write":
    case "PVE: ACL write":
      return {
        people: withTies(namedIn(met), scene),
        secrets: false,
        unheard: false,
        accounts: false,
      };
    case "PVE: group write":
      return {
        people: withMembers(namedIn(met), scene),
        secrets: false,
        unheard: false,
        accounts: false,
      };
    case "Entra: groups":
      return { people: "all", secrets: false, unheard: true, accounts: true };
    case "Entra: one group of a batch":
    case "Entra: page of members":
      return { people: groupsMapped(met, scene), secrets: false, unheard: true, accounts: true };
    case "Entra: own side":
    case "Entra: one person of a batch":
      return {
        people: withTies(askedIn(met, scene), scene),
        secrets: false,
        unheard: true,
        accounts: true,
      };
    default:
      return { people: NOBODY, secrets: true, unheard: false, accounts: false };
  }
}

/** Users and groups that a write names. */
function namedIn({ path, body }: Met): readonly string[] {
  const form = new URLSearchParams(body);
  const inPath = /\/access\/(?:users|groups)\/([^?]+)/.exec(path)?.[1];
  return [
    ...(inPath === undefined ? [] : [decodeURIComponent(inPath)]),
    ...["userid", "groupid"].flatMap((name) => form.get(name) ?? []),
    ...(form.get("groups") ?? "").split(",").filter((group) => group !== ""),
  ];
}

/**
 * P3 ties what happens to a user to what happens to the user's groups, and so to their entries and
 * to who comes into them.
 */
function withTies(names: readonly string[], scene: Scene): ReadonlySet<string> {
  const { old, wanted } = scene;
  const ties = names.flatMap((name) => [...groupsOf(old, name), ...groupsOf(wanted, name)]);
  return withMembers([...names, ...ties], scene);
}

/** The PVE groups of the mapping whose Entra group was read, and everybody in them. */
function groupsMapped({ path }: Met, { mappings, old, wanted }: Scene): ReadonlySet<string> {
  const id = /\/groups\/([0-9a-f-]{36})/.exec(path)?.[1] ?? "";
  const groups = mappings
    .split("[[realm.group]]")
    .filter((section) => section.includes(id))
    .flatMap((section) => /name = "([^"]+)"/.exec(section)?.[1] ?? []);
  return withMembers(groups, { old, wanted });
}

/** Without the group nobody can be in it. */
function withMembers(
  groups: readonly string[],
  { old, wanted }: Pick<Scene, "old" | "wanted">,
): ReadonlySet<string> {
  const members = [old, wanted].flatMap((cfg) =>
    usersOf(cfg).filter((user) => groupsOf(cfg, user).some((group) => groups.includes(group))),
  );
  return new Set([...groups, ...members]);
}

/** Everybody whose object id is in the path, or in the body of the batch. */
function askedIn({ kind, path, body }: Met, { old, wanted }: Scene): readonly string[] {
  const text = kind === "Entra: own side" ? body : path;
  const ids = text.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];
  return [old, wanted].flatMap((cfg) =>
    cfg
      .split("\n")
      .filter((line) => line.startsWith("user:") && ids.some((id) => line.includes(id)))
      .map((line) => line.split(":")[1] ?? ""),
  );
}

function usersOf(userCfg: string): readonly string[] {
  const lines = userCfg.split("\n").filter((line) => line.startsWith("user:"));
  return lines.map((line) => line.split(":")[1] ?? "");
}

/**
 * The state that there is to be when some of those who left were not heard of: they stay as they
 * are, everything else is as wanted. What this gives may be held, too (P3: old and new).
 */
export function withUnheard({ people, unheard }: Concern, { old, wanted }: Scene): string {
  if (!unheard) return wanted;
  const cfg = parseUserCfg(encodeUtf8(wanted));
  for (const [userid, user] of parseUserCfg(encodeUtf8(old)).users) {
    if (people !== "all" && !people.has(userid)) continue;
    cfg.users.set(userid, user);
    for (const group of groupsOf(old, userid)) cfg.groups.get(group)?.users.add(userid);
  }
  return decodeUtf8(writeUserCfg(cfg));
}
