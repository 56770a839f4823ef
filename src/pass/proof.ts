/**
 * What Entra's replicas together say of a client secret. They learn of a new one 4 to 90 s after
 * one another, and "not yet" is the same AADSTS7000215 as "wrong" (FACTS-entra), so a single
 * answer proves nothing: only many in a row, over some time, do.
 */
import type { Clock } from "../clock.js";
import type { KeyProof } from "../decide/rotation-facts.js";
import type { ProofAnswer, SecretProbePort } from "../ports.js";
import type { Secret } from "../secret.js";

/** Once a second: often enough to meet every replica, seldom enough not to be throttled. */
const INTERVAL_MS = 1000;
const NEEDED_SUCCESSES = 60;
/** How long replicas get to learn of a new secret before its proof counts as failed. */
const PATIENCE_SECONDS = 900;
const REFUSAL_PATIENCE_MS = 180_000;
const UNCLEAR_ENOUGH = 3;

export interface ProofTools {
  readonly probe: SecretProbePort;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface SteadyProof {
  readonly proved: boolean;
  readonly successes: number;
  readonly refusals: number;
  readonly unclear: number;
  /** What the last answer that was no success said. */
  readonly last?: string;
}

export interface WantedProof {
  /** `proof` of the configuration. */
  readonly seconds: number;
  /** How old the secret is as its proof begins; absent: its age does not matter. */
  readonly ageMs?: number;
}

/**
 * Proves a new secret: at least 60 successes since the last refusal, over at least `seconds`. A
 * refusal begins the count anew. An unclear answer (network, 5xx, throttling) neither counts nor
 * resets: it says nothing about the secret, so it must not prove it, and an outage of something
 * else must not undo what was proved.
 *
 * With `ageMs`, the quiet after the last refusal is to be as long as the secret was old at that
 * refusal (15 minutes at most): where one replica took five minutes, another may take ten.
 *
 * Replicas get 15 minutes to learn (longer where `seconds` is near that), and whoever is quiet by
 * then as long again. Throws only when aborted.
 */
export async function proveSteadily(
  clientId: string,
  secret: Secret,
  { seconds, ageMs }: WantedProof,
  { probe, clock, signal }: ProofTools,
): Promise<SteadyProof> {
  const patience = Math.max(PATIENCE_SECONDS, 2 * seconds) * 1000;
  const count = { successes: 0, refusals: 0, unclear: 0 };
  const begin = clock.monotonic();
  let needed = seconds * 1000;
  let since = 0;
  let last: string | undefined;
  const tools = { probe, clock, signal };
  for await (const { answer, at } of answers(clientId, secret, 2 * patience, tools)) {
    if (answer.kind === "accepted") {
      if (count.successes === 0) since = at;
      count.successes += 1;
      const long = at - since >= needed;
      if (long && count.successes >= NEEDED_SUCCESSES) return { proved: true, ...count };
    } else {
      last = answer.message;
      count[answer.kind === "refused" ? "refusals" : "unclear"] += 1;
      if (answer.kind === "refused") {
        count.successes = 0;
        const age = ageMs === undefined ? 0 : ageMs + at - begin;
        needed = Math.max(seconds * 1000, Math.min(age, PATIENCE_SECONDS * 1000));
      }
      if (count.successes === 0 && at - begin >= patience) break;
    }
  }
  return { proved: false, ...count, ...(last !== undefined && { last }) };
}

/** What makes a key a refused one: so many refusals, over so long, and no success among them. */
export interface Refusals {
  readonly count: number;
  readonly spanMs: number;
}

/** Of a key that was good so far: longer than any flicker that is usual. */
const STEADY: Refusals = { count: 30, spanMs: 60_000 };
/** Of a key that was found refused minutes ago: enough to meet a replica that accepts it again. */
export const STILL: Refusals = { count: 5, spanMs: 0 };

/**
 * Judges a key that PVE already holds. One success is enough to call it accepted. It is refused
 * only when nothing but refusals came for a minute: some replicas refusing while others accept is
 * a flicker, and cures itself. `flickered`: some did refuse.
 *
 * Ends within about a minute for a refused key, three at most. Throws only when aborted.
 */
export async function judgeKey(
  clientId: string,
  key: Secret,
  now: () => number,
  tools: ProofTools,
  needed: Refusals = STEADY,
): Promise<{ readonly proof: KeyProof; readonly flickered: boolean }> {
  let refusals = 0;
  let unclear = 0;
  let since = 0;
  let last: { readonly message: string; readonly appRefused?: true } = { message: "no answer" };
  for await (const { answer, at } of answers(clientId, key, REFUSAL_PATIENCE_MS, tools)) {
    if (answer.kind === "accepted") {
      return { proof: { kind: "accepted", at: now() }, flickered: refusals > 0 };
    }
    last = answer;
    if (answer.kind === "refused") {
      if (refusals === 0) since = at;
      refusals += 1;
      if (refusals >= needed.count && at - since >= needed.spanMs) {
        return { proof: { kind: "refused", at: now(), message: last.message }, flickered: false };
      }
    } else {
      unclear += 1;
      if (refusals === 0 && unclear >= UNCLEAR_ENOUGH) break;
    }
  }
  const { message, appRefused } = last;
  const proof = { kind: "unclear", at: now(), message, ...(appRefused && { appRefused }) } as const;
  return { proof, flickered: refusals > 0 };
}

/**
 * Asks a few times more, once a second, and stops at the first refusal.
 * `silent`: nothing but unclear answers came.
 */
export async function proveBriefly(
  clientId: string,
  secret: Secret,
  times: number,
  tools: ProofTools,
): Promise<{ readonly kind: "accepted" | "silent" } | { kind: "refused"; message: string }> {
  let accepted = 0;
  for await (const { answer, asked } of answers(clientId, secret, Infinity, tools)) {
    if (answer.kind === "refused") return { kind: "refused", message: answer.message };
    if (answer.kind === "accepted") accepted += 1;
    if (asked >= times) break;
  }
  return { kind: accepted > 0 ? "accepted" : "silent" };
}

interface Heard {
  readonly answer: ProofAnswer;
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly asked: number;
}

/** One answer a second, until `patience` milliseconds are over or the reader has heard enough. */
async function* answers(
  clientId: string,
  secret: Secret,
  patience: number,
  { probe, clock, signal }: ProofTools,
): AsyncGenerator<Heard> {
  const begin = clock.monotonic();
  for (let asked = 1; ; asked += 1) {
    signal.throwIfAborted();
    const sent = clock.monotonic();
    const answer = await probe.prove(clientId, secret, signal);
    const at = clock.monotonic();
    yield { answer, at, asked };
    if (at - begin >= patience) return;
    const rest = INTERVAL_MS - (clock.monotonic() - sent);
    if (rest > 0) await clock.sleep(rest, signal);
  }
}
