/** What the answers that were really served say, read anew and naively, to hold ours against it. */
import type { EntraGroup, ObjectId, OwnSide, Question } from "../../src/decide/facts.js";
import type { Exchange } from "./graph-bodies.js";

type Item = Readonly<Record<string, unknown>>;

interface Part {
  readonly path: string;
  readonly status: unknown;
  readonly body: unknown;
}

/** What is wrong with a group as read, or undefined: it holds whom its pages list and nobody else. */
export function wrongGroup(
  group: EntraGroup | undefined,
  id: ObjectId,
  served: readonly Exchange[],
): string | undefined {
  if (group === undefined) return "the group is not in the answer";
  if (!group.ok) return group.finding.code === "INTERNAL" ? "a finding without a code" : undefined;
  const listed = new Set<string>();
  for (const { outgoing, answer } of served) {
    const path = `/v1.0/groups/${id}/transitiveMembers`;
    if (outgoing.url.pathname !== path || answer.status !== 200) continue;
    const { value } = JSON.parse(answer.text) as { value: Item[] };
    for (const item of value) {
      const type = String(item["@odata.type"]).toLowerCase();
      if (type === "#microsoft.graph.user") listed.add(String(item.id).toLowerCase());
    }
  }
  const missing = [...listed].filter((one) => !group.members.has(one as ObjectId));
  if (missing.length > 0) return `${missing.join()} was listed and is no member`;
  const invented = [...group.members].filter((one) => !listed.has(one));
  return invented.length > 0 ? `${invented.join()} is a member and was not listed` : undefined;
}

/** The same for a person's own side: it says nothing that no answer said. */
export function wrongOwnSide(
  own: OwnSide | undefined,
  { who, groups }: Question,
  served: readonly Exchange[],
): string | undefined {
  if (own === undefined) return "no answer at all";
  if (who.by !== "id") return undefined;
  const parts = partsOf(served);
  const object = parts.filter(({ path }) => path.startsWith(`/users/${who.id}?`));
  const deleted = parts.filter(({ path }) => path === `/directory/deletedItems/${who.id}`);
  const checks = parts.filter(({ path }) => path === `/users/${who.id}/checkMemberGroups`);
  switch (own.kind) {
    case "unknown":
      return own.finding.code === "INTERNAL" ? "unknown without a code" : undefined;
    case "absent":
      return object.every(({ status }) => status === 404) ? undefined : "absent without a 404";
    case "deleted":
      return object.every(({ status }) => status === 404) &&
        deleted.some((one) => idOf(one) === who.id)
        ? undefined
        : "deleted, and nobody said so";
    case "person": {
      const said = object.map(({ body }) => (body as Item).accountEnabled);
      if (!said.includes(own.person.accountEnabled)) return "accountEnabled is not what was said";
      const inThese = checks.flatMap(({ body }) => (body as { value: unknown[] }).value);
      const told = new Set(inThese.map((id) => String(id).toLowerCase()));
      const wrong = groups.filter(
        (id) => own.asked.has(id) && told.has(id) !== own.memberOf.has(id),
      );
      return wrong.length > 0 ? `membership of ${wrong.join()} is not what was said` : undefined;
    }
  }
}

function idOf({ status, body }: Part): unknown {
  if (typeof status !== "number" || status < 200 || status > 299) return undefined;
  const { id } = (body ?? {}) as Item;
  return typeof id === "string" ? id.toLowerCase() : undefined;
}

/** Each part of each batch with the last answer to it that can be read at all. */
function partsOf(served: readonly Exchange[]): readonly Part[] {
  return served.flatMap(({ outgoing, answer }) => {
    if (!outgoing.url.pathname.endsWith("/$batch")) return [];
    const { requests } = JSON.parse(outgoing.body ?? "") as {
      requests: { id: string; url: string }[];
    };
    const responses = responsesIn(answer.text);
    return requests.flatMap(({ id, url }) => {
      const found = responses.find((one) => one?.id === id);
      return found === undefined || found === null
        ? []
        : [{ path: url, status: found.status, body: found.body }];
    });
  });
}

function responsesIn(text: string): readonly (Item | null)[] {
  try {
    const { responses } = JSON.parse(text) as { responses?: unknown };
    return Array.isArray(responses) ? (responses as Item[]) : [];
  } catch {
    return [];
  }
}
