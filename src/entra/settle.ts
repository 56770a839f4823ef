import type { ObjectId, OwnSide, Person, QuestionKey } from "../decide/facts.js";
import { questionKey } from "../decide/facts.js";

/** All people of several lists, and those about whom the lists say different things. */
export interface Merged {
  readonly people: ReadonlyMap<ObjectId, Person>;
  readonly doubtful: ReadonlyMap<ObjectId, readonly Person[]>;
}

/** What decides about rights; a name that reached one replica earlier than another does no harm. */
const WEIGHTY = ["userPrincipalName", "mail", "accountEnabled", "guest"] as const;

/**
 * Puts lists together. Lists come from different replicas, so the same person may look different in
 * two of them; the first (in the order of the lists) stands until their own object has spoken.
 */
export function merge(lists: readonly (readonly Person[])[]): Merged {
  const people = new Map<ObjectId, Person>();
  const doubtful = new Map<ObjectId, readonly Person[]>();
  for (const person of lists.flat()) {
    const first = people.get(person.id);
    if (first === undefined) people.set(person.id, person);
    else if (WEIGHTY.some((name) => first[name] !== person[name])) {
      doubtful.set(person.id, [...(doubtful.get(person.id) ?? [first]), person]);
    }
  }
  return { people, doubtful };
}

/**
 * A person's own object decides between the lists. Where it cannot speak the first list stands, but
 * nobody counts as disabled on the word of one list against another: doubt takes nothing away.
 */
export function settle(
  { people, doubtful }: Merged,
  answers: ReadonlyMap<QuestionKey, OwnSide>,
): ReadonlyMap<ObjectId, Person> {
  const settled = new Map(people);
  for (const [id, versions] of doubtful) {
    const own = answers.get(questionKey({ by: "id", id }));
    const [first] = versions;
    if (own?.kind === "person") settled.set(id, own.person);
    else if (first !== undefined) {
      const accountEnabled = versions.some((version) => version.accountEnabled);
      settled.set(id, { ...first, accountEnabled });
    }
  }
  return settled;
}
