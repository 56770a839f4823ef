/** Which of our own secrets nobody uses any more, and since when that is safe to say. */
import type { OwnSecret } from "../journal/types.js";
import type { PasswordCredential } from "../ports.js";
import type { Removal, RotationFacts } from "./rotation-facts.js";
import { SECOND } from "./rotation-facts.js";
import type { Use } from "./rotation-use.js";
import { isWorthProving, orphanAt, ownRecord } from "./rotation-use.js";

/** From this many living secrets of our name on, orphans do not wait for their time. */
export const MANY = 5;

/** When the secrets in use began to be used: what all others are older or newer than. */
interface InUse {
  readonly earliestStart: number;
  readonly settledSince: number;
}

/**
 * Our own secrets that may go now. Ours is only what this node's journal says it made; what any
 * realm's key can be stays, whatever the journal says of it.
 *
 * @param living how many secrets of our display name have not ended
 */
export function removals(
  facts: RotationFacts,
  passwords: readonly PasswordCredential[],
  uses: readonly Use[],
  living: number,
): readonly Removal[] {
  if (uses.some(({ secret }) => secret.key === "unknown")) return [];
  const inUse = whatIsInUse(facts, passwords, uses);
  const found: Removal[] = [];
  for (const password of passwords) {
    const record = ownRecord(password, passwords, facts.own);
    if (record === undefined || record.state === "removed") continue;
    if (isPending(password, facts) || mayBeInUse(password, uses)) continue;
    const reason = whyNow(password, record, inUse, facts, living);
    if (reason === undefined) continue;
    const { intent, realms } = record;
    found.push({ keyId: password.keyId, hint: password.hint, intent, realms, reason });
  }
  return found;
}

/** About to be proved again, and written then. */
function isPending({ keyId }: PasswordCredential, facts: RotationFacts): boolean {
  return facts.pending?.keyId === keyId && isWorthProving(facts.pending, facts);
}

/** A realm's hint fits, or the secret is so old that it has none to compare. */
function mayBeInUse(password: PasswordCredential, uses: readonly Use[]): boolean {
  if (password.hint === null) return true;
  return uses.some(({ key }) => key?.hint === password.hint);
}

/** Undefined unless every realm's key is accepted and listed: else "older" has no meaning. */
function whatIsInUse(
  facts: RotationFacts,
  passwords: readonly PasswordCredential[],
  uses: readonly Use[],
): InUse | undefined {
  const present = uses.filter(({ key }) => key !== undefined);
  const clear = present.every(
    ({ key, candidates }) => key?.proof?.kind === "accepted" && candidates.length > 0,
  );
  if (!clear || present.length === 0) return undefined;
  const used = present.flatMap(({ candidates }) => candidates);
  return {
    earliestStart: Math.min(...used.map(({ start }) => start)),
    settledSince: Math.max(...used.map((one) => beganUse(one, passwords, facts.own))),
  };
}

/** Its start; or when we wrote it to a realm, if its proof took that much longer. */
function beganUse(
  password: PasswordCredential,
  passwords: readonly PasswordCredential[],
  own: readonly OwnSecret[],
): number {
  const record = ownRecord(password, passwords, own);
  return record?.state === "written" ? Math.max(password.start, record.at) : password.start;
}

function whyNow(
  password: PasswordCredential,
  record: OwnSecret,
  inUse: InUse | undefined,
  facts: RotationFacts,
  living: number,
): string | undefined {
  const { now } = facts.time;
  const overlap = facts.config.overlapSeconds * SECOND;
  const orphan = record.state !== "written";
  if (orphan && living >= MANY) {
    return `an orphan of ours that never reached a realm, and ${living} secrets of our name exist`;
  }
  if (inUse !== undefined && password.start < inUse.earliestStart) {
    return now >= inUse.settledSince + overlap
      ? "older than the one in use, and the overlap is over"
      : undefined;
  }
  // With the one in use unknown, what once was in use may still be, in a realm's backup say.
  if (inUse === undefined && !orphan) return undefined;
  return now >= orphanAt(password, facts.config)
    ? "ours, in use nowhere, and its time to come into use is over"
    : undefined;
}
