/**
 * Whether the secret of one SSO app is to be renewed, and which old ones go: a chain of policies,
 * each of which either has nothing to say or gives a reason that a person can read.
 */
import type { ErrorCode, Finding } from "../errors.js";
import type { OwnSecret } from "../journal/types.js";
import { MANY, removals } from "./rotation-clean.js";
import type { Forced, Rotate, RotationDecision, RotationFacts } from "./rotation-facts.js";
import { DAY, HOUR } from "./rotation-facts.js";
import { findingsOf } from "./rotation-findings.js";
import type { Situation, Use } from "./rotation-use.js";
import { day, isWorthProving, mayWrite, ownRecord, useOf } from "./rotation-use.js";

/** The hard stop: this many living secrets of our name, and no more are made. */
const TOO_MANY = 20;
/** Forced rotations within an hour, or unfinished ones, after which we wait. */
const TOO_OFTEN = 3;
const SEVEN_DAYS = 7 * DAY;
const FIVE_MINUTES = 300_000;

/** Why somebody wants a rotation. */
interface Want {
  readonly cause: "refused" | "ordered" | "superseded" | "due" | "unlisted";
  readonly use: Use;
  readonly reason: string;
}

/** Decides about one SSO app. Pure: the same facts give the same decision. */
export function decideRotation(facts: RotationFacts): RotationDecision {
  const { passwords: read, time, own, config } = facts;
  const passwords = "code" in read ? [] : read;
  const uses = facts.realms.map((realm) => useOf(realm, passwords, own, config, time.now));
  const living = passwords.filter(
    ({ displayName, end }) => displayName === facts.displayName && end > time.now,
  ).length;
  const situation: Situation = { facts, passwords, uses, living };

  const want = "code" in read ? undefined : firstWant(situation);
  const reuse = want && reusable(want, situation);
  const stop = want && firstStop(want, reuse !== undefined, situation);
  const rotate = want && stop === undefined ? rotation(want, reuse, situation) : undefined;
  const wanted = facts.running ? [] : removals(facts, passwords, uses, living);
  const clockOff = Math.abs(time.localOffsetMs) > FIVE_MINUTES;
  const next = uses.filter(mayWrite).flatMap(({ view }) => view.renewAt ?? []);
  return {
    clientId: facts.clientId,
    ...(rotate && { rotate }),
    remove: clockOff ? [] : wanted,
    findings: [
      ...("code" in read ? [read] : []),
      ...(stop?.finding ? [stop.finding] : []),
      ...(clockOff && wanted.length > 0 ? [clockFinding(wanted.length)] : []),
      ...findingsOf(situation, rotate),
    ],
    realms: uses.map(({ view }) => view),
    ...(next.length > 0 && { nextRotationAt: Math.min(...next) }),
  };
}

// ---------------------------------------------------------------- what asks for a rotation

type WantPolicy = (use: Use, situation: Situation) => Omit<Want, "use"> | undefined;

/** The most urgent first; each is asked about every realm before the next. */
const WANTS: readonly WantPolicy[] = [refused, ordered, superseded, due, unlisted];

function firstWant(situation: Situation): Want | undefined {
  for (const policy of WANTS) {
    for (const use of situation.uses.filter(mayWrite)) {
      const want = policy(use, situation);
      if (want !== undefined) return { ...want, use };
    }
  }
  return undefined;
}

function refused({ secret, key }: Use): Omit<Want, "use"> | undefined {
  if (key?.hint === "") {
    return { cause: "refused", reason: `realm ${secret.realm} has no client-key` };
  }
  if (key?.proof?.kind !== "refused") return undefined;
  const reason = `Entra refuses the client-key of realm ${secret.realm}: ${key.proof.message}`;
  return { cause: "refused", reason };
}

function ordered(_use: Use, { facts }: Situation): Omit<Want, "use"> | undefined {
  return facts.ordered ? { cause: "ordered", reason: "an administrator ordered it" } : undefined;
}

/**
 * The key was made under another journal, which has since made a newer one under the same name:
 * /etc/pve was restored on or split off to this machine, and the maker will remove what we use
 * once its overlap is over.
 */
function superseded(
  { secret, key, view }: Use,
  { facts, passwords }: Situation,
): Omit<Want, "use"> | undefined {
  const inUse = view.inUse;
  if (key?.proof?.kind !== "accepted" || inUse === undefined || view.own !== false)
    return undefined;
  if (!/^pve-entra-agent .+, do not copy$/.test(inUse.displayName ?? "")) return undefined;
  const newer = passwords.some(
    (other) =>
      other.displayName === inUse.displayName &&
      other.start > inUse.start &&
      ownRecord(other, passwords, facts.own) === undefined,
  );
  if (!newer) return undefined;
  const reason = `another machine made the secret of realm ${secret.realm} and has renewed it since`;
  return { cause: "superseded", reason };
}

/** Only of a key that Entra accepts: where nothing can be proved, a new one could not be either. */
function due({ secret, key, view }: Use, { facts }: Situation): Omit<Want, "use"> | undefined {
  if (key?.proof?.kind !== "accepted") return undefined;
  if (view.renewAt === undefined || view.ends === undefined) return undefined;
  if (facts.time.now < view.renewAt) return undefined;
  const reason = `the secret of realm ${secret.realm} ends on ${day(view.ends)}`;
  return { cause: "due", reason };
}

/** Accepted and yet not listed: lists lag, but not for an hour. One of ours cannot help twice. */
function unlisted({ secret, key }: Use, { facts }: Situation): Omit<Want, "use"> | undefined {
  const { now } = facts.time;
  if (key?.unlistedSince === undefined || now - key.unlistedSince < HOUR) return undefined;
  const wroteLately = facts.own.some(({ state, at }) => state === "written" && now - at < DAY);
  if (wroteLately) return undefined;
  const reason = `Entra has not listed the secret of realm ${secret.realm} for an hour`;
  return { cause: "unlisted", reason };
}

