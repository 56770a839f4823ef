/**
 * The guard: mass changes wait for a person. It counts distinct people over the last 24 hours for
 * each group (and for each realm, what has no group), so that a drip counts as much as a flood.
 */
import type { GuardConfig } from "../config/types.js";
import type { Access, GroupId, History, Loss, UserId } from "./facts.js";
import type { Change, GuardCount, Hold } from "./plan.js";
import { changeKey } from "./plan.js";

export const DAY_MS = 24 * 60 * 60_000;
/** Up to this many people may leave a group whatever share of it they are. */
const FREE_REMOVALS = 3;

/** What disables whatever is held of a group. */
const AT_ONCE: ReadonlySet<string> = new Set(["disabled", "deleted", "reused"]);

export interface Judged {
  readonly allowed: readonly Change[];
  readonly holds: readonly Hold[];
  readonly counts: readonly GuardCount[];
}

export interface GuardFacts {
  readonly config: GuardConfig;
  readonly access: Access;
  readonly history: History;
  readonly now: number;
  /** Groups of just-in-time mappings: emptying them is no alarm. */
  readonly justInTime: ReadonlySet<GroupId>;
  /** Who would be lost, too, had Entra answered: a bad read lets nothing through that a good one holds. */
  readonly doubted: readonly { readonly group: GroupId; readonly userid: UserId }[];
}

export function guard(changes: readonly Change[], facts: GuardFacts): Judged {
  const approvedKeys = new Set(facts.history.approvals.flatMap(({ keys }) => [...keys]));
  const marked = changes.map((change) =>
    approvedKeys.has(changeKey(change)) ? { ...change, approved: true } : change,
  );
  const open = marked.filter((change) => change.approved !== true);
  const judgements = [...countGroups(open, marked, facts), ...countRealms(open, marked, facts)];
  const because = new Map<Change, string>();
  for (const { held, changes: counted, count } of judgements) {
    if (!held) continue;
    for (const change of counted) because.set(change, explain(count));
  }
  for (const change of open) {
    if (change.needsApproval !== undefined) because.set(change, change.needsApproval);
  }
  holdWithGroup(marked, because);
  holdAccounts(marked, because);
  return {
    allowed: marked.filter((change) => !because.has(change)),
    holds: [...because].map(([change, why]) => ({ change, because: why })),
    counts: judgements.map(({ count }) => count),
  };
}

/**
 * What an approval of these lets through: not the additions among them, which come by themselves
 * once nothing of their group is held. So its ID stays the same whatever else is to be given.
 */
export function toApprove(holds: readonly Hold[]): readonly Change[] {
  return holds.map(({ change }) => change).filter((change) => !addsOnly(change));
}

function addsOnly(change: Change): boolean {
  return change.kind === "grant" && change.counted === undefined;
}

interface Judgement {
  readonly count: GuardCount;
  readonly held: boolean;
  readonly changes: readonly Change[];
}

function countGroups(
  open: readonly Change[],
  all: readonly Change[],
  facts: GuardFacts,
): Judgement[] {
  const byGroup = new Map<GroupId, Change[]>();
  for (const change of open) {
    // What waits for an approval of its own takes nothing from anybody, and delays nobody else.
    if (change.needsApproval !== undefined) continue;
    if (change.counted !== "removed" || !("group" in change)) continue;
    byGroup.set(change.group, [...(byGroup.get(change.group) ?? []), change]);
  }
  return [...byGroup].map(([group, changes]) => judgeGroup(group, changes, all, facts));
}

