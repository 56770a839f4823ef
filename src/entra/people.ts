import { questionKey } from "../decide/facts.js";
import type { ObjectId, OwnSide, Person, Question, QuestionKey } from "../decide/facts.js";
import { AgentError } from "../errors.js";
import { readBatched } from "./batch.js";
import type { Part, PartAnswer } from "./batch.js";
import type { Reader } from "./directory.js";
import { findingAbout } from "./findings.js";
import { toObjectId } from "./object-id.js";
import { fieldsOf, objectIdIn, personOf } from "./shapes.js";
import type { Fields } from "./shapes.js";
import { isListed, userPath } from "./user-path.js";

type Who = Question["who"];

/** What the first round heard about one person. */
type Heard =
  | { readonly kind: "person"; readonly person: Person }
  | { readonly kind: "none" }
  | { readonly kind: "unknown"; readonly thrown: unknown };

/** One question on its way through the rounds. */
interface Case {
  readonly key: QuestionKey;
  readonly who: Who;
  /** Those of its groups whose silence would mean something. */
  readonly groups: readonly ObjectId[];
  heard: Heard;
  /** One answer for each twenty groups. */
  checks: readonly PartAnswer[];
}

/** `checkMemberGroups` takes at most this many ids, and one malformed id fails them all. */
const MOST_GROUPS = 20;
const NOT_HEARD: Heard = { kind: "unknown", thrown: bad("nobody asked") };

/**
 * Asks people's own objects, everything in batches of twenty. Two rounds: objects together with the
 * memberships of those whose id is known; then the memberships of those found by name, and whether
 * those not found are among the deleted. The two answers about a person may come from different
 * replicas. Throws what concerns all of them.
 */
