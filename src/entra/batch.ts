import { AgentError } from "../errors.js";
import type { Clock } from "../clock.js";
import { GraphError, graphError } from "./graph-error.js";
import type { Graph } from "./graph.js";
import { patiently } from "./patience.js";
import { together } from "./turns.js";

/** One read inside a batch: a path below `/v1.0`, or a question that must be posted. */
export interface Part {
  readonly path: string;
  readonly body?: object;
}

/** What came of one part: its body, or Graph's refusal of it. */
export type PartAnswer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly error: GraphError };

/** Graph takes at most this many in one batch (FACTS-entra). */
const MOST_PARTS = 20;
const BUSY = new Set([429, 503, 504]);

interface RawPart {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Reads many things, twenty a request; answers stand in the order of `parts`. The outer status says
 * nothing about a part: each has its own, and its own 429, and is asked again by itself. Throws what
 * `Graph.ask` throws, and ENTRA_BAD_ANSWER where an answer is missing or comes twice.
 */
export async function readBatched(
  graph: Graph,
  parts: readonly Part[],
  patience: { readonly clock: Clock; readonly random: () => number },
  signal: AbortSignal,
): Promise<readonly PartAnswer[]> {
  const chunks = Array.from({ length: Math.ceil(parts.length / MOST_PARTS) }, (_, at) =>
    parts.slice(at * MOST_PARTS, (at + 1) * MOST_PARTS),
  );
  const answers = await together(
    chunks.map((chunk) => (inner) => readChunk(graph, chunk, patience, inner)),
    signal,
  );
  return answers.flat();
}

async function readChunk(
  graph: Graph,
  parts: readonly Part[],
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  signal: AbortSignal,
): Promise<readonly PartAnswer[]> {
  const raw = new Map<string, RawPart>();
  let open = new Map(parts.map((part, at) => [String(at + 1), part]));
  const exhausted = (last: AgentError): AgentError =>
    new AgentError("ENTRA_THROTTLED", `parts of a batch stayed refused: ${last.message}`);
  await patiently({ clock, random, cuts: 0, exhausted }, signal, async () => {
    for (const [id, answer] of await askOnce(graph, open, signal)) raw.set(id, answer);
    open = new Map([...open].filter(([id]) => BUSY.has(raw.get(id)?.status ?? 0)));
    const [first] = open;
    if (first === undefined) return { done: undefined };
    const waits = [...open.keys()].map((id) => raw.get(id)?.headers["retry-after"]);
    const failure = refusalOf(first[1], raw.get(first[0]));
    return { failure, again: "busy", retryAfter: longest(waits) };
  });
  return parts.map((part, at) => partAnswer(part, raw.get(String(at + 1))));
}

async function askOnce(
  graph: Graph,
  open: ReadonlyMap<string, Part>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RawPart>> {
  const requests = [...open].map(([id, { path, body }]) =>
    body === undefined
      ? { id, method: "GET", url: path }
      : { id, method: "POST", url: path, body, headers: { "content-type": "application/json" } },
  );
  const answer = await graph.ask("/$batch", { requests }, signal);
  const answers = new Map<string, RawPart>();
  for (const value of listOf(answer)) {
    const { id, ...part } = rawPart(value);
    if (!open.has(id)) throw bad(`answered a part "${id}" that was not asked`);
    if (answers.has(id)) throw bad(`answered part ${id} twice`);
    answers.set(id, part);
  }
  if (answers.size < open.size) throw bad(`left out ${open.size - answers.size} answers`);
  return answers;
}

function listOf(answer: unknown): readonly unknown[] {
  if (typeof answer === "object" && answer !== null && "responses" in answer) {
    if (Array.isArray(answer.responses)) return answer.responses;
  }
  throw bad("gave no list of answers");
}

function rawPart(value: unknown): RawPart & { readonly id: string } {
  if (typeof value !== "object" || value === null) throw bad("gave an answer that is no object");
  const { id, status, headers, body } = value as Record<string, unknown>;
  if (typeof id !== "string" || typeof status !== "number") {
    throw bad("gave an answer without id or status");
  }
  return { id, status, headers: lowerNames(headers), body };
}

function lowerNames(headers: unknown): Record<string, string> {
  if (typeof headers !== "object" || headers === null) return {};
  // A number is taken for its text; anything else is no header.
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([, value]) => typeof value === "string" || typeof value === "number")
      .map(([name, value]) => [name.toLowerCase(), `${value as string | number}`]),
  );
}

function partAnswer(part: Part, raw: RawPart | undefined): PartAnswer {
  if (raw !== undefined && raw.status >= 200 && raw.status <= 299) {
    return { ok: true, body: raw.body };
  }
  const error = refusalOf(part, raw);
  if (error.code !== "ENTRA_SIGN_IN_REFUSED") return { ok: false, error };
  // The batch was let in with the same token, and the others were answered: this one is refused.
  const { message, status, graphCode } = error;
  return { ok: false, error: new GraphError("ENTRA_REFUSED", message, status, graphCode) };
}

function refusalOf(part: Part, raw: RawPart | undefined): GraphError {
  const path = part.path.split("?")[0] ?? part.path;
  return graphError({
    what: `${part.body === undefined ? "GET" : "POST"} ${path}`,
    status: raw?.status ?? 0,
    body: raw?.body,
    requestId: raw?.headers["request-id"],
  });
}

/** One wait has to do for all parts that are asked again together. */
function longest(waits: readonly (string | undefined)[]): string | undefined {
  const seconds = waits.map(Number).filter((wait) => !Number.isNaN(wait));
  return seconds.length === 0 ? undefined : String(Math.max(...seconds));
}

function bad(what: string): AgentError {
  return new AgentError("ENTRA_BAD_ANSWER", `POST /$batch ${what}`);
}
