/**
 * Whose fault a refused sign-in is.
 *
 * Ours is every refusal of the realm's `client-key`: that it is wrong or expired. There is one
 * exception, and it is counted and printed apart: a replica that had never learnt of the key, from
 * its making until PVE was given it, and that the proof did not meet, though it was a whole one:
 * sixty questions answered well since the last refusal, over sixty seconds, right before the write.
 * From outside such a replica cannot be told from one that does not exist. The moment it has
 * learnt, a refusal of it is ours again; so is one by a replica that had once known the key.
 */
import type { Bed, Node } from "../rotation-bed.js";

const PROOF = 60;

export type Cause = "ours" | "unmet replica";

export interface Blame {
  /** Looks at who knows what; to be called whenever time has moved. */
  readonly look: () => void;
  /** Why the key that the realm holds now was refused. */
  causeOf(because: string): Cause;
  /** How often PVE was given a key that some replica had yet to learn. */
  readonly early: readonly string[];
  readonly stop: () => void;
}

export function startBlame(bed: Bed, node: Node): Blame {
  const { directory } = bed.world;
  const knew = new Map<string, Set<number>>();
  /** By key id, the replicas that PVE was given a key without, however well it was proved. */
  const unmet = new Map<string, ReadonlySet<number>>();
  const early: string[] = [];

  const knownBy = (keyId: string): Set<number> => {
    const found = new Set<number>();
    for (let n = 0; n < directory.size; n += 1) {
      directory.pin(n);
      if (directory.view().get("secret", bed.sso.id, keyId) !== undefined) found.add(n);
    }
    directory.pin(null);
    return found;
  };
  const look = (): void => {
    for (const { keyId } of bed.secrets()) {
      const ever = knew.get(keyId) ?? new Set<number>();
      knew.set(keyId, ever);
      if (ever.size < directory.size) knownBy(keyId).forEach((n) => ever.add(n));
    }
  };
  const current = (): string | undefined =>
    bed.secrets().find(({ secretText }) => secretText === node.key())?.keyId;
  const stop = node.pve.onWrite(({ domainsCfgBefore, domainsCfgAfter }) => {
    if (domainsCfgBefore === domainsCfgAfter) return;
    look();
    const keyId = current();
    if (keyId === undefined) return;
    const ever = knew.get(keyId) ?? new Set();
    const all = Array.from({ length: directory.size }, (_, n) => n);
    const strangers = new Set(all.filter((n) => !ever.has(n)));
    unmet.set(keyId, wasProved(bed) ? strangers : new Set());
    if (strangers.size > 0) early.push(keyId);
  });

  return {
    look,
    early,
    stop,
    causeOf(because) {
      const keyId = current();
      const strangers = keyId === undefined ? undefined : unmet.get(keyId);
      if (keyId === undefined || strangers === undefined) return "ours";
      if (!/AADSTS7000215/.test(because)) return "ours";
      const knowing = knownBy(keyId);
      const ignorant = Array.from({ length: directory.size }, (_, n) => n).filter(
        (n) => !knowing.has(n),
      );
      const excused = ignorant.length > 0 && ignorant.every((n) => strangers.has(n));
      return excused ? "unmet replica" : "ours";
    },
  };
}

/** Whether a whole proof ends at this moment, by what the token endpoint was asked and answered. */
function wasProved(bed: Bed): boolean {
  const questions = bed.entra.log
    .entries({ path: "/oauth2/v2.0/token" })
    .filter(({ body }) => body?.includes(`client_id=${bed.sso.appId}`));
  const since = questions.slice(questions.findLastIndex(({ status }) => status === 401) + 1);
  const good = since.filter(({ status }) => status === 200).slice(-PROOF);
  const [first] = good;
  return (
    good.length === PROOF && first !== undefined && bed.clock.now() - first.at >= (PROOF - 1) * 1000
  );
}
