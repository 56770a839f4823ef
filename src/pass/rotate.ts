/**
 * One rotation from intent to proof, as decided. It may be killed between any two steps: until
 * PVE answers the write it holds the old key, which nobody has removed, and afterwards the new
 * one, which every replica that we met accepts.
 */
import { day } from "../decide/rotation-use.js";
import type { Finding } from "../errors.js";
import type { Secret } from "../secret.js";
import { proveBriefly, proveSteadily } from "./proof.js";
import { countFailure, putBack, record } from "./rotate-back.js";
import type { Candidate } from "./rotate-back.js";
import { makeSecret } from "./rotate-make.js";
import { rest } from "./rotate-rest.js";
import { findingOf, Halt } from "./rotate-tools.js";
import type { RotationOrder, RotationOutcome, RotationTools } from "./rotate-tools.js";
import { replaceKey } from "./rotate-write.js";

/** Questions about what PVE now holds, one a second. */
const LAST_PROOF = 30;
const LIST_READS = 13;
const LIST_WAIT_MS = 10_000;

/**
 * Carries out one decided rotation; the rotation set lets no second one of the app run beside it.
 * Never throws but when aborted: what went wrong is in the findings.
 */
export async function rotate(
  order: RotationOrder,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<RotationOutcome> {
  const { clientId } = order;
  const realms = order.rotate.realms;
  return tools.rotations.run(clientId, realms, tools.now(), async () => {
    const findings: Finding[] = [];
    const written = new Map<string, Secret>();
    let candidate: Candidate | undefined;
    try {
      tools.journal.note("rotation", only(realms), `begins: ${order.rotate.reason}`);
      candidate = await choose(order, tools, findings, signal);
      if (order.rotate.rests) await rest(candidate, order, tools, signal);
      await prove(candidate, order, tools, signal);
      await listed(candidate, order, tools, signal);
      for (const realm of realms) {
        await bring(realm, candidate, order, written, findings, tools, signal);
      }
    } catch (thrown) {
      if (thrown instanceof Halt) findings.push(...thrown.findings);
      else findings.push(findingOf(thrown, signal, only(realms)));
    }
    const ok = realms.every((realm) => written.has(realm));
    conclude(ok, written.size > 0, candidate, order, tools, findings);
    const kept = candidate?.pending;
    return {
      clientId,
      ok,
      written: [...written.keys()],
      findings,
      ...(kept && { keyId: kept.keyId, ends: kept.end }),
    };
  });
}

/** The secret in memory, another realm's key, or a new one: in this order, as decided. */
async function choose(
  order: RotationOrder,
  tools: RotationTools,
  findings: Finding[],
  signal: AbortSignal,
): Promise<Candidate> {
  const { reuse } = order.rotate;
  if (reuse?.from === "memory") {
    const pending = tools.rotations.pending(order.clientId);
    if (pending?.keyId === reuse.keyId) return { secret: pending.secret, pending };
  }
  if (reuse?.from === "realm") {
    const secret = order.keys.get(reuse.realm);
    if (secret !== undefined) return { secret };
  }
  if (reuse !== undefined) {
    // What the decision counted on is gone; the next pass decides afresh.
    throw new Halt([{ code: "SECRET_UNPROVED", message: "the secret to use again is gone" }]);
  }
  const made = await makeSecret(order, tools, signal);
  findings.push(...made.findings);
  return { secret: made.pending.secret, pending: made.pending };
}

async function prove(
  candidate: Candidate,
  order: RotationOrder,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<void> {
  tools.rotations.stage(order.clientId, "proving");
  const { clock, probe } = tools;
  const { pending, secret } = candidate;
  // While nobody can sign in, every minute counts more than the last replica.
  const since = order.rotate.forced === "refused" ? undefined : pending?.start;
  const wanted = {
    seconds: order.config.proofSeconds,
    ...(since !== undefined && { ageMs: Math.max(0, tools.now() - since) }),
  };
  const proof = await proveSteadily(order.clientId, secret, wanted, { clock, probe, signal });
  if (!proof.proved) {
    const heard = `${proof.refusals} refusals and ${proof.unclear} unclear answers`;
    throw failed(candidate, order, tools, `${heard}, the last one: ${proof.last ?? "none"}`);
  }
  if (candidate.pending) tools.journal.secrets.mark(candidate.pending.intent, "proved");
}

/** Lists lag behind writes (FACTS-entra), so one that lacks the secret is read again for a while. */
async function listed(
  { pending, secret }: Candidate,
  order: RotationOrder,
  tools: RotationTools,
  signal: AbortSignal,
): Promise<void> {
  for (let read = 0; read < LIST_READS; read += 1) {
    if (read > 0) await tools.clock.sleep(LIST_WAIT_MS, signal);
    const { passwords } = await tools.app.read(signal);
    const found = passwords.some(({ keyId, hint, end }) =>
      pending ? keyId === pending.keyId && end > tools.now() : hint === secret.hint,
    );
    if (found) return;
  }
  throw failed({ secret, ...(pending && { pending }) }, order, tools, "the app no longer lists it");
}

/** Writes one realm and proves what it then holds; puts everything back where that is refused. */
async function bring(
  realm: string,
  candidate: Candidate,
  order: RotationOrder,
  written: Map<string, Secret>,
  findings: Finding[],
  tools: RotationTools,
  signal: AbortSignal,
): Promise<void> {
  const { clientId } = order;
  const old = order.keys.get(realm);
  if (old === undefined) return;
  tools.rotations.stage(clientId, "writing");
  const result = await replaceKey(realm, old, candidate.secret, tools, signal);
  if (!result.held) {
    findings.push(result.finding);
    return;
  }
  written.set(realm, old);
  record(findings, () => {
    if (candidate.pending) tools.journal.secrets.mark(candidate.pending.intent, "written");
    const what = candidate.pending ? `secret ${candidate.pending.keyId}` : "its other realm's key";
    tools.journal.note("rotation", realm, `the realm holds ${what}`);
  });

  tools.rotations.stage(clientId, "proving what PVE holds");
  const last = await proveBriefly(clientId, candidate.secret, LAST_PROOF, { ...tools, signal });
  if (last.kind === "refused") {
    const why = `refused after the write: ${last.message}`;
    await putBack(why, candidate, order, written, findings, tools, signal);
    throw new Halt([]);
  }
  if (last.kind === "accepted") tools.watch.accepted(clientId, candidate.secret);
  else
    findings.push({ code: "SECRET_UNPROVED", message: "no clear answer after the write", realm });
}

/** A failed proof is counted, and ends the rotation. */
function failed(
  candidate: Candidate,
  order: RotationOrder,
  tools: RotationTools,
  why: string,
): Halt {
  countFailure(candidate, order, tools, why);
  const realm = only(order.rotate.realms);
  return new Halt([
    { code: "ROTATION_PROOF_FAILED", message: why, ...(realm !== undefined && { realm }) },
  ]);
}

/** What is in a realm need not be kept in memory; and `history` learns how it ended. */
function conclude(
  ok: boolean,
  anywhere: boolean,
  candidate: Candidate | undefined,
  order: RotationOrder,
  tools: RotationTools,
  findings: Finding[],
): void {
  const pending = candidate?.pending;
  if (anywhere && pending) tools.rotations.keep(order.clientId, undefined);
  const codes = findings.map(({ code }) => code).join(", ");
  const until = pending ? `: the secret ends on ${day(pending.end)}` : "";
  record(findings, () =>
    tools.journal.note(
      "rotation",
      only(order.rotate.realms),
      ok ? `done${until}` : `not done: ${codes}`,
    ),
  );
}

function only(realms: readonly string[]): string | undefined {
  return realms.length === 1 ? realms[0] : undefined;
}