export async function askPeople(
  reader: Reader,
  questions: readonly Question[],
  askable: (id: ObjectId) => boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<QuestionKey, OwnSide>> {
  const cases = questions.map((question) => caseOf(question, askable));
  await firstRound(reader, cases, signal);
  const deleted = await secondRound(reader, cases, signal);
  return new Map(cases.map((one) => [one.key, ownSide(one, deleted.get(one.key), signal)]));
}

function caseOf({ who, groups }: Question, askable: (id: ObjectId) => boolean): Case {
  if (who.by === "id" && toObjectId(who.id) !== who.id) throw bad("a question about no object id");
  const asked = [...new Set(groups)].filter(askable);
  return { key: questionKey(who), who, groups: asked, heard: NOT_HEARD, checks: [] };
}

async function firstRound(reader: Reader, cases: readonly Case[], signal: AbortSignal) {
  const parts = cases.map((one) => [
    { path: userPath(one.who) },
    ...(one.who.by === "id" ? checkParts(one.who.id, one.groups) : []),
  ]);
  const answers = await readGrouped(reader, parts, signal);
  for (const [at, one] of cases.entries()) {
    const [object, ...checks] = answers[at] ?? [];
    one.heard = heardOf(one.who, object);
    one.checks = checks;
  }
}

/** Returns what `/directory/deletedItems` said about those who were not found by their id. */
async function secondRound(
  reader: Reader,
  cases: readonly Case[],
  signal: AbortSignal,
): Promise<ReadonlyMap<QuestionKey, PartAnswer | undefined>> {
  const missing = cases.filter(({ who, heard }) => who.by === "id" && heard.kind === "none");
  const named = cases.filter(({ who, heard }) => who.by !== "id" && heard.kind === "person");
  const answers = await readGrouped(reader, [...missing, ...named].map(secondParts), signal);
  for (const [at, one] of named.entries()) one.checks = answers[missing.length + at] ?? [];
  return new Map(missing.map((one, at) => [one.key, answers[at]?.[0]]));
}

function secondParts({ who, heard, groups }: Case): readonly Part[] {
  if (heard.kind === "person") return checkParts(heard.person.id, groups);
  return who.by === "id" ? [{ path: `/directory/deletedItems/${who.id}` }] : [];
}

function checkParts(id: ObjectId, groups: readonly ObjectId[]): readonly Part[] {
  return Array.from({ length: Math.ceil(groups.length / MOST_GROUPS) }, (_, at) => ({
    path: `/users/${id}/checkMemberGroups`,
    body: { groupIds: groups.slice(at * MOST_GROUPS, (at + 1) * MOST_GROUPS) },
  }));
}

/** Reads lists of parts in as few batches as they fit in; answers keep the lists' form. */
async function readGrouped(
  reader: Reader,
  lists: readonly (readonly Part[])[],
  signal: AbortSignal,
): Promise<readonly (readonly PartAnswer[])[]> {
  const answers = await readBatched(reader.graph, lists.flat(), reader, signal);
  let from = 0;
  return lists.map((list) => answers.slice(from, (from += list.length)));
}

function heardOf(who: Who, answer: PartAnswer | undefined): Heard {
  try {
    if (answer === undefined) throw bad("a person got no answer");
    if (!answer.ok) {
      if (answer.error.status === 404 && !isListed(who)) return { kind: "none" };
      throw answer.error;
    }
    const fields = isListed(who)
      ? onlyOne(answer.body, who)
      : fieldsOf(answer.body, questionKey(who));
    return fields === undefined ? { kind: "none" } : { kind: "person", person: asked(fields, who) };
  } catch (thrown) {
    return { kind: "unknown", thrown };
  }
}

function onlyOne(body: unknown, who: Who): Fields | undefined {
  const { value } = fieldsOf(body, questionKey(who));
  if (!Array.isArray(value)) throw bad(`${questionKey(who)} was answered without a list`);
  if (value.length > 1) throw bad(`${questionKey(who)} is more than one person`);
  return value.length === 0 ? undefined : fieldsOf(value[0], questionKey(who));
}

/** The person, if it is the one that was asked for. */
function asked(fields: Fields, who: Who): Person {
  const person = personOf(fields);
  const same =
    who.by === "id"
      ? person.id === who.id
      : person[who.by]?.toLowerCase() === who.value.toLowerCase();
  if (!same) throw bad(`${questionKey(who)} was answered with ${person.id}`);
  return person;
}

function ownSide(one: Case, deleted: PartAnswer | undefined, signal: AbortSignal): OwnSide {
  try {
    if (one.heard.kind === "unknown") throw one.heard.thrown;
    if (one.heard.kind === "none") return gone(one, deleted);
    const memberOf = new Set(one.checks.flatMap((check) => membershipsIn(check, one)));
    return { kind: "person", person: one.heard.person, memberOf, asked: new Set(one.groups) };
  } catch (thrown) {
    return { kind: "unknown", finding: findingAbout(one.key, thrown, signal) };
  }
}

/** 404 of the object. By name there is nothing more to ask; by id it may be among the deleted. */
function gone(one: Case, deleted: PartAnswer | undefined): OwnSide {
  if (one.who.by !== "id") return { kind: "absent" };
  if (deleted === undefined) throw bad(`${one.key} got no answer`);
  if (deleted.ok) {
    const what = `${one.key} among the deleted`;
    if (objectIdIn(fieldsOf(deleted.body, what), what) === one.who.id) return { kind: "deleted" };
    throw bad(`${what} was answered with somebody else`);
  }
  // Who may not look among the deleted has still heard a 404, and believes the second one.
  if (deleted.error.status !== 404 && deleted.error.status !== 403) throw deleted.error;
  if (one.checks.some((check) => check.ok)) {
    throw bad(`${one.key} was not found, and yet its memberships were`);
  }
  return { kind: "absent" };
}

function membershipsIn(check: PartAnswer, one: Case): readonly ObjectId[] {
  if (!check.ok) throw check.error;
  const { value } = fieldsOf(check.body, `memberships of ${one.key}`);
  if (!Array.isArray(value)) throw bad(`memberships of ${one.key} came without a list`);
  return value.map((id: unknown) => {
    const known = one.groups.find((group) => typeof id === "string" && group === id.toLowerCase());
    if (known === undefined) throw bad(`memberships of ${one.key} name a group not asked for`);
    return known;
  });
}

function bad(message: string): AgentError {
  return new AgentError("ENTRA_BAD_ANSWER", message);
}