function judgeGroup(
  group: GroupId,
  changes: readonly Change[],
  all: readonly Change[],
  facts: GuardFacts,
): Judgement {
  const { config, history } = facts;
  const before = lostBefore(history.losses, (loss) => loss.group === group, "removed", facts.now);
  const now = losersOf(changes);
  const doubted = new Set(
    facts.doubted.filter((one) => one.group === group).map(({ userid }) => userid),
  );
  const total = new Set([...before, ...now, ...doubted]).size;
  const members = membersOf(facts.access, group, changes[0]?.realm);
  const start = membersAtStart(members, before, group, facts);
  // Whyever they are gone: else a hold would end by what it let through.
  const gone = new Set([...before, ...leftSince(group, facts)]);
  const everybody = membersAtStart(members, gone, group, facts);
  const left = membersAfter(members, group, all, facts.access);
  const after = new Set([...left].filter((userid) => !doubted.has(userid)));
  const unknownPast = startsFull(group, facts);
  const emptied =
    changes.some(({ kind }) => kind === "leave") &&
    Math.max(everybody.size, members.size) >= 2 &&
    after.size === 0 &&
    !facts.justInTime.has(group);
  const share = config.maxRemovalShare * start.size;
  const held =
    unknownPast ||
    total > config.maxRemovals ||
    (total > FREE_REMOVALS && total > share) ||
    emptied;
  const limit = unknownPast
    ? "the journal is younger than a day and does not know this group's past"
    : emptied
      ? "the group would be emptied"
      : `at most ${config.maxRemovals}, and beyond ${FREE_REMOVALS} no more than ${percent(config.maxRemovalShare)} of the ${start.size} members of a day ago`;
  return {
    held,
    changes,
    count: {
      realm: changes[0]?.realm ?? "",
      group,
      cause: "removed",
      before: before.size,
      now: now.size,
      limit: doubted.size === 0 ? limit : `${limit}; Entra did not answer for ${doubted.size} more`,
      held,
    },
  };
}

/** A young journal knows nothing of a marked group that it did not make: its count starts full. */
function startsFull(group: GroupId, { history, now }: GuardFacts): boolean {
  return now - history.since < DAY_MS && !history.ownGroups.has(group);
}

/**
 * What has no group of its own. An account that closes with the last group is counted there: a
 * hold on one mapping is not to delay another.
 */
function countRealms(
  open: readonly Change[],
  all: readonly Change[],
  facts: GuardFacts,
): Judgement[] {
  const { config, history } = facts;
  const inGroups = countedInGroups(all, facts);
  const kinds = [
    { cause: "disabled" as const, limit: config.maxDisabled },
    { cause: "renamed" as const, limit: config.maxRemovals },
    { cause: "removed" as const, limit: config.maxRemovals },
  ];
  const realms = [...new Set(open.map(({ realm }) => realm))];
  return realms.flatMap((realm) =>
    kinds.flatMap(({ cause, limit }) => {
      const changes = open.filter(
        (change) =>
          change.realm === realm &&
          change.counted === cause &&
          (cause !== "removed" || isOnlyAccount(change, inGroups)),
      );
      if (changes.length === 0) return [];
      const before = lostBefore(
        history.losses,
        (loss) =>
          loss.realm === realm &&
          (cause !== "removed" || (loss.group === undefined && !inGroups.has(loss.userid))),
        cause,
        facts.now,
      );
      const now = losersOf(changes);
      const held = new Set([...before, ...now]).size > limit;
      const count: GuardCount = {
        realm,
        cause,
        before: before.size,
        now: now.size,
        limit: `at most ${limit} in the realm`,
        held,
      };
      return [{ count, held, changes }];
    }),
  );
}

/** Who loses a group now, or lost one in the last 24 hours. */
function countedInGroups(all: readonly Change[], { history, now }: GuardFacts): Set<UserId> {
  const leaving = all.flatMap((change) =>
    change.kind === "leave" && change.counted === "removed" ? [change.userid] : [],
  );
  const lost = history.losses.filter(
    ({ cause, group, at }) => cause === "removed" && group !== undefined && now - at < DAY_MS,
  );
  return new Set([...leaving, ...lost.map(({ userid }) => userid)]);
}

function isOnlyAccount(change: Change, inGroups: ReadonlySet<UserId>): boolean {
  if ("group" in change) return false;
  return !("userid" in change) || !inGroups.has(change.userid);
}

/**
 * A group with something held gets no new ACL entry, and is not deleted, for with it would go what
 * is held: not even with an approval, which may be older than what is held now. New people still
 * come in.
 */
