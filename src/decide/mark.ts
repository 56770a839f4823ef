/**
 * Marks: how we know again what is ours. A mark stands at the very end of a PVE comment, the rest
 * of which belongs to people and is never cut or changed. A mark may only take away, for whoever
 * may edit comments can forge it; so reading one is strict and believes nothing but its form.
 *
 * Groups: `[entra:<realm>]`. Users: `[entra:<object id>]`, with `left YYYY-MM-DD` (UTC) on whom we
 * disabled, `moment` on whom we disabled between two writes, `jit` on whom only just-in-time
 * mappings ever brought.
 */
import type { ObjectId } from "./facts.js";

/** PVE refuses a user's comment above this; it counts code points. Groups have no such limit. */
export const USER_COMMENT_LIMIT = 2048;

export interface UserMark {
  readonly id: ObjectId;
  /** The UTC day, `YYYY-MM-DD`, on which we disabled this user. */
  readonly left?: string;
  /** Disabled between two writes only, to be enabled first thing. */
  readonly moment: boolean;
  /** Only just-in-time mappings ever brought this person. */
  readonly jit: boolean;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const AT_THE_END = /\[entra:([^[\]]+)\]$/;

/** An Entra object id as we keep it, or undefined where this is not a GUID in lower case. */
export function objectIdOf(text: string): ObjectId | undefined {
  return GUID.test(text) ? (text as ObjectId) : undefined;
}

/**
 * Splits a user's comment into what belongs to people and our mark. Where there is no mark (or
 * only something like one), the whole comment belongs to people.
 */
export function parseUserMark(comment: string): { text: string; mark?: UserMark } {
  const found = atTheEnd(comment);
  if (found === undefined) return { text: comment };
  const mark = userMarkOf(found.inside);
  return mark === undefined ? { text: comment } : { text: found.text, mark };
}

/**
 * The comment that says `text` and carries `mark`. Where PVE's limit leaves no room for the mark
 * the comment is `text` alone and `fits` is false: people's text is never cut.
 */
export function writeUserMark(text: string, mark: UserMark): { comment: string; fits: boolean } {
  const flags = [
    ...(mark.left === undefined ? [] : [`left ${mark.left}`]),
    ...(mark.moment ? ["moment"] : []),
    ...(mark.jit ? ["jit"] : []),
  ];
  const comment = join(text, [mark.id, ...flags].join(" "));
  if ([...comment].length > USER_COMMENT_LIMIT) return { comment: text, fits: false };
  return { comment, fits: true };
}

/** Splits a group's comment; `marked` only where the mark names just this realm. */
export function parseGroupMark(comment: string, realm: string): { text: string; marked: boolean } {
  const found = atTheEnd(comment);
  if (found?.inside !== realm) return { text: comment, marked: false };
  return { text: found.text, marked: true };
}

/** The comment that says `text` and marks a group as this realm's. */
export function writeGroupMark(text: string, realm: string): string {
  return join(text, realm);
}

function join(text: string, inside: string): string {
  const mark = `[entra:${inside}]`;
  return text === "" ? mark : `${text} ${mark}`;
}

/** The one space that `join` puts between is ours; every other character before is people's. */
function atTheEnd(comment: string): { text: string; inside: string } | undefined {
  const match = AT_THE_END.exec(comment);
  if (match?.[1] === undefined) return undefined;
  const before = comment.slice(0, match.index);
  return { text: before.endsWith(" ") ? before.slice(0, -1) : before, inside: match[1] };
}

/** Flags in any order, each at most once; anything else is no mark. */
function userMarkOf(inside: string): UserMark | undefined {
  const [first = "", ...rest] = inside.split(" ");
  const id = objectIdOf(first);
  if (id === undefined) return undefined;
  const flags = flagsOf(rest);
  return flags === undefined ? undefined : { id, ...flags };
}

function flagsOf(words: readonly string[]): Omit<UserMark, "id"> | undefined {
  let left: string | undefined;
  let moment = false;
  let jit = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === "moment" && !moment) moment = true;
    else if (word === "jit" && !jit) jit = true;
    else if (word === "left" && left === undefined && isDay(words[at + 1])) left = words[(at += 1)];
    else return undefined;
  }
  return { ...(left === undefined ? {} : { left }), moment, jit };
}

function isDay(text: string | undefined): text is string {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}
