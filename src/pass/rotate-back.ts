/** The way back: from a secret that is refused once PVE holds it, to the keys before. */
import { asAgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { Secret } from "../secret.js";
import { judgeKey, proveBriefly } from "./proof.js";
import type { RotationOrder, RotationTools } from "./rotate-tools.js";
import { replaceKey } from "./rotate-write.js";
import type { Pending } from "./rotation-set.js";

/** Successes that make an old key worth putting back. */
const OLD_PROOF = 3;
const ENOUGH_FAILURES = 2;

/** What is being put into the realms, and where it is kept meanwhile. */
export interface Candidate {
  readonly secret: Secret;
  /** Absent: it is another realm's key, which Entra lists under some key id of its own. */
  readonly pending?: Pending;
}

/**
 * The old keys back into the realms whose old key still works; the new one waits in memory to be
 * proved again. One refusal is enough: the old key is accepted everywhere, so going back costs
 * nobody anything, while some replica refuses those who sign in with the new one.
 */
export async function putBack(
  why: string,
  candidate: Candidate,
  order: RotationOrder,
  written: Map<string, Secret>,
  findings: Finding[],
  tools: RotationTools,
  signal: AbortSignal,
): Promise<void> {
  const proof = { ...tools, signal };
  for (const [realm, old] of [...written]) {
    if (old.hint === "") continue;
    const works = await proveBriefly(order.clientId, old, OLD_PROOF, proof);
    if (works.kind !== "accepted") continue;
    const back = await replaceKey(realm, candidate.secret, old, tools, signal);
    if (!back.held) {
      findings.push(back.finding);
      continue;
    }
    written.delete(realm);
    findings.push({ code: "ROTATION_ROLLED_BACK", message: why, realm });
    record(findings, () => tools.journal.note("rotation", realm, `put back: ${why}`));
  }
  if (written.size === 0) {
    record(findings, () => countFailure(candidate, order, tools, why));
    return;
  }
  // Nothing works better than the new one: say how it really stands, a flicker is no refusal.
  const { proof: judged } = await judgeKey(order.clientId, candidate.secret, tools.now, proof);
  if (judged.kind === "accepted") return;
  const code = judged.kind === "refused" ? "SECRET_REFUSED" : "SECRET_UNPROVED";
  for (const realm of written.keys()) findings.push({ code, message: judged.message, realm });
}

/** The value stays in memory to be proved again, but not for ever. */
export function countFailure(
  { pending }: Candidate,
  order: RotationOrder,
  tools: RotationTools,
  why: string,
): void {
  if (pending === undefined) return;
  const failures = pending.failures + 1;
  const enough = failures >= ENOUGH_FAILURES;
  tools.rotations.keep(order.clientId, enough ? undefined : { ...pending, failures });
  tools.journal.secrets.mark(pending.intent, enough ? "abandoned" : "proof-failed", why);
}

/** A journal that cannot be written must not keep us from proving what PVE holds by now. */
export function record(findings: Finding[], write: () => void): void {
  try {
    write();
  } catch (thrown) {
    const { code, message } = asAgentError(thrown);
    findings.push({ code, message });
  }
}