function holdWithGroup(all: readonly Change[], because: Map<Change, string>): void {
  const groups = new Set([...because.keys()].flatMap((c) => ("group" in c ? [c.group] : [])));
  for (const change of all) {
    const gives = change.kind === "grant" && change.approved !== true;
    if (!gives && change.kind !== "delete-group") continue;
    if (because.has(change) || !groups.has(change.group)) continue;
    because.set(change, `something of group ${change.group} is held`);
  }
}

/**
 * An account is not closed while one of its memberships is held. Whom their own object says
 * disabled or deleted, or whose name is another's, is disabled all the same: always, and at once.
 * An approval of the disabling counts, but not one of the deletion: what is held would go with it.
 */
function holdAccounts(all: readonly Change[], because: Map<Change, string>): void {
  const held = new Map<UserId, string>();
  for (const [change, why] of because) {
    if (change.kind === "leave") held.set(change.userid, why);
  }
  for (const change of all) {
    const disables = change.kind === "disable-user" && change.approved !== true;
    const closes =
      (disables && !AT_ONCE.has(change.because)) ||
      (change.kind === "delete-user" && change.because === "left");
    if (!closes || because.has(change)) continue;
    const why = held.get(change.userid);
    if (why !== undefined) because.set(change, why);
  }
}

function lostBefore(
  losses: readonly Loss[],
  where: (loss: Loss) => boolean,
  cause: Loss["cause"],
  now: number,
): ReadonlySet<UserId> {
  return new Set(
    losses
      .filter((loss) => loss.cause === cause && !loss.approved && now - loss.at < DAY_MS)
      .filter(where)
      .map(({ userid }) => userid),
  );
}

/** Who left the group in the last 24 hours, counted or not, approved or not. */
function leftSince(group: GroupId, { history, now }: GuardFacts): ReadonlySet<UserId> {
  const left = history.leaves.filter((leave) => leave.group === group && now - leave.at < DAY_MS);
  return new Set(left.map(({ userid }) => userid));
}

function losersOf(changes: readonly Change[]): ReadonlySet<UserId> {
  return new Set(changes.flatMap(({ losers }) => losers ?? []));
}

/** Those whom a mapping can take out and who can use it: others only make a group look fuller. */
function membersOf(access: Access, group: GroupId, realm: string | undefined): ReadonlySet<UserId> {
  return new Set(
    [...access.users.values()]
      .filter((user) => user.enable && user.realm === realm && user.groups.includes(group))
      .map(({ userid }) => userid),
  );
}

/** Who was in the group when the 24 hours began: today's, and the lost, without the newcomers. */
function membersAtStart(
  members: ReadonlySet<UserId>,
  before: ReadonlySet<UserId>,
  group: GroupId,
  { history, now }: GuardFacts,
): ReadonlySet<UserId> {
  const joined = new Set(
    history.joins
      .filter((join) => join.group === group && now - join.at < DAY_MS)
      .map(({ userid }) => userid),
  );
  return new Set([...members, ...before].filter((userid) => !joined.has(userid)));
}

function membersAfter(
  members: ReadonlySet<UserId>,
  group: GroupId,
  changes: readonly Change[],
  access: Access,
): ReadonlySet<UserId> {
  // A name that another person takes over is made anew, whatever its account is now.
  const enabled = new Set(
    changes.flatMap((change) =>
      change.kind === "enable-user" || change.kind === "create-user" ? [change.userid] : [],
    ),
  );
  const comes = (userid: UserId): boolean =>
    enabled.has(userid) || access.users.get(userid)?.enable !== false;
  const after = new Set(members);
  for (const change of changes) {
    if (change.kind === "leave" && change.group === group) after.delete(change.userid);
    if (change.kind !== "join" || change.group !== group) continue;
    if (comes(change.userid)) after.add(change.userid);
  }
  return after;
}

function explain({ group, realm, cause, before, now, limit }: GuardCount): string {
  const where = group === undefined ? `realm ${realm}` : `group ${group}`;
  return `${where}: ${now} ${cause} now, ${before} in the last 24 h; ${limit}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
