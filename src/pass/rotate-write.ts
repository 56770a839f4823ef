/** Writes a proved secret to one realm, never over a key that somebody else put there. */
import type { Finding } from "../errors.js";
import type { Secret } from "../secret.js";
import { findingOf, isCode, mayGoOn } from "./rotate-tools.js";
import type { RotationTools } from "./rotate-tools.js";

/** Somebody else's writes of domains.cfg, or its lock, can come between us this often. */
const ROUNDS = 6;
const LOCK_WAIT_MS = 5000;

/** `held`: the realm holds the key. */
export type Written = { readonly held: true } | { readonly held: false; readonly finding: Finding };

/**
 * Replaces `from` by `to` in a realm. Each round begins with a fresh read that says whether the
 * realm may still be trusted, what it holds, and the digest that guards the write; so a stale
 * digest, a lost answer and a key changed in between are all seen in the same place.
 * Throws only when aborted or when the lease is lost.
 */
export async function replaceKey(
  realm: string,
  from: Secret,
  to: Secret,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<Written> {
  let last: Finding = { code: "PVE_STALE_DIGEST", message: "never written", realm };
  for (let round = 1; round <= ROUNDS; round += 1) {
    const seen = await look(realm, from, to, tools, signal);
    if ("held" in seen) return seen;
    // The last round only reads what the write before it came to.
    if (round === ROUNDS) break;
    await mayGoOn(tools, signal);
    try {
      await tools.realms.writeRealmKey(realm, to, seen.digest, signal);
    } catch (thrown) {
      last = findingOf(thrown, signal, realm);
      if (isCode(thrown, "PVE_LOCKED")) await tools.clock.sleep(LOCK_WAIT_MS, signal);
      else if (!isCode(thrown, "PVE_STALE_DIGEST", "PVE_OUTCOME_UNKNOWN")) {
        return { held: false, finding: last };
      }
    }
  }
  return { held: false, finding: last };
}

async function look(
  realm: string,
  from: Secret,
  to: Secret,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<Written | { readonly digest: string }> {
  try {
    signal.throwIfAborted();
    const { key, digest, facts } = await tools.realms.readRealmKey(realm, signal);
    const [distrusted] = tools.distrust(realm, facts);
    if (distrusted !== undefined) return { held: false, finding: distrusted };
    if (key.equals(to)) return { held: true };
    if (key.equals(from)) return { digest };
    const message = `the client-key of realm ${realm} (${key.hint}…) is neither the old nor the new one`;
    return { held: false, finding: { code: "ROTATION_KEY_CHANGED", message, realm } };
  } catch (thrown) {
    return { held: false, finding: findingOf(thrown, signal, realm) };
  }
}
