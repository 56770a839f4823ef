/** Makes a new client secret, its intent journaled first, and finds one whose answer was lost. */
import type { Finding } from "../errors.js";
import type { IntentId } from "../journal/types.js";
import { findingOf, Halt, isCode, mayGoOn } from "./rotate-tools.js";
import type { RotationOrder, RotationTools } from "./rotate-tools.js";
import type { Pending } from "./rotation-set.js";

const DAY_SECONDS = 86_400;
/** What policies cap lifetimes at, in days: their errors do not say (FACTS-entra). */
const LADDER = [180, 90, 30, 14, 7, 1];
/** Up to this much is cut off the end, so that no two machines ever send the same one. */
const END_SPREAD_MS = 60_000;
const LOST_READS = 3;
const LOST_WAIT_MS = 5000;

interface Request {
  readonly displayName: string;
  readonly start: number;
  readonly end: number;
}

/** The new secret, kept in the rotation set; throws `Halt` where none could be made. */
export async function makeSecret(
  order: RotationOrder,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<{ readonly pending: Pending; readonly findings: readonly Finding[] }> {
  const wanted = order.config.lifetimeSeconds;
  const lifetimes = [wanted, ...LADDER.map((days) => days * DAY_SECONDS).filter((s) => s < wanted)];
  let capped: Finding | undefined;
  for (const lifetime of lifetimes) {
    const made = await makeOne(lifetime, order, tools, signal);
    if ("code" in made) {
      capped = made;
      continue;
    }
    const note = capped && {
      ...capped,
      message: `${capped.message}; made one of ${lifetime / DAY_SECONDS} days`,
    };
    return { pending: made, findings: note ? [note] : [] };
  }
  throw new Halt(capped ? [capped] : []);
}

/** One try; the finding ROTATION_LIFETIME_CAPPED asks for a shorter one. */
async function makeOne(
  lifetime: number,
  order: RotationOrder,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<Pending | Finding> {
  await mayGoOn(tools, signal);
  const start = Math.floor(tools.now());
  const spread = Math.floor(tools.random() * END_SPREAD_MS);
  const request = { displayName: order.displayName, start, end: start + lifetime * 1000 - spread };
  const intent = tools.journal.secrets.intend({
    clientId: order.clientId,
    realms: order.rotate.realms,
    reason: order.rotate.reason,
    forced: order.rotate.forced === "refused",
    ...request,
  });
  let pending: Pending;
  try {
    const { secret, keyId, start: from, end } = await tools.app.addPassword(request, signal);
    pending = { intent, keyId, start: from, end, secret, failures: 0 };
  } catch (thrown) {
    return await notMade(thrown, intent, request, tools, signal);
  }
  // In memory before anything else can fail: the value comes once.
  tools.rotations.keep(order.clientId, pending);
  tools.journal.secrets.made(intent, pending);
  return pending;
}

async function notMade(
  thrown: unknown,
  intent: IntentId,
  request: Request,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<Finding> {
  const finding = findingOf(thrown, signal);
  if (isCode(thrown, "ROTATION_LIFETIME_CAPPED", ...SURELY_NOT_MADE)) {
    tools.journal.secrets.mark(intent, "not-made", finding.message);
    if (finding.code === "ROTATION_LIFETIME_CAPPED") return finding;
  } else {
    await lookForLost(intent, request, tools, signal);
  }
  throw new Halt([finding]);
}

/** Entra's own words for "no": whatever else is thrown leaves open whether it was made. */
const SURELY_NOT_MADE = [
  "ROTATION_POLICY_FORBIDS",
  "ENTRA_NOT_OWNER",
  "ENTRA_FORBIDDEN",
  "ENTRA_APP_NOT_FOUND",
  "ENTRA_SIGN_IN_REFUSED",
] as const;

/**
 * Perhaps it was made and only its answer was lost: then its key id is journaled, so that the
 * orphan is ours to remove. Found or not, the intent's exact start and end stay on record.
 */
async function lookForLost(
  intent: IntentId,
  request: Request,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<void> {
  for (let read = 0; read < LOST_READS; read += 1) {
    if (read > 0) await tools.clock.sleep(LOST_WAIT_MS, signal);
    const listed = await tools.app.read(signal).catch(() => undefined);
    const fitting = (listed?.passwords ?? []).filter(
      ({ displayName, start, end }) =>
        displayName === request.displayName && start === request.start && end === request.end,
    );
    const [found] = fitting;
    if (found === undefined || fitting.length > 1) continue;
    tools.journal.secrets.made(intent, found);
    return;
  }
}