// ---------------------------------------------------------------- what can be used again

/** A secret that need not be made: proved again before another is added. */
function reusable(want: Want, { facts, passwords, uses }: Situation): Rotate["reuse"] {
  const { pending, time } = facts;
  if (pending !== undefined && isWorthProving(pending, facts)) {
    const listed = passwords.some(({ keyId }) => keyId === pending.keyId);
    // A list may lag behind an add for a while, but what is gone for ten minutes was removed.
    if (listed || time.now - pending.start < 2 * FIVE_MINUTES) {
      return { from: "memory", keyId: pending.keyId };
    }
  }
  if (want.cause === "ordered") return undefined;
  const other = uses.find((use) => isFresh(use, want, time.now));
  return other && { from: "realm", realm: other.secret.realm };
}

/** Another realm of the app holds a key that we made, that Entra accepts and that is not due. */
function isFresh({ secret, key, view }: Use, want: Want, now: number): boolean {
  return (
    secret.trusted &&
    key?.proof?.kind === "accepted" &&
    key.same !== want.use.key?.same &&
    view.own === true &&
    view.renewAt !== undefined &&
    view.renewAt > now
  );
}

// ---------------------------------------------------------------- what stops a rotation

interface Stop {
  readonly finding?: Finding;
}

type StopPolicy = (want: Want, situation: Situation) => Stop | undefined;

const STOPS: readonly StopPolicy[] = [tooMany, tooOften, many, failedLately];

/** Nothing but a running rotation stops one that makes no new secret. */
function firstStop(want: Want, reuses: boolean, situation: Situation): Stop | undefined {
  if (situation.facts.running) return {};
  if (reuses) return undefined;
  for (const policy of STOPS) {
    const stop = policy(want, situation);
    if (stop !== undefined) return stop;
  }
  return undefined;
}

function tooMany({ reason }: Want, { living, facts }: Situation): Stop | undefined {
  if (living < TOO_MANY) return undefined;
  const message = `${living} secrets named "${facts.displayName}" exist, so none is added, though ${reason}`;
  return stopped("ROTATION_STOPPED", message);
}

/** Something keeps breaking what we make; another one an hour would not help, and floods the app. */
function tooOften({ cause, reason }: Want, { facts }: Situation): Stop | undefined {
  if (cause !== "refused") return undefined;
  const since = facts.time.now - HOUR;
  const lately = facts.own.filter(
    ({ forced, state, start }) => forced && state !== "not-made" && start > since,
  ).length;
  if (lately < TOO_OFTEN) return undefined;
  return stopped("ROTATION_TOO_OFTEN", `${lately} forced rotations within an hour, and ${reason}`);
}

function many(want: Want, { living, facts }: Situation): Stop | undefined {
  if (living < MANY || isUrgent(want, facts)) return undefined;
  // Its finding, ROTATION_TOO_MANY_SECRETS, is there in every pass, wanted or not.
  return {};
}

/**
 * A proof that failed twice fails a third time: not before an hour has passed. So does what came to
 * nothing three times, for whatever keeps killing us, and what Entra does not let us make; but
 * somebody who has just mended that, and says `sync`, wants to see it work.
 */
function failedLately(want: Want, { facts }: Situation): Stop | undefined {
  if (want.cause === "refused" || want.cause === "ordered") return undefined;
  const lately = facts.own.filter(({ at }) => at > facts.time.now - HOUR);
  const failed = lately.some(({ state }) => state === "proof-failed" || state === "abandoned");
  const last = facts.own.at(-1);
  const notMade = facts.patient && last?.state === "not-made" && lately.at(-1) === last;
  const unfinished = lately.filter(({ state }) => UNFINISHED.has(state)).length;
  return failed || notMade || unfinished >= TOO_OFTEN ? {} : undefined;
}

const UNFINISHED: ReadonlySet<OwnSecret["state"]> = new Set(["intended", "made", "proved"]);

/** Refused, ordered, about to be removed by its maker, or within seven days of its end. */
function isUrgent(want: Want, facts: RotationFacts): boolean {
  if (want.cause !== "due") return want.cause !== "unlisted";
  return (want.use.view.ends ?? Infinity) - facts.time.now <= SEVEN_DAYS;
}

/** Somebody waits, sign-in is down or about to be, or what is in use may go at any moment. */
function hurries({ cause, use }: Want, { time }: RotationFacts): boolean {
  return cause !== "due" || (use.view.ends ?? 0) - time.now < HOUR;
}

function stopped(code: ErrorCode, message: string): Stop {
  return { finding: { code, message } };
}

// ---------------------------------------------------------------- the decision's parts

function rotation(want: Want, reuse: Rotate["reuse"], situation: Situation): Rotate {
  const { facts, uses, living } = situation;
  const source =
    reuse?.from === "realm" ? uses.find((use) => use.secret.realm === reuse.realm) : undefined;
  const targets = uses.filter(
    (use) => mayWrite(use) && use.key?.same !== (source?.key?.same ?? NaN),
  );
  const overrides = living >= MANY && isUrgent(want, facts);
  const forced: Forced =
    want.cause === "refused" || want.cause === "ordered" ? want.cause : overrides ? "ending" : "no";
  return {
    reason: want.reason,
    forced,
    rests: facts.patient && !hurries(want, facts),
    realms: targets.map(({ secret }) => secret.realm),
    ...(reuse && { reuse }),
  };
}

function clockFinding(count: number): Finding {
  const message = `${count} old secrets stay until the clock of this node is right`;
  return { code: "SYNC_CLOCK_OFF", message };
}
