/**
 * What deserves a mail, read out of the state of health. Pure: counts, codes and times go in and
 * out, nobody's name, no secret and no hint of one.
 */
import type { ErrorCode } from "../errors.js";
import type { HealthState, RealmHealth } from "../health/index.js";

/** What a mail is about. Times are milliseconds since 1970. */
export type Matter =
  | {
      readonly topic: "held";
      readonly realm: string;
      readonly held: number;
      /** Whom that is about; 0: not known, or nobody. */
      readonly people: number;
    }
  | { readonly topic: "secret"; readonly realm: string; readonly expires?: number }
  | {
      readonly topic: "pass";
      readonly realm: string;
      readonly lastSuccess?: number;
      readonly code?: ErrorCode;
    }
  | { readonly topic: "credential"; readonly ends?: number };

/**
 * `failing` is bad once it has lasted an hour, restarts of the daemon included. `unknown` is neither:
 * after a restart nobody has looked yet, and a failed pass has not seen what the guard holds. Nothing
 * begins and nothing is over then.
 */
export type Standing = "bad" | "failing" | "good" | "unknown";

export interface Judged {
  /** The same from pass to pass and after a restart. */
  readonly key: string;
  readonly matter: Matter;
  readonly standing: Standing;
}

const HOUR_MS = 60 * 60_000;
/** So long before its end the agent's own credential is told of: nothing but a person renews it. */
export const CREDENTIAL_WARNING_MS = 30 * 24 * HOUR_MS;
/** A pass that takes longer counts as one that fails until it has ended: it may hang. */
const SLOW_MS = 5 * 60_000;

/**
 * Everything that this node is to speak of, good or bad. A standby that knows who writes leaves the
 * cluster's matters to that node; its own credential is its own matter. What is missing here is
 * none of this node's any more.
 *
 * @param under when the pass that is under way began; absent: none is
 */
export function matters(state: HealthState, now: number, under?: number): readonly Judged[] {
  const { leader, writer } = state.lease;
  const own = [credential(state, now)];
  if (!leader && writer !== undefined) return own;
  const realms = [...state.realms].flatMap(([name, realm]) => [
    secret(name, realm),
    held(name, realm, leader),
    pass(name, realm, state.startedAt, now, under),
  ]);
  return [...realms, ...own];
}

function secret(realm: string, { secret: { accepted, expires } }: RealmHealth): Judged {
  const standing = accepted === undefined ? "unknown" : accepted ? "good" : "bad";
  const matter = { topic: "secret", realm, ...(expires === undefined ? {} : { expires }) } as const;
  return { key: `secret ${realm}`, matter, standing };
}

/** Only the writer's count means anything: elsewhere the journal, and so the guard, begins full. */
function held(realm: string, { sync }: RealmHealth, leader: boolean): Judged {
  const { held: count, heldPeople: people } = sync;
  const matter = { topic: "held", realm, held: count, people } as const;
  return { key: `held ${realm}`, matter, standing: heldStanding(sync, leader) };
}

function heldStanding({ held, ok }: RealmHealth["sync"], leader: boolean): Standing {
  if (!leader) return "unknown";
  if (held > 0) return "bad";
  // A pass that failed may have held nothing because it saw nothing.
  return ok === true ? "good" : "unknown";
}

/** The hour counts from the start at the earliest: a node that was off has missed nothing. */
function pass(
  realm: string,
  { sync }: RealmHealth,
  startedAt: number,
  now: number,
  under: number | undefined,
): Judged {
  const { ok, code, lastSuccess } = sync;
  // In either direction: what a clock wrote that was ahead must not silence this until then.
  const late = Math.abs(now - Math.max(lastSuccess ?? startedAt, startedAt)) > HOUR_MS;
  const matter = {
    topic: "pass",
    realm,
    ...(lastSuccess === undefined ? {} : { lastSuccess }),
    ...(code === undefined ? {} : { code }),
  } as const;
  const slow = under !== undefined && Math.abs(now - under) > SLOW_MS;
  const standing = passStanding(ok, late, slow);
  return { key: `pass ${realm}`, matter, standing };
}

function passStanding(ok: boolean | undefined, late: boolean, slow: boolean): Standing {
  if (ok === true) return slow ? "failing" : "good";
  if (late) return "bad";
  return ok === false || slow ? "failing" : "unknown";
}

function credential({ credentialEnds: ends }: HealthState, now: number): Judged {
  const key = "credential";
  if (ends === undefined) return { key, matter: { topic: key }, standing: "unknown" };
  const standing = ends - now <= CREDENTIAL_WARNING_MS ? "bad" : "good";
  return { key, matter: { topic: key, ends }, standing };
}
