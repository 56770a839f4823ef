/** What every change of an account carries: who it is, what to ask again, and the comment. */
import type { Frame, Notes } from "./frame.js";
import { dayOf } from "./frame.js";
import type { ObjectId, Person, PveUser, Question } from "./facts.js";
import { writeUserMark } from "./mark.js";
import type { UserMark } from "./mark.js";
import type { UserFields } from "./plan.js";
import type { Standing } from "./standing.js";

export function named(
  id: ObjectId | undefined,
  person: Person | undefined,
): { person?: ObjectId; personName?: string } {
  return {
    ...(id === undefined ? {} : { person: id }),
    ...(person === undefined ? {} : { personName: person.displayName ?? person.userPrincipalName }),
  };
}

export function confirmation(standing: Standing): { confirm?: Question } {
  return standing.question === undefined ? {} : { confirm: { who: standing.question, groups: [] } };
}

export function commentField(
  frame: Frame,
  user: PveUser,
  text: string,
  mark: UserMark,
  notes: Notes,
): UserFields {
  const { comment, fits } = writeUserMark(text, mark);
  if (!fits) {
    notes.findings.push({
      code: "SYNC_COMMENT_FULL",
      message: `the comment of ${user.userid} has no room for the mark`,
      realm: frame.roster.realm.name,
      subject: user.userid,
    });
  }
  return comment === user.comment ? {} : { comment };
}

export function leaverFields(
  frame: Frame,
  user: PveUser,
  text: string,
  mark: { readonly id: ObjectId; readonly jit: boolean },
  notes: Notes,
): UserFields {
  const wanted: UserMark = { ...mark, moment: false, left: dayOf(frame.time.now) };
  return { enable: false, ...commentField(frame, user, text, wanted, notes) };
}
