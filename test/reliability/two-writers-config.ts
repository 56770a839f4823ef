/** A configuration as the program sees it, made without a file. */
import type { AclConfig, Config, MappingConfig, RealmConfig } from "../../src/config/types.js";
import { AGENT_TOKEN } from "../emulators/pve/default-world.js";
import { ORIGIN, TENANT } from "./two-writers-entra.js";

export const REALM = "entra";
const NO_FILE = "/nonexistent";
/** So many that no guard ever holds anything: holds are other suites' business. */
const MANY = 1_000_000;

export function mapped(
  name: string,
  entra: readonly string[],
  acl: readonly AclConfig[] | undefined,
  more: Partial<MappingConfig> = {},
): MappingConfig {
  return {
    ...{ name, entra, maxMembers: MANY, adopt: false, aclExtra: "remove" as const },
    ...{ justInTime: false, guests: "skip" as const },
    ...(acl === undefined ? {} : { acl }),
    ...more,
  };
}

export function entry(path: string, role: string, propagate = true): AclConfig {
  return { path, role, propagate };
}

export function configOf(
  clientId: string,
  groups: readonly MappingConfig[],
  more: Partial<RealmConfig> = {},
): Config {
  const realm: RealmConfig = {
    ...{ name: REALM, clientId, rotate: true, names: true, guests: "skip" as const },
    ...{ emailClaim: false, onLeave: "disable" as const, unmarked: "report" as const },
    groups,
    ...more,
  };
  return {
    file: NO_FILE,
    pve: { url: "https://pve.example:8006", tokenId: AGENT_TOKEN, tokenFile: NO_FILE },
    entra: {
      tenantId: TENANT,
      clientId: "00000000-0000-4000-8000-00000000a9e7",
      credential: { kind: "secret", file: NO_FILE },
      authority: ORIGIN,
      graph: ORIGIN,
    },
    schedule: { cron: "*/5 * * * *", jitterSeconds: 30 },
    rotation: {
      ...{ lifetimeSeconds: 180 * 86_400, renewBeforeSeconds: 60 * 86_400 },
      ...{ overlapSeconds: 86_400, proofSeconds: 60 },
    },
    guard: {
      ...{ maxRemovals: MANY, maxRemovalShare: 1, maxDisabled: MANY },
      userDbReserveBytes: 65_536,
    },
    cluster: { id: "0123456789ab" },
    health: { host: "127.0.0.1", port: 0 },
    state: { dir: NO_FILE },
    realms: [realm],
  };
}
