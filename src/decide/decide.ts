/** The whole decision about people, groups and entries: facts in, plan out. */
import type { Config, RealmConfig } from "../config/types.js";
import type { Finding } from "../errors.js";
import { asking } from "./ask.js";
import type { Asking } from "./ask.js";
import { bytesOf, USER_DATABASE_LIMIT, userDatabaseBytes, userDatabaseRoom } from "./ceiling.js";
import { compose } from "./compose.js";
import { fallback, guardsFallback } from "./fallback.js";
import { emptyNotes } from "./frame.js";
import type { Frame, Notes } from "./frame.js";
import { groupStates } from "./group-state.js";
import { guard, toApprove } from "./guard.js";
import type { Judged } from "./guard.js";
import type { Access, Directory, GroupId, History, Question, ServerTime, UserId } from "./facts.js";
import { countHeld, heldText } from "./held.js";
import { parseUserMark, writeUserMark } from "./mark.js";
import { createSequencer, orderActions } from "./order.js";
import type { OrderInput, Sequencer } from "./order.js";
import { splitApart } from "./order-split.js";
import { changeKey } from "./plan.js";
import type { Action, Change, Plan, RightsDelta, Waiting } from "./plan.js";
import { rightsDeltas } from "./privileges.js";
import { realmChanges } from "./realm-changes.js";
import { roster } from "./roster.js";
import type { Roster } from "./roster.js";
import { newState, stateOf } from "./simulation.js";
import type { AccessState } from "./simulation.js";
import { realmOf } from "./userid.js";

/** Everything that one pass knows about people, groups and entries. */
export interface SyncFacts {
  readonly config: Pick<Config, "guard">;
  readonly realms: readonly RealmConfig[];
  /** What every realm's issuer-url must be. */
  readonly issuer: string;
  readonly directory: Directory;
  readonly access: Access;
  readonly history: History;
  readonly time: ServerTime;
}

export interface Decision {
  readonly plan: Plan;
  /** A new run through the plan's writes, each given out when it is safe. */
  sequencer(): Sequencer;
}

/** What has to be asked before these facts can be decided; empty: nothing more. */
export function openQuestions(facts: SyncFacts): readonly Question[] {
  const { ask } = changesOf(facts);
  return ask.open();
}

/** @param sha256 hex digest of a text: the approval ID is one */
export function decide(facts: SyncFacts, sha256: (text: string) => string): Decision {
  const { changes, notes, ask, rosters } = changesOf(facts);
  const judged = guard(changes, {
    config: facts.config.guard,
    access: facts.access,
    history: facts.history,
    now: facts.time.now,
    justInTime: justInTimeGroups(facts.realms),
    doubted: notes.doubted,
  });
  const safe = guardsFallback(facts.access, compose(judged.allowed), facts.time.now / 1000);
  const fits = withinCeiling(facts, safe.allowed);
  const held = compose(judged.holds.map(({ change }) => change));
  const input: OrderInput = {
    access: facts.access,
    actions: fits.allowed,
    held: [...held, ...safe.withheld, ...fits.over.map(({ action }) => action)],
    ...momentRules(facts, rosters),
  };
  const order = orderActions(input);
  const findings = unique([
    ...rosters.flatMap((one) => one.findings),
    ...notes.findings,
    ...safe.findings,
    ...fits.findings,
    ...order.findings,
    ...heldFindings(judged),
  ]);
  const waiting = [...order.waiting, ...fits.over, ...withheld(safe.withheld)];
  const plan = planOf(
    facts,
    { judged, notes, ask, findings, waiting, ordered: order.ordered },
    sha256,
  );
  return { plan, sequencer: () => createSequencer(input) };
}

interface Outcome {
  readonly judged: Judged;
  readonly notes: Notes;
  readonly ask: Asking;
  readonly findings: readonly Finding[];
  readonly waiting: readonly Waiting[];
  readonly ordered: readonly Action[];
}

