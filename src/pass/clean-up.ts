/** Removes the secrets of ours that the decision named, each after one more look. */
import type { Removal } from "../decide/rotation-facts.js";
import type { Finding } from "../errors.js";
import { findingOf, Halt, isCode, mayGoOn } from "./rotate-tools.js";
import type { RotationTools } from "./rotate-tools.js";

export interface CleanUpOutcome {
  readonly removed: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Removes one after another. Right before each, the keys of all realms of the app are read again:
 * an administrator may have put back the very one since the decision. So are those of the realms
 * that it was made for: one that the configuration dropped since may go on with it.
 *
 * @param realms every configured realm of this app, rotated or not
 * Never throws but when aborted.
 */
export async function cleanUp(
  removals: readonly Removal[],
  realms: readonly string[],
  tools: RotationTools,
  signal: AbortSignal,
): Promise<CleanUpOutcome> {
  const removed: string[] = [];
  const findings: Finding[] = [];
  for (const removal of removals) {
    try {
      if (await isHeld(removal, realms, tools, signal)) continue;
      await mayGoOn(tools, signal);
      await tools.app.removePassword(removal.keyId, signal);
      tools.journal.secrets.mark(removal.intent, "removed", removal.reason);
      tools.journal.note("rotation", undefined, `removed ${removal.keyId}: ${removal.reason}`);
      removed.push(removal.keyId);
    } catch (thrown) {
      if (thrown instanceof Halt) return { removed, findings: [...findings, ...thrown.findings] };
      const { code, message } = findingOf(thrown, signal);
      const text = `${removal.keyId} (${removal.hint ?? "no hint"}…): ${code}: ${message}`;
      findings.push({ code: "ROTATION_REMOVE_FAILED", message: text });
    }
  }
  return { removed, findings };
}

async function isHeld(
  removal: Removal,
  realms: readonly string[],
  tools: RotationTools,
  signal: AbortSignal,
): Promise<boolean> {
  for (const realm of new Set([...realms, ...removal.realms])) {
    const hint = await tools.realms.readRealmKey(realm, signal).then(
      ({ key }) => key.hint,
      (thrown: unknown) => {
        if (isCode(thrown, "REALM_MISSING", "REALM_NOT_OPENID")) return undefined;
        throw thrown;
      },
    );
    if (hint !== undefined && hint === removal.hint) return true;
  }
  return false;
}
