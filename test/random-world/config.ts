/** A drawn configuration as the program gets it, free of what the loader would refuse. */
import type { AclConfig, Config, MappingConfig, RealmConfig } from "../../src/config/types.js";
import { MAPPED, PATHS, ROLES } from "./draw.js";
import type { ConfigDraw, EntryDraw, MappingDraw, RealmDraw } from "./draw.js";
import { groupIdOf } from "./tenant.js";

export const TENANT = "99999999-0000-4000-8000-000000000000";
export const CLIENT = "33333333-0000-4000-8000-000000000000";
export const AUTHORITY = "https://login.example";
export const ISSUER = `${AUTHORITY}/${TENANT}/v2.0`;
export const REALMS = ["entra", "partner"] as const;
export const AGENT_TOKEN_FILE = "/nowhere/pve-token";

export function configOf(draw: ConfigDraw): Config {
  const used = new Set<string>();
  return {
    file: "/nowhere/config.toml",
    pve: { url: "https://127.0.0.1:8006", tokenId: "unused", tokenFile: AGENT_TOKEN_FILE },
    entra: {
      tenantId: TENANT,
      clientId: "44444444-0000-4000-8000-000000000000",
      credential: { kind: "managed-identity" },
      authority: AUTHORITY,
      graph: "https://graph.example",
    },
    schedule: { cron: "*/5 * * * *", jitterSeconds: 0 },
    rotation: {
      lifetimeSeconds: 180 * 86_400,
      renewBeforeSeconds: 60 * 86_400,
      overlapSeconds: 86_400,
      proofSeconds: 60,
    },
    guard: {
      maxRemovals: draw.guard.maxRemovals,
      maxRemovalShare: draw.guard.share,
      maxDisabled: draw.guard.maxDisabled,
      // PVE's 80 % of 1 MiB, less the room that is drawn.
      userDbReserveBytes: 838_860 - draw.guard.room,
    },
    cluster: {},
    health: { host: "127.0.0.1", port: 0 },
    state: { dir: "/nowhere/state" },
    realms: draw.realms.map((realm, n) => realmOf(realm, n, used)),
  };
}

function realmOf(draw: RealmDraw, n: number, used: Set<string>): RealmConfig {
  const steady = new Set(
    draw.mappings.flatMap((one) => (one !== undefined && !one.jit ? one.entra : [])),
  );
  const groups = draw.mappings.flatMap((one, at): MappingConfig[] => {
    const name = MAPPED[at] ?? "";
    // Names are unique over all realms: the first one that has it keeps it.
    if (one === undefined || used.has(name)) return [];
    used.add(name);
    return [mappingOf(one, name, draw, steady)];
  });
  return {
    name: REALMS[n] ?? "",
    clientId: CLIENT,
    rotate: false,
    names: draw.names,
    guests: draw.guests && (draw.claim === "upn" || draw.claim === "oid") ? "allow" : "skip",
    emailClaim: true,
    onLeave: draw.onLeave,
    ...(draw.deleteAfterDays === undefined
      ? {}
      : { deleteAfterSeconds: draw.deleteAfterDays * 86_400 }),
    unmarked: draw.unmarked,
    groups,
  };
}

function mappingOf(
  draw: MappingDraw,
  name: string,
  realm: RealmDraw,
  steady: ReadonlySet<number>,
): MappingConfig {
  // Of one Entra group, leaving cannot mean two things.
  const jit = draw.jit && !draw.entra.some((n) => steady.has(n));
  return {
    entra: [...new Set(draw.entra)].map(groupIdOf),
    name,
    ...(draw.acl === undefined ? {} : { acl: aclOf(draw.acl) }),
    ...(draw.maxMembers === undefined ? {} : { maxMembers: draw.maxMembers }),
    adopt: draw.adopt,
    aclExtra: draw.keepExtra && draw.acl !== undefined ? "keep" : "remove",
    justInTime: jit,
    guests: draw.guests && realm.guests ? "allow" : "skip",
  };
}

/** One entry for a path and role, and none beside NoAccess. */
function aclOf(draws: readonly EntryDraw[]): AclConfig[] {
  const entries: AclConfig[] = [];
  for (const draw of draws) {
    const path = PATHS[draw.path] ?? "/";
    const role = ROLES[draw.role] ?? "Watch";
    const beside = entries.filter((one) => one.path === path);
    const clash = beside.some(
      (one) => one.role === role || (one.role === "NoAccess") !== (role === "NoAccess"),
    );
    if (!clash) entries.push({ path, role, propagate: draw.propagate });
  }
  return entries;
}
