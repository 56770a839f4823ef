/** Observes one SSO app and the keys of its realms: the facts that a rotation is decided from. */
import type { Clock } from "../clock.js";
import type { RealmConfig, RotationConfig } from "../config/types.js";
import { isRealm } from "../decide/facts.js";
import type { RealmFacts, ServerTime } from "../decide/facts.js";
import { secretDisplayName } from "../decide/rotation-facts.js";
import type {
  KeyFacts,
  PendingSecret,
  RealmSecret,
  Rotate,
  RotationFacts,
} from "../decide/rotation-facts.js";
import { candidates } from "../decide/rotation-use.js";
import type { Finding } from "../errors.js";
import type { OwnSecret } from "../journal/types.js";
import type { Observation, PasswordCredential, SsoAppPort } from "../ports.js";
import type { Secret } from "../secret.js";
import type { KeyWatch } from "./key-watch.js";
import { findingOf } from "./rotate-tools.js";
import type { RotationOrder } from "./rotate-tools.js";
import type { RotationSet } from "./rotation-set.js";

/** An SSO app with the realms that use it, in the order of the configuration. */
export interface AppRealms {
  readonly clientId: string;
  readonly realms: readonly RealmConfig[];
}

export interface SecretsTools {
  readonly app: SsoAppPort;
  readonly watch: KeyWatch;
  readonly rotations: RotationSet;
  readonly own: (clientId: string) => readonly OwnSecret[];
  /** What makes this realm unfit for a secret; empty: nothing. */
  readonly distrust: (realm: string, facts: RealmFacts) => readonly Finding[];
  readonly config: RotationConfig;
  readonly clusterId: string;
  readonly clock: Clock;
  /** Entra's time as of its latest answer. */
  readonly serverTime: () => ServerTime | undefined;
}

export interface SecretsObserved {
  readonly facts: RotationFacts;
  /** The realms' keys as the facts judge them: a rotation starts from these. */
  readonly keys: ReadonlyMap<string, Secret>;
}

/** What a decided rotation is started with. */
export function orderOf({ facts, keys }: SecretsObserved, rotate: Rotate): RotationOrder {
  const { clientId, displayName, config } = facts;
  return { clientId, rotate, displayName, config, keys };
}

/** Realms that share an app are rotated together. */
export function byApp(realms: readonly RealmConfig[]): readonly AppRealms[] {
  const apps = new Map<string, RealmConfig[]>();
  for (const realm of realms) {
    apps.set(realm.clientId, [...(apps.get(realm.clientId) ?? []), realm]);
  }
  return [...apps].map(([clientId, shared]) => ({ clientId, realms: shared }));
}

/**
 * Reads what the app lists (one request) and proves each key that has to be proved. Takes a
 * minute where a key is refused. Throws only when aborted.
 */
export async function observeSecrets(
  { clientId, realms }: AppRealms,
  observation: Observation,
  order: Pick<RotationFacts, "ordered" | "patient">,
  tools: SecretsTools,
  signal: AbortSignal,
): Promise<SecretsObserved> {
  const passwords = await readPasswords(tools, signal);
  const keys = new Map<string, Secret>();
  const observed: RealmSecret[] = [];
  // Realms with the same key need one proof: of a refused one it takes a minute.
  const judged = new Map<number, KeyFacts>();
  for (const config of realms) {
    const read = observation.keys.get(config.name);
    const trusted = read !== undefined && tools.distrust(config.name, read.facts).length === 0;
    const common = { realm: config.name, rotate: config.rotate, trusted };
    if (read === undefined) {
      observed.push({ ...common, key: usesNothing(observation, config.name) });
      continue;
    }
    const held = read.key;
    keys.set(config.name, held);
    const same = [...keys.values()].findIndex((other) => other.equals(held));
    const twin = trusted ? judged.get(same) : undefined;
    const key = twin ?? (await keyFacts(clientId, held, same, trusted, passwords, tools, signal));
    if (trusted) judged.set(same, key);
    observed.push({ ...common, key });
  }
  const pending = tools.rotations.pending(clientId);
  const facts: RotationFacts = {
    clientId,
    realms: observed,
    passwords,
    own: tools.own(clientId),
    ...(pending && { pending: withoutValue(pending) }),
    displayName: secretDisplayName(tools.clusterId, realms[0]?.name ?? clientId),
    config: tools.config,
    time: tools.serverTime() ?? { now: tools.clock.now(), localOffsetMs: 0 },
    ordered: order.ordered,
    patient: order.patient,
    running: tools.rotations.running(clientId) !== undefined,
  };
  return { facts, keys };
}

/** A realm that is missing, or of a type without a key, uses no secret; silence may mean any. */
function usesNothing(observation: Observation, realm: string): "missing" | "unknown" {
  const read = observation.access.realms.get(realm);
  if (read === undefined) return "unknown";
  return isRealm(read) || read.code === "REALM_MISSING" ? "missing" : "unknown";
}

function withoutValue({ keyId, start, end, failures }: PendingSecret): PendingSecret {
  return { keyId, start, end, failures };
}

async function readPasswords(
  { app }: SecretsTools,
  signal: AbortSignal,
): Promise<readonly PasswordCredential[] | Finding> {
  try {
    return (await app.read(signal)).passwords;
  } catch (thrown) {
    return findingOf(thrown, signal);
  }
}

async function keyFacts(
  clientId: string,
  key: Secret,
  same: number,
  trusted: boolean,
  passwords: readonly PasswordCredential[] | Finding,
  { watch }: SecretsTools,
  signal: AbortSignal,
): Promise<KeyFacts> {
  if (!trusted || key.hint === "") return { hint: key.hint, same };
  const readable = !("code" in passwords);
  const listed = !readable || candidates(key.hint, passwords).length > 0;
  const unlistedSince = watch.listed(clientId, key, listed);
  const proof = await watch.check(clientId, key, signal);
  const accepted = proof.kind === "accepted" && unlistedSince !== undefined;
  return { hint: key.hint, same, proof, ...(accepted && { unlistedSince }) };
}
