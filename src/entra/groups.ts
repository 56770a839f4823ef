import type { EntraGroup, ObjectId, Person } from "../decide/facts.js";
import type { Reader } from "./directory.js";
import { findingAbout } from "./findings.js";
import { GraphError } from "./graph-error.js";
import { hiddenFinding, isFinding, mayHide, missingOr } from "./group-facts.js";
import type { GroupFacts } from "./group-facts.js";
import type { Finding } from "../errors.js";
import { pages } from "./paging.js";
import { fieldsOf, PERSON_FIELDS, personOf, textIn } from "./shapes.js";

/** One group with the people its list gave. */
export interface ReadGroup {
  readonly group: EntraGroup;
  readonly people: readonly Person[];
}

const USER = "#microsoft.graph.user";
const EXPIRED_PAGE = "Directory_ExpiredPageToken";
const FRESH_STARTS = 2;

/** Reads one group whole, or says why it could not be. Throws what concerns all groups. */
export async function readGroup(
  reader: Reader,
  id: ObjectId,
  facts: GroupFacts | Finding,
  signal: AbortSignal,
): Promise<ReadGroup> {
  try {
    if (isFinding(facts)) return failed(id, facts);
    if (await mayHide(facts, reader, signal)) return failed(id, hiddenFinding(id, facts));
    const people = await readMembers(reader, id, signal);
    const members = new Set(people.map((person) => person.id));
    return { group: { ok: true, id, displayName: facts.displayName, members }, people };
  } catch (thrown) {
    return failed(id, findingAbout(id, missingOr(thrown, id), signal));
  }
}

/**
 * All users of the group, nested ones too. The plain collection, with every type of member in it:
 * the cast to users is an advanced query that reads a lagging index (FACTS-entra). A page token that
 * ends on the way makes the part read so far worthless.
 */
async function readMembers(
  reader: Reader,
  id: ObjectId,
  signal: AbortSignal,
): Promise<readonly Person[]> {
  const path = `/groups/${id}/transitiveMembers?$select=${PERSON_FIELDS}&$top=999`;
  for (let start = 0; ; start += 1) {
    try {
      const people: Person[] = [];
      for await (const page of pages(reader.graph, path, signal)) {
        people.push(...page.flatMap(userOf));
      }
      return people;
    } catch (thrown) {
      if (!isExpiredPage(thrown) || start === FRESH_STARTS) throw thrown;
      reader.log.debug({ group: id }, "a page token ended; the group is read from its start");
    }
  }
}

function userOf(member: unknown): readonly Person[] {
  const fields = fieldsOf(member, "a member");
  const type = textIn(fields, "@odata.type", "a member");
  return type.toLowerCase() === USER ? [personOf(fields)] : [];
}

function isExpiredPage(thrown: unknown): boolean {
  return thrown instanceof GraphError && thrown.graphCode === EXPIRED_PAGE;
}

function failed(id: ObjectId, finding: Finding): ReadGroup {
  return { group: { ok: false, id, finding }, people: [] };
}
