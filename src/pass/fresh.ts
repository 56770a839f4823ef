/**
 * The look at PVE right before a write that could undo what people there edited since it was
 * observed. PVE has no digest for users, groups and the ACL, so what such a write replaces or takes
 * along is read in the request before, and where that differs from what the decision saw, the write
 * waits for the next pass. What an edit within that one request can lose is told in
 * docs/reliability.md.
 */
import type { AclEntry, GroupId, PveUser, UserId } from "../decide/facts.js";
import { aclKey } from "../decide/facts.js";
import type { Write } from "../decide/plan.js";
import { AgentError } from "../errors.js";
import type { Seen } from "../journal/types.js";
import type { AccessPort } from "../ports.js";

export type FreshPort = Pick<AccessPort, "readUser" | "readGroup" | "readAcl">;

/**
 * Looks where the write needs it, and gives the whole list of groups to send with it: where nothing
 * leaves, groups are appended and none is given.
 *
 * @param known what was observed, with what we wrote since
 * Throws PVE_REFUSED where somebody edited what the write is about, and what the reads throw.
 */
export async function freshGroups(
  write: Write,
  known: Seen,
  access: FreshPort,
  signal: AbortSignal,
): Promise<readonly GroupId[] | undefined> {
  switch (write.kind) {
    case "update-user":
      return freshUser(write, known, access, signal);
    case "delete-user":
      await wholeUser(write.userid, known, access, signal);
      return undefined;
    case "update-group": {
      const { comment } = await access.readGroup(write.group, signal);
      if (comment !== known.groups.get(write.group)?.comment) throw edited(write.group);
      return undefined;
    }
    case "delete-group":
      await wholeGroup(write.group, known, access, signal);
      return undefined;
    case "create-user":
    case "create-group":
    case "acl":
      // PVE refuses to make what exists, and an entry is one path, group and role: nothing of
      // anybody else's can be in it.
      return undefined;
  }
}

/**
 * A list of groups replaces the user's whole list, and a comment the whole comment. Whether they
 * are enabled is looked at, too: of somebody whom an administrator disabled in between, our mark
 * must not say that it was us, or they would be enabled on return. What takes away
 * without a comment waits for no comment: whoever edits theirs again and again would never be
 * removed.
 */
async function freshUser(
  { userid, fields, join, leave }: Write & { kind: "update-user" },
  known: Seen,
  access: FreshPort,
  signal: AbortSignal,
): Promise<readonly GroupId[] | undefined> {
  const judged = fields.comment !== undefined || fields.enable !== undefined;
  if (leave.length === 0 && !judged) return undefined;
  const now = await access.readUser(userid, signal);
  const before = known.users.get(userid);
  const same =
    fields.comment === undefined ? now.enable === before?.enable : sameAccount(now, before);
  if (judged && !same) throw edited(userid);
  if (leave.length === 0) return undefined;
  const kept = now.groups.filter((group) => !leave.includes(group));
  return [...new Set([...kept, ...join])];
}

/**
 * PVE deletes a user's memberships, entries and tokens together with the user. No single read shows
 * them all: the entries come first, for they are what people edit least.
 */
async function wholeUser(
  userid: UserId,
  known: Seen,
  access: FreshPort,
  signal: AbortSignal,
): Promise<void> {
  const acl = await access.readAcl(signal);
  const now = await access.readUser(userid, signal);
  const before = known.users.get(userid);
  const theirs = ({ ugid }: AclEntry): boolean => ugid === userid || ugid.startsWith(`${userid}!`);
  const same =
    sameAccount(now, before) &&
    now.groups.every((group) => before?.groups.includes(group)) &&
    now.tokens.every(({ tokenid }) => before?.tokens.some((one) => one.tokenid === tokenid)) &&
    nothingNew(acl.filter(theirs), known);
  if (!same) throw edited(userid);
}

/** PVE deletes a group's memberships and entries together with the group. */
async function wholeGroup(
  group: GroupId,
  known: Seen,
  access: FreshPort,
  signal: AbortSignal,
): Promise<void> {
  const acl = await access.readAcl(signal);
  const now = await access.readGroup(group, signal);
  const own = ({ type, ugid }: AclEntry): boolean => type === "group" && ugid === group;
  const same =
    now.comment === known.groups.get(group)?.comment &&
    now.members.every((userid) => known.users.get(userid)?.groups.includes(group)) &&
    nothingNew(acl.filter(own), known);
  if (!same) throw edited(group);
}

function sameAccount(now: PveUser, before: PveUser | undefined): boolean {
  return now.comment === before?.comment && now.enable === before.enable;
}

function nothingNew(entries: readonly AclEntry[], { acl }: Seen): boolean {
  if (entries.length === 0) return true;
  const keys = new Set(acl.map((entry) => `${entry.type} ${aclKey(entry)}`));
  return entries.every((entry) => keys.has(`${entry.type} ${aclKey(entry)}`));
}

function edited(what: UserId | GroupId): AgentError {
  return new AgentError("PVE_REFUSED", `${what} was edited meanwhile; the next pass looks`);
}
