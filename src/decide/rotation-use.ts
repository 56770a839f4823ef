/** Which of the app's listed secrets a realm's key is, and what our journal says of them. */
import type { OwnSecret } from "../journal/types.js";
import type { PasswordCredential } from "../ports.js";
import type { RotationConfig } from "../config/types.js";
import type {
  KeyFacts,
  PendingSecret,
  RealmSecret,
  RealmSecretView,
  RotationFacts,
} from "./rotation-facts.js";
import { HOUR, SECOND } from "./rotation-facts.js";
import { isoInstant } from "./text.js";

/** A pending secret whose proof failed this often is not proved again. */
const ENOUGH_FAILURES = 2;

/** Everything that the policies look at. */
export interface Situation {
  readonly facts: RotationFacts;
  readonly passwords: readonly PasswordCredential[];
  readonly uses: readonly Use[];
  /** Secrets of our display name that have not ended. */
  readonly living: number;
}

/**
 * The listed secrets that a key can be. Entra shows of each only the first three characters
 * (FACTS-entra, `hint`), and of very old ones nothing: those count only where no hint matches.
 */
export function candidates(
  hint: string,
  passwords: readonly PasswordCredential[],
): readonly PasswordCredential[] {
  if (hint === "") return [];
  const matching = passwords.filter((password) => password.hint === hint);
  return matching.length > 0 ? matching : passwords.filter(({ hint: shown }) => shown === null);
}

/** When a secret is due: `renew_before` its end, or after two thirds of its life if that is later. */
export function renewAt(
  password: Pick<PasswordCredential, "start" | "end">,
  config: RotationConfig,
): number {
  const third = (password.end - password.start) / 3;
  return password.end - Math.min(config.renewBeforeSeconds * SECOND, third);
}

/**
 * What our journal says of a listed secret: the one with its key id; or, where the answer of
 * addPassword was lost, the only intent with exactly its name, start and end.
 */
export function ownRecord(
  password: PasswordCredential,
  passwords: readonly PasswordCredential[],
  own: readonly OwnSecret[],
): OwnSecret | undefined {
  const known = own.find(({ keyId }) => keyId === password.keyId);
  if (known !== undefined) return known;
  const lost = own.find((secret) => isLost(secret, password));
  if (lost === undefined) return undefined;
  // Two strangers that both fit one intent: one is somebody else's, and nobody can say which.
  const strangers = passwords.filter((other) => !own.some(({ keyId }) => keyId === other.keyId));
  return strangers.filter((other) => isLost(lost, other)).length === 1 ? lost : undefined;
}

function isLost(secret: OwnSecret, password: PasswordCredential): boolean {
  return (
    secret.keyId === undefined &&
    secret.state !== "not-made" &&
    secret.displayName === password.displayName &&
    secret.start === password.start &&
    secret.end === password.end
  );
}

/** A realm with what its key can be. */
export interface Use {
  readonly secret: RealmSecret;
  /** Absent where the realm is missing or could not be read. */
  readonly key?: KeyFacts;
  /** Those that the key can be; of an accepted key only those that have not ended. */
  readonly candidates: readonly PasswordCredential[];
  readonly view: RealmSecretView;
}

export function useOf(
  secret: RealmSecret,
  passwords: readonly PasswordCredential[],
  own: readonly OwnSecret[],
  config: RotationConfig,
  now: number,
): Use {
  if (typeof secret.key === "string") {
    return { secret, candidates: [], view: { realm: secret.realm } };
  }
  const key = secret.key;
  const possible = candidates(key.hint, passwords);
  const alive = key.proof?.kind === "accepted" ? possible.filter(({ end }) => end > now) : possible;
  return {
    secret,
    key,
    candidates: alive,
    view: {
      realm: secret.realm,
      hint: key.hint,
      ...(key.proof && { proof: key.proof }),
      ...known(alive, passwords, own, config),
    },
  };
}

function known(
  alive: readonly PasswordCredential[],
  passwords: readonly PasswordCredential[],
  own: readonly OwnSecret[],
  config: RotationConfig,
): Pick<RealmSecretView, "inUse" | "own" | "ends" | "renewAt"> {
  const [only] = alive;
  if (only === undefined) return {};
  // Several fit: the earliest end counts. At worst a secret is renewed that had longer to live.
  const ends = Math.min(...alive.map(({ end }) => end));
  const due = Math.min(...alive.map((password) => renewAt(password, config)));
  if (alive.length > 1) return { ends, renewAt: due };
  const record = ownRecord(only, passwords, own);
  return { inUse: only, own: record !== undefined, ends, renewAt: due };
}

/** Whether we may write this realm's key at all. */
export function mayWrite({ secret, key }: Use): boolean {
  return secret.rotate && secret.trusted && key !== undefined;
}

/** How long a secret that no realm holds may still come into use: then it is an orphan. */
export function orphanAt(
  { start }: Pick<PasswordCredential, "start">,
  { overlapSeconds }: RotationConfig,
): number {
  return start + Math.max(overlapSeconds * SECOND, HOUR);
}

/** Whether a secret that we have in memory may still become the one in use. */
export function isWorthProving(
  pending: PendingSecret,
  { config, time }: Pick<RotationFacts, "config" | "time">,
): boolean {
  const until = Math.min(orphanAt(pending, config), renewAt(pending, config));
  return pending.failures < ENOUGH_FAILURES && time.now < until;
}

/** `2026-11-21` (UTC). */
export function day(ms: number): string {
  return isoInstant(ms).slice(0, 10);
}
