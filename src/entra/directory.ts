import type { Clock } from "../clock.js";
import type { ObjectId, Question, ServerTime } from "../decide/facts.js";
import type { Finding } from "../errors.js";
import type { DirectoryPort } from "../ports.js";
import type { Graph } from "./graph.js";
import { isFinding, mayHide, readGroupFacts } from "./group-facts.js";
import type { GroupFacts } from "./group-facts.js";
import { readGroup } from "./groups.js";
import type { ReadGroup } from "./groups.js";
import type { Log } from "./log.js";
import { toObjectId } from "./object-id.js";
import { askPeople } from "./people.js";
import { merge, settle } from "./settle.js";
import type { Tokens } from "./tokens.js";
import { together } from "./turns.js";

/** What reading people and groups needs. */
export interface Reader {
  readonly graph: Graph;
  readonly tokens: Pick<Tokens, "roles">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** People and groups through Graph: see `DirectoryPort`. */
export function createDirectory(
  reader: Reader,
  serverTime: () => ServerTime | undefined,
): DirectoryPort {
  // A group hides its members from its making on or never, so what `readGroups` read holds.
  const known = new Map<ObjectId, GroupFacts | Finding>();

  const factsOf = async (ids: readonly ObjectId[], signal: AbortSignal) => {
    const facts = await readGroupFacts(reader, ids, signal);
    for (const [id, read] of facts) known.set(id, read);
    return facts;
  };

  /** The groups whose silence about somebody means something. */
  const speakingGroups = async (
    questions: readonly Question[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<ObjectId>> => {
    const named = new Set(questions.flatMap(({ groups }) => groups).filter(isObjectId));
    const unread = [...named].filter((id) => !known.has(id));
    if (unread.length > 0) await factsOf(unread, signal);
    const speaking = new Set<ObjectId>();
    for (const id of named) {
      const facts = known.get(id);
      if (facts === undefined || isFinding(facts)) continue;
      if (!(await mayHide(facts, reader, signal))) speaking.add(id);
    }
    return speaking;
  };

  const ask: DirectoryPort["ask"] = async (questions, signal) => {
    const speaking = await speakingGroups(questions, signal);
    return askPeople(reader, questions, (id) => speaking.has(id), signal);
  };

  return {
    ask,
    serverTime,
    async readGroups(ids, signal) {
      const unique = [...new Set(ids)];
      const facts = await factsOf(unique.filter(isObjectId), signal);
      const read = await together(
        unique.map((id) => (inner) => readGroup(reader, id, facts.get(id) ?? NO_ID, inner)),
        signal,
      );
      const merged = merge(read.map(({ people }) => people));
      const doubtful = [...merged.doubtful.keys()];
      const own = await ask(doubtful.map(ownObject), signal);
      return { groups: new Map(read.map(byId)), people: settle(merged, own) };
    },
  };
}

const NO_ID = {
  code: "ENTRA_GROUP_MISSING",
  message: "the mapping names something that is no object id",
} as const;

function isObjectId(id: ObjectId): boolean {
  return toObjectId(id) === id;
}

function ownObject(id: ObjectId): Question {
  return { who: { by: "id", id }, groups: [] };
}

function byId({ group }: ReadGroup): [ObjectId, ReadGroup["group"]] {
  return [group.id, group];
}