function planOf(facts: SyncFacts, outcome: Outcome, sha256: (text: string) => string): Plan {
  const { judged, notes, ordered } = outcome;
  const before = stateOf(facts.access);
  const after = newState(facts.access, ordered);
  const now = userDatabaseBytes(facts.access);
  return {
    actions: ordered,
    waiting: outcome.waiting,
    holds: judged.holds,
    ...approvalOf(judged, sha256),
    guard: judged.counts,
    findings: outcome.findings,
    kept: notes.kept,
    untouched: notes.untouched,
    wakingTokens: wakingTokens(facts.access, ordered),
    rights: ordered.length === 0 ? [] : rightsOf(before, after, ordered),
    skipped: notes.skipped,
    unmanaged: notes.unmanaged,
    members: membersOf(facts.realms, after),
    heard: {
      absent: outcome.ask.absent(),
      leavers: notes.leavers,
      enabledAgain: enabledAgain(facts),
    },
    database: {
      now,
      after: now + ordered.reduce((sum, { write }) => sum + bytesOf(write, facts.access), 0),
      limit: USER_DATABASE_LIMIT,
    },
  };
}

interface Changes {
  readonly changes: readonly Change[];
  readonly notes: Notes;
  readonly ask: Asking;
  readonly rosters: readonly Roster[];
}

/** Facts that leave no question open are decided as they are: once is enough. */
const CHANGES = new WeakMap<SyncFacts, Changes>();

function changesOf(facts: SyncFacts): Changes {
  const known = CHANGES.get(facts) ?? findChanges(facts);
  CHANGES.set(facts, known);
  return known;
}

function findChanges(facts: SyncFacts): Changes {
  const ask = asking(facts.directory.answers);
  const notes = emptyNotes();
  const { access, history, time, issuer, directory } = facts;
  const rosters = facts.realms.map((realm) => roster(realm, issuer, directory, access));
  const claims = new Map(
    facts.realms.flatMap(({ name, groups }) =>
      groups.map((one) => [one.name, { realm: name, adopt: one.adopt }] as const),
    ),
  );
  const changes = rosters.flatMap((one) => {
    const groups = groupStates(one, access, history, claims);
    if (groups.size === 0 && !hasMarkedUsers(one, access)) return [];
    const frame: Frame = { roster: one, access, history, time, ask, groups };
    return realmChanges(frame, notes);
  });
  return { changes, notes, ask, rosters };
}

/** Without mappings and without anything of ours, a realm is here for its secret alone. */
function hasMarkedUsers({ realm }: Roster, access: Access): boolean {
  return [...access.users.values()].some(
    ({ userid, comment }) =>
      realmOf(userid) === realm.name && parseUserMark(comment).mark !== undefined,
  );
}

/** Growing past the room waits; what takes away never does (P13). */
function withinCeiling(
  facts: SyncFacts,
  actions: readonly Action[],
): { allowed: readonly Action[]; over: readonly Waiting[]; findings: readonly Finding[] } {
  const room = userDatabaseRoom(facts.config.guard.userDbReserveBytes);
  const now = userDatabaseBytes(facts.access);
  let bytes = now;
  const allowed: Action[] = [];
  const over: Waiting[] = [];
  const judge = (action: Action): void => {
    const grows = bytesOf(action.write, facts.access);
    const fits = grows <= 0 || bytes + grows <= room;
    const parts = fits ? [] : partsThatTake(action);
    if (parts.length > 0) {
      parts.forEach(judge);
    } else if (fits || takes(action)) {
      bytes += grows;
      allowed.push(action);
    } else {
      const waitsFor = `room in the user database: ${bytes} of ${room} bytes are used`;
      over.push({ action, waitsFor });
    }
  };
  actions.forEach(judge);
  if (over.length === 0) return { allowed, over, findings: [] };
  const message = `${over.length} writes wait: the user database has ${now} bytes, and at most ${room} are filled (80 % of ${USER_DATABASE_LIMIT}, less the reserve)`;
  const realms = [...new Set(over.map(({ action }) => action.realm))];
  const findings = realms.map((realm) => ({ code: "SYNC_DATABASE_FULL" as const, message, realm }));
  return { allowed, over, findings };
}

/** A move between groups whose leaving goes on alone; a disabling keeps its mark. */
function partsThatTake(action: Action): readonly Action[] {
  const { write } = action;
  const moves = write.kind === "update-user" && write.leave.length > 0;
  return moves && write.fields.enable !== false ? splitApart(action) : [];
}

function takes({ changes }: Action): boolean {
  return changes.some(({ kind }) => ["leave", "disable-user", "revoke"].includes(kind));
}

