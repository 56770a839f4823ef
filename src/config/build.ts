import { CLOUDS } from "./clouds.js";
import type {
  aclKeys,
  entraKeys,
  groupKeys,
  notifyKeys,
  pveKeys,
  realmKeys,
  rotationKeys,
  topKeys,
} from "./keys.js";
import { complete } from "./table.js";
import type { Section, Values } from "./table.js";
import type {
  AclConfig,
  Config,
  CredentialConfig,
  EntraConfig,
  MappingConfig,
  NotifyConfig,
  PveConfig,
  RealmConfig,
  RotationConfig,
} from "./types.js";

/** The normalised configuration of a file in which nothing was wrong. */
export function buildConfig(file: string, top: Section<typeof topKeys>): Config {
  const { pve, entra, schedule, rotation, guard, cluster, health, state, notify, realm } =
    complete(top);
  const { cron, jitter } = complete(schedule);
  const limits = complete(guard);
  const { listen, token_file: tokenFile } = complete(health);
  return {
    file,
    pve: buildPve(complete(pve)),
    entra: buildEntra(complete(entra)),
    schedule: { cron, jitterSeconds: jitter },
    rotation: buildRotation(complete(rotation)),
    guard: {
      maxRemovals: limits.max_removals,
      maxRemovalShare: limits.max_removal_share,
      maxDisabled: limits.max_disabled,
      userDbReserveBytes: limits.user_db_reserve,
    },
    cluster: present(complete(cluster)),
    health: { host: listen.host, port: listen.port, ...present({ tokenFile }) },
    state: { dir: complete(state).dir },
    ...present({ notify: notify === undefined ? undefined : buildNotify(complete(notify)) }),
    realms: realm.map(buildRealm),
  };
}

function buildPve(pve: Values<typeof pveKeys>): PveConfig {
  return {
    url: pve.url,
    tokenId: pve.token_id,
    tokenFile: pve.token_file,
    ...present({
      serverName: pve.server_name,
      caFile: pve.ca_file,
      fingerprint: pve.fingerprint,
    }),
  };
}

function buildEntra(entra: Values<typeof entraKeys>): EntraConfig {
  const { authority, graph } = entra;
  const addresses =
    authority !== undefined && graph !== undefined
      ? { authority, graph }
      : { cloud: entra.cloud, ...CLOUDS[entra.cloud] };
  return {
    tenantId: entra.tenant_id,
    clientId: entra.client_id,
    credential: buildCredential(entra),
    ...addresses,
    ...present({ caFile: entra.ca_file, proxy: entra.proxy }),
  };
}

function buildCredential(entra: Values<typeof entraKeys>): CredentialConfig {
  if (entra.certificate_file !== undefined) {
    return { kind: "certificate", file: entra.certificate_file };
  }
  if (entra.client_secret_file !== undefined) {
    return { kind: "secret", file: entra.client_secret_file };
  }
  return { kind: "managed-identity" };
}

function buildRotation(rotation: Values<typeof rotationKeys>): RotationConfig {
  return {
    lifetimeSeconds: rotation.lifetime,
    renewBeforeSeconds: rotation.renew_before,
    overlapSeconds: rotation.overlap,
    proofSeconds: rotation.proof,
  };
}

function buildNotify(notify: Values<typeof notifyKeys>): NotifyConfig {
  return { to: notify.mail_to, from: notify.mail_from, ...notify.smtp };
}

function buildRealm(section: Section<typeof realmKeys>): RealmConfig {
  const realm = complete(section);
  return {
    name: realm.name,
    clientId: realm.client_id,
    rotate: realm.rotate,
    names: realm.names,
    guests: realm.guests,
    emailClaim: realm.email_claim,
    onLeave: realm.on_leave,
    unmarked: realm.unmarked,
    groups: (realm.group ?? []).map(buildMapping),
    ...present({ deleteAfterSeconds: realm.delete_after }),
  };
}

function buildMapping(section: Section<typeof groupKeys>): MappingConfig {
  const mapping = complete(section);
  return {
    entra: mapping.entra,
    name: mapping.name,
    adopt: mapping.adopt,
    aclExtra: mapping.acl_extra,
    justInTime: mapping.just_in_time,
    guests: mapping.guests,
    ...present({ acl: mapping.acl?.map(buildAcl), maxMembers: mapping.max_members }),
  };
}

function buildAcl(section: Section<typeof aclKeys>): AclConfig {
  const { path, role, propagate } = complete(section);
  return { path, role, propagate };
}

type Present<T> = { [P in keyof T]?: Exclude<T[P], undefined> };

/** Without the keys that are undefined: an optional key is absent or has a value, nothing else. */
function present<T extends object>(values: T): Present<T> {
  const there = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as Present<T>;
}
