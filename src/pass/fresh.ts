/**
 * The look at PVE right before a write that could undo what people there edited since it was
 * observed. PVE has no digest for users, groups and the ACL, so what such a write replaces or takes
 * along is read in the request before, and where that differs from what the decision saw, the write
 * waits for the next pass. What an edit within that one request can lose is told in
 * docs/reliability.md.
 */
import type { AclEntry, GroupId, PveUser, UserId } from "../decide/facts.js";
import { aclKey } from "../decide/facts.js";
import { parseUserMark, writeUserMark } from "../decide/mark.js";
import type { Write } from "../decide/plan.js";
import { AgentError } from "../errors.js";
import type { Seen } from "../journal/types.js";
import type { AccessPort } from "../ports.js";

export type FreshPort = Pick<AccessPort, "readUser" | "readGroup" | "readAcl">;

/** A write as it is to be sent. `groups`: the whole list instead of what joins. */
export interface Fresh {
  readonly write: Write;
  readonly groups?: readonly GroupId[];
}

/**
 * Looks where the write needs it, and gives it as it is to be sent: where somebody leaves a group,
 * with the whole list; where nobody does, groups are appended.
 *
 * @param known what was observed, with what we wrote since
 * Throws PVE_REFUSED where somebody edited what the write is about, and what the reads throw.
 */
export async function freshened(
  write: Write,
  known: Seen,
  access: FreshPort,
  signal: AbortSignal,
): Promise<Fresh> {
  switch (write.kind) {
    case "update-user":
      return freshUser(write, known, access, signal);
    case "delete-user":
      await wholeUser(write.userid, known, access, signal);
      return { write };
    case "update-group": {
      const { comment } = await access.readGroup(write.group, signal);
      if (comment !== known.groups.get(write.group)?.comment) throw edited(write.group);
      return { write };
    }
    case "delete-group":
      await wholeGroup(write.group, known, access, signal);
      return { write };
    case "create-user":
    case "create-group":
    case "acl":
      // PVE refuses to make what exists, and an entry is one path, group and role: nothing of
      // anybody else's can be in it.
      return { write };
  }
}

/**
 * A list of groups replaces the user's whole list, and a comment the whole comment: our mark goes
 * behind whatever people have written there by now. Whether the user is enabled is looked at, too:
 * of somebody whom an administrator disabled in between, our mark must not say that it was us, or
 * they would be enabled on return. What takes away without a comment waits for no comment: whoever
 * edits theirs again and again would never be removed.
 */
async function freshUser(
  write: Write & { kind: "update-user" },
  known: Seen,
  access: FreshPort,
  signal: AbortSignal,
): Promise<Fresh> {
  const { userid, fields, join, leave } = write;
  const judged = fields.comment !== undefined || fields.enable !== undefined;
  if (leave.length === 0 && !judged) return { write };
  const now = await access.readUser(userid, signal);
  const before = known.users.get(userid);
  if (isAnother(now, before) || (judged && now.enable !== before?.enable)) throw edited(userid);
  const comment = freshComment(now, before, fields.comment);
  const sent = comment === undefined ? write : { ...write, fields: { ...fields, comment } };
  if (leave.length === 0) return { write: sent };
  const kept = now.groups.filter((group) => !leave.includes(group));
  return { write: sent, groups: [...new Set([...kept, ...join])] };
}

/**
 * The account was deleted and made anew for somebody else since: nothing that was decided about the
 * one before is to happen to them.
 */
function isAnother(now: PveUser, before: PveUser | undefined): boolean {
  const [is, was] = [now.comment, before?.comment ?? ""].map((text) => parseUserMark(text).mark);
  return is !== undefined && was !== undefined && is.id !== was.id;
}

/** The mark of `wanted` behind the text of now. A mark that somebody else wrote meanwhile stays. */
function freshComment(
  now: PveUser,
  before: PveUser | undefined,
  wanted: string | undefined,
): string | undefined {
  if (wanted === undefined || now.comment === before?.comment) return wanted;
  const { text } = parseUserMark(now.comment);
  const { mark } = parseUserMark(wanted);
  const written = mark === undefined ? undefined : writeUserMark(text, mark);
  const same = before !== undefined && markIn(now.comment) === markIn(before.comment);
  if (!same || written?.fits !== true) throw edited(now.userid);
  return written.comment;
}

function markIn(comment: string): string {
  const { text, mark } = parseUserMark(comment);
  return mark === undefined ? "" : comment.slice(text.length).trim();
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
