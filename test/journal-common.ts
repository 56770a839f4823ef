/** What the tests of the journal share: a clock by hand, a journal in a folder, changes. */
import type { Clock } from "../src/clock.js";
import type { ObjectId, UserId } from "../src/decide/facts.js";
import type { Action, Change, Write } from "../src/decide/plan.js";
import { openJournal } from "../src/journal/index.js";
import type { Journal, JournalOptions, Outcome, PassId } from "../src/journal/index.js";
import { silentLog } from "../src/log.js";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const START = Date.UTC(2026, 10, 21, 12);

/** A clock that stands until it is told to go on. */
export function handClock(start: number = START): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    monotonic: () => now - start,
    sleep: async () => undefined,
    advance: (ms) => void (now += ms),
  };
}

export function options(dir: string, clock: Clock = handClock()): JournalOptions {
  return { dir, clock, log: silentLog, nodeName: "pve1", machineId: "0123456789abcdef" };
}

export function open(dir: string, clock: Clock = handClock()): Journal {
  return openJournal(options(dir, clock));
}

export const anna = "anna@example.com@entra" as UserId;
export const bert = "bert@example.com@entra" as UserId;
export const annaId = "aaaaaaaa-0000-4000-8000-000000000001" as ObjectId;
export const bertId = "bbbbbbbb-0000-4000-8000-000000000002" as ObjectId;

const common = { realm: "entra", reason: "because" };

export function join(userid: UserId, group: string, person: ObjectId = annaId): Change {
  return { ...common, kind: "join", userid, group, person };
}

export function leave(userid: UserId, group: string, person: ObjectId = annaId): Change {
  return { ...common, kind: "leave", userid, group, person, losers: [userid], counted: "removed" };
}

export function grant(group: string, path = "/vms", role = "PVEVMUser"): Change {
  return { ...common, kind: "grant", group, path, role, propagate: true };
}

export function revoke(
  group: string,
  losers: readonly UserId[],
  path = "/vms",
  role = "PVEVMUser",
): Change {
  return {
    ...common,
    kind: "revoke",
    group,
    path,
    role,
    propagate: true,
    losers,
    counted: "removed",
  };
}

export function disable(userid: UserId, person: ObjectId = annaId): Change {
  return {
    ...common,
    kind: "disable-user",
    userid,
    person,
    fields: { enable: false, comment: "[entra:x left 2026-11-21]" },
    because: "disabled",
    counted: "disabled",
  };
}

export function enable(userid: UserId): Change {
  return { ...common, kind: "enable-user", userid, person: annaId, fields: { enable: true } };
}

let serial = 0;

/** One write with these changes. The write matters to the journal for created users only. */
export function action(changes: readonly Change[], extra: Partial<Action> = {}): Action {
  const write: Write = { kind: "delete-group", group: "any" };
  return { id: `a${(serial += 1)}`, realm: "entra", write, changes, ...extra };
}

/** A pass that does this and ends well. */
export function pass(journal: Journal, outcome: Outcome, ...actions: readonly Action[]): PassId {
  const id = journal.beginPass(["entra"], "schedule");
  for (const one of actions) journal.settle(journal.intend(id, one), outcome);
  const counts = { changes: actions.length };
  journal.endPass(id, new Map([["entra", { ok: outcome === "done", counts }]]), 12.5);
  return id;
}
