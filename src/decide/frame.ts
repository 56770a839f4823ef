/** Everything that the decisions about one realm look at. */
import type { Finding } from "../errors.js";
import type { Asking } from "./ask.js";
import type { Access, GroupId, History, ServerTime, UserId } from "./facts.js";
import type { GroupState } from "./group-state.js";
import type { Roster } from "./roster.js";
import { isoInstant } from "./text.js";

export interface Frame {
  readonly roster: Roster;
  readonly access: Access;
  readonly history: History;
  readonly time: ServerTime;
  readonly ask: Asking;
  /** Mapped groups and marked groups without a mapping. */
  readonly groups: ReadonlyMap<GroupId, GroupState>;
}

/** What one room adds to the plan besides changes. */
export interface Notes {
  readonly findings: Finding[];
  readonly kept: { realm: string; userid: UserId; why: string }[];
  readonly untouched: string[];
  readonly skipped: { realm: string; who: string; why: string }[];
  readonly unmanaged: { realm: string; userid: UserId }[];
  /** Whom a group's list lacks while their own object did not answer: they stay, for now. */
  readonly doubted: { group: GroupId; userid: UserId }[];
  /** Leavers whose date no journal confirms: remembered from now on. */
  readonly leavers: UserId[];
}

export function emptyNotes(): Notes {
  return {
    findings: [],
    kept: [],
    untouched: [],
    skipped: [],
    unmanaged: [],
    doubted: [],
    leavers: [],
  };
}

/** A clock wrong by more than this makes dates doubtful: nothing is deleted. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

export function clockIsOff(time: ServerTime): boolean {
  return Math.abs(time.localOffsetMs) > CLOCK_TOLERANCE_MS;
}

/** The UTC day of an instant, as marks carry it. */
export function dayOf(at: number): string {
  return isoInstant(at).slice(0, 10);
}