/** Only people who carry our mark are disabled for a moment; never a way in, never ourselves. */
function momentRules(
  facts: SyncFacts,
  rosters: readonly Roster[],
): Pick<OrderInput, "mayDisable" | "momentComment"> {
  const ways = new Set(fallback(facts.access, facts.time.now / 1000).who);
  const realms = new Set(rosters.map(({ realm }) => realm.name));
  return {
    mayDisable: (userid) => {
      const user = facts.access.users.get(userid);
      return (
        user !== undefined &&
        realms.has(realmOf(userid)) &&
        userid !== facts.access.ownUser &&
        !ways.has(userid) &&
        parseUserMark(user.comment).mark !== undefined
      );
    },
    momentComment: (comment) => {
      const { text, mark } = parseUserMark(comment);
      if (mark === undefined) return undefined;
      const written = writeUserMark(text, { ...mark, moment: true });
      return written.fits ? written.comment : undefined;
    },
  };
}

function approvalOf(judged: Judged, sha256: (text: string) => string): Pick<Plan, "approvalId"> {
  if (judged.holds.length === 0) return {};
  const keys = toApprove(judged.holds).map(changeKey).sort();
  return { approvalId: sha256(keys.join("\n")) };
}

function heldFindings({ holds }: Judged): Finding[] {
  const realms = [...new Set(holds.map(({ change }) => change.realm))];
  return realms.map((realm) => {
    const own = holds.filter(({ change }) => change.realm === realm);
    const why = [...new Set(own.map(({ because }) => because))].join("; ");
    const what = heldText(countHeld(own, realm));
    const verb = own.length === 1 ? "is" : "are";
    return { code: "GUARD_HELD", message: `${what} ${verb} held: ${why}`, realm };
  });
}

function withheld(actions: readonly Action[]): Waiting[] {
  return actions.map((action) => ({
    action,
    waitsFor: "an administrator outside the realm (SYNC_NO_FALLBACK)",
  }));
}

function rightsOf(
  before: AccessState,
  after: AccessState,
  ordered: readonly Action[],
): readonly RightsDelta[] {
  const names = new Map<UserId, string>();
  for (const change of ordered.flatMap(({ changes }) => changes)) {
    if ("userid" in change && change.personName !== undefined) {
      names.set(change.userid, change.personName);
    }
  }
  const everybody = new Set([...before.users.keys(), ...after.users.keys()]);
  return rightsDeltas(before, after, everybody)
    .filter(({ lost, gained }) => lost.size > 0 || gained.size > 0)
    .map((delta) => {
      const personName = names.get(delta.userid);
      return personName === undefined ? delta : { ...delta, personName };
    });
}

/** A later disabling of theirs is an administrator's, and its time runs from then. */
function enabledAgain({ access, history }: SyncFacts): readonly UserId[] {
  const disabled = new Set([...history.disabledByUs.keys(), ...history.leftSeen.keys()]);
  return [...disabled].filter((userid) => access.users.get(userid)?.enable === true);
}

function wakingTokens(access: Access, ordered: readonly Action[]): string[] {
  return ordered
    .filter(({ moment }) => moment !== true)
    .flatMap(({ changes }) => changes)
    .flatMap((change) => {
      if (change.kind !== "enable-user") return [];
      const tokens = access.users.get(change.userid)?.tokens ?? [];
      return tokens.map(({ tokenid }) => `${change.userid}!${tokenid}`);
    });
}

function membersOf(
  realms: readonly RealmConfig[],
  after: AccessState,
): ReadonlyMap<string, ReadonlyMap<GroupId, number>> {
  return new Map(
    realms.map(({ name, groups }) => {
      const counts = groups.map((mapping): [GroupId, number] => {
        const members = [...(after.members.get(mapping.name) ?? [])];
        return [mapping.name, members.filter((userid) => realmOf(userid) === name).length];
      });
      return [name, new Map(counts)];
    }),
  );
}

function justInTimeGroups(realms: readonly RealmConfig[]): ReadonlySet<GroupId> {
  return new Set(
    realms.flatMap(({ groups }) => groups.flatMap((m) => (m.justInTime ? [m.name] : []))),
  );
}

/** What both secrets and people found is told once. */
export function unique(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Map(findings.map((f) => [`${f.code}|${f.realm ?? ""}|${f.message}`, f]));
  return [...seen.values()];
}
