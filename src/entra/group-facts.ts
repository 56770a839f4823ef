import type { ObjectId } from "../decide/facts.js";
import type { Finding } from "../errors.js";
import { readBatched } from "./batch.js";
import type { Part, PartAnswer } from "./batch.js";
import type { Reader } from "./directory.js";
import { findingAbout } from "./findings.js";
import { GraphError } from "./graph-error.js";
import { fieldsOf, objectIdIn, optionalTextIn } from "./shapes.js";
import { AgentError } from "../errors.js";

/** What must be known of a group before its list, or its silence, is believed. */
export interface GroupFacts {
  readonly displayName: string;
  readonly hidden: boolean;
}

/** A token without this permission sees a hidden group's list, less its members (FACTS-entra). */
const SEES_HIDDEN = "Member.Read.Hidden";

/** Names and visibility, twenty groups a request; a group that cannot be read is a finding. */
export async function readGroupFacts(
  reader: Reader,
  ids: readonly ObjectId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ObjectId, GroupFacts | Finding>> {
  const parts: readonly Part[] = ids.map((id) => ({
    path: `/groups/${id}?$select=id,displayName,visibility`,
  }));
  const answers = await readBatched(reader.graph, parts, reader, signal);
  return new Map(ids.map((id, at) => [id, factsOrFinding(id, answers[at], signal)]));
}

/** Whether somebody may be missing from what this group's list, or its silence, says. */
export async function mayHide(
  facts: GroupFacts,
  reader: Reader,
  signal: AbortSignal,
): Promise<boolean> {
  return facts.hidden && !(await reader.tokens.roles(signal)).has(SEES_HIDDEN);
}

export function hiddenFinding(id: ObjectId, facts: GroupFacts): Finding {
  const message =
    `group ${id} (${facts.displayName}) has HiddenMembership, ` +
    `and the token does not carry ${SEES_HIDDEN}`;
  return { code: "ENTRA_GROUP_HIDDEN", message, subject: id };
}

/** 404 may also mean that it has not replicated yet: nobody is removed because of it. */
export function missingOr(thrown: unknown, id: ObjectId): unknown {
  if (!(thrown instanceof GraphError) || thrown.status !== 404) return thrown;
  return new AgentError("ENTRA_GROUP_MISSING", `group ${id} was not found: ${thrown.message}`);
}

export function isFinding(value: GroupFacts | Finding): value is Finding {
  return "code" in value;
}

function factsOrFinding(
  id: ObjectId,
  answer: PartAnswer | undefined,
  signal: AbortSignal,
): GroupFacts | Finding {
  try {
    if (answer === undefined) throw bad(`group ${id} got no answer`);
    if (!answer.ok) throw missingOr(answer.error, id);
    return factsOf(id, answer.body);
  } catch (thrown) {
    return findingAbout(id, thrown, signal);
  }
}

function factsOf(id: ObjectId, body: unknown): GroupFacts {
  const what = `group ${id}`;
  const fields = fieldsOf(body, what);
  if (objectIdIn(fields, what) !== id) throw bad(`${what} was answered with another group`);
  // Null is what security groups have; left out, it would say nothing.
  if (fields.visibility === undefined) throw bad(`${what} came without its visibility`);
  const visibility = optionalTextIn(fields, "visibility", what);
  return {
    displayName: optionalTextIn(fields, "displayName", what) ?? id,
    hidden: visibility?.toLowerCase() === "hiddenmembership",
  };
}

function bad(message: string): AgentError {
  return new AgentError("ENTRA_BAD_ANSWER", message);
}
