/**
 * Decisions ask people's own objects as they go. What was answered already is given; what was not
 * is noted as a question and treated as unknown. So the same code that decides also says what it
 * needs to know: observing runs it until no new question comes up.
 */
import type { Finding } from "../errors.js";
import { questionKey } from "./facts.js";
import type { ObjectId, OwnSide, Question, QuestionKey } from "./facts.js";

export interface Asking {
  /** What this person's own side says, with the membership in each of `groups`. */
  own(who: Question["who"], groups: readonly ObjectId[]): OwnSide;
  /** What was asked and not answered, each person once, with all groups that matter. */
  open(): readonly Question[];
  /** Keys of the 404s that were relied on. */
  absent(): readonly QuestionKey[];
}

const NOT_ASKED: Finding = {
  code: "ENTRA_BAD_ANSWER",
  message: "the person's own side did not answer everything that was asked",
};

export function asking(answers: ReadonlyMap<QuestionKey, OwnSide>): Asking {
  const open = new Map<QuestionKey, Question>();
  const absent = new Set<QuestionKey>();
  return {
    own(who, groups) {
      const key = questionKey(who);
      const answer = answers.get(key);
      if (answer?.kind === "absent") absent.add(key);
      if (answer !== undefined && covers(answer, groups)) return answer;
      const known = answer?.kind === "person" ? [...answer.asked] : [];
      const noted = open.get(key)?.groups ?? [];
      open.set(key, { who, groups: [...new Set([...known, ...noted, ...groups])].sort() });
      return { kind: "unknown", finding: NOT_ASKED };
    },
    open: () => [...open.values()],
    absent: () => [...absent],
  };
}

function covers(answer: OwnSide, groups: readonly ObjectId[]): boolean {
  return answer.kind !== "person" || groups.every((group) => answer.asked.has(group));
}
