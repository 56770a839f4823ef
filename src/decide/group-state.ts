/** Which PVE groups are ours, and what may happen in each of them. */
import type { ErrorCode, Finding } from "../errors.js";
import type { Access, GroupId, History } from "./facts.js";
import { parseGroupMark } from "./mark.js";
import { privilegedGroup } from "./privileged.js";
import type { Mapping, Roster } from "./roster.js";

export interface GroupState {
  readonly id: GroupId;
  /** Absent: a marked group of this realm that the configuration no longer names. */
  readonly mapping?: Mapping;
  readonly exists: boolean;
  readonly comment: string;
  readonly marked: boolean;
  readonly privileged: boolean;
  /** The journal knows it as ours. */
  readonly known: boolean;
  /** `adopting`: unmarked, and `adopt = true` takes it over once that is approved. */
  readonly ownership: "new" | "ours" | "lost-mark" | "adopting" | "foreign";
  /** Why a marked group without a mapping may be somebody else's: then nothing goes unasked. */
  readonly disputed?: string;
  /**
   * A mapping of another realm takes it over (`adopt = true`): what becomes of the group and its
   * entries is that mapping's to say, and only our members leave.
   */
  readonly goesElsewhere?: boolean;
}

/** Which realm has a mapping of a name, and whether that mapping takes over what is there. */
export interface Claim {
  readonly realm: string;
  readonly adopt: boolean;
}

export function groupStates(
  roster: Roster,
  access: Access,
  history: History,
  /** Every mapped name of every realm. */
  claims: ReadonlyMap<GroupId, Claim>,
): ReadonlyMap<GroupId, GroupState> {
  const states = new Map<GroupId, GroupState>();
  for (const mapping of roster.mappings) {
    states.set(mapping.config.name, stateOf(mapping.config.name, mapping, roster, access, history));
  }
  for (const { groupid, comment } of access.groups.values()) {
    if (states.has(groupid) || !parseGroupMark(comment, roster.realm.name).marked) continue;
    const state = stateOf(groupid, undefined, roster, access, history);
    const claim = claims.get(groupid);
    const disputed = disputeOf(state, claim?.realm);
    states.set(groupid, {
      ...state,
      ...(disputed === undefined ? {} : { disputed }),
      ...(claim?.adopt === true ? { goesElsewhere: true } : {}),
    });
  }
  return states;
}

/** A mark alone may be forged, to have a stranger's group emptied (P6). */
function disputeOf({ id, known }: GroupState, claimedBy: string | undefined): string | undefined {
  if (claimedBy !== undefined) return `realm ${claimedBy} has a mapping for ${id}`;
  return known ? undefined : `no mapping names ${id}, and the journal does not know it`;
}

/** Why nobody is added to this group because of what it is; undefined: nothing is in the way. */
export function ownershipFinding(state: GroupState, realm: string): Finding | undefined {
  const finding = (code: ErrorCode, message: string): Finding => ({
    code,
    message,
    realm,
    subject: state.id,
  });
  switch (state.ownership) {
    case "lost-mark":
      return finding("SYNC_MARK_MISSING", `group ${state.id} lost its mark [entra:${realm}]`);
    case "foreign":
      return finding(
        "SYNC_GROUP_UNMARKED",
        `group ${state.id} exists, without the mark [entra:${realm}]`,
      );
    case "new":
    case "ours":
    case "adopting":
      return undefined;
  }
}

function stateOf(
  id: GroupId,
  mapping: Mapping | undefined,
  roster: Roster,
  access: Access,
  history: History,
): GroupState {
  const group = access.groups.get(id);
  const comment = group?.comment ?? "";
  const marked = parseGroupMark(comment, roster.realm.name).marked;
  const known = history.ownGroups.has(id);
  return {
    id,
    ...(mapping === undefined ? {} : { mapping }),
    exists: group !== undefined,
    comment,
    marked,
    known,
    privileged: mapping?.privileged ?? privilegedGroup(access, id, undefined),
    ownership: ownershipOf(group !== undefined, marked, known, mapping?.config.adopt === true),
  };
}

function ownershipOf(
  exists: boolean,
  marked: boolean,
  known: boolean,
  adopt: boolean,
): GroupState["ownership"] {
  if (!exists) return "new";
  if (marked) return "ours";
  if (adopt) return "adopting";
  return known ? "lost-mark" : "foreign";
}
