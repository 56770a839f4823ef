/**
 * A new secret rests before it is proved. Replicas learn of it 4 to 90 s after one another, but no
 * bound is promised (FACTS-entra), and one that serves few requests may never be met by a proof.
 * Time is what helps against it, and a renewal weeks before the end has plenty of that.
 */
import type { Candidate } from "./rotate-back.js";
import type { RotationOrder, RotationTools } from "./rotate-tools.js";

/** How old a secret is to be before its proof begins: six times the slowest replica observed. */
const AGE_MS = 600_000;
const LOOK_MS = 60_000;

/**
 * Waits until the new secret is ten minutes old. Ends early when an old key is refused, for then
 * nobody can wait any longer, and when somebody orders the rotation. Throws only when aborted.
 */
export async function rest(
  { pending }: Candidate,
  order: RotationOrder,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<void> {
  if (pending === undefined) return;
  tools.rotations.stage(order.clientId, "resting");
  const awaited = tools.rotations.awaited(order.clientId);
  const either = AbortSignal.any([signal, awaited]);
  let left = Math.min(AGE_MS, pending.start + AGE_MS - tools.now());
  while (left > 0 && !awaited.aborted) {
    const step = Math.min(left, LOOK_MS);
    try {
      await tools.clock.sleep(step, either);
    } catch (thrown) {
      if (awaited.aborted && !signal.aborted) return;
      throw thrown;
    }
    left -= step;
    if (left > 0 && (await isInNeed(order, tools, signal))) return;
  }
}

/** Whether Entra refuses a key that one of the realms holds. */
async function isInNeed(
  { clientId, rotate, keys }: RotationOrder,
  { probe }: RotationTools,
  signal: AbortSignal,
): Promise<boolean> {
  for (const realm of rotate.realms) {
    const key = keys.get(realm);
    if (key === undefined || key.hint === "") continue;
    if ((await probe.prove(clientId, key, signal)).kind === "refused") return true;
  }
  return false;
}
