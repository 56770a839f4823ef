import type { Answer, Service } from "../service.js";
import { errorAnswer, GraphError } from "./errors.js";
import type { Asked, PartFault, Witness } from "./index.js";

const MOST_PARTS = 20;

interface Part {
  id: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
  dependsOn: string[];
}

interface PartAnswer {
  id: string;
  status: number;
  headers: Record<string, string>;
  body?: unknown;
}

interface BatchPorts {
  answer(asked: Asked): Promise<Answer>;
  witness: Witness;
  partFault: PartFault;
}

function bad(message: string): GraphError {
  return new GraphError(400, "BadRequest", message);
}

function partOf(value: unknown): Part {
  const { id, method, url, headers, body, dependsOn } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== "string" || typeof method !== "string" || typeof url !== "string") {
    throw bad("Invalid batch payload format.");
  }
  const given = Object.entries((headers ?? {}) as Record<string, string>);
  const lowered = Object.fromEntries(given.map(([name, text]) => [name.toLowerCase(), text]));
  if (body !== undefined && lowered["content-type"] === undefined) {
    throw bad(`Write request id : ${id} does not contain Content-Type header or body.`);
  }
  const needs = Array.isArray(dependsOn) ? dependsOn.map(String) : [];
  return { id, method: method.toUpperCase(), url, headers: lowered, body, dependsOn: needs };
}

function partsOf(body: unknown): Part[] {
  const requests = (body as { requests?: unknown } | null)?.requests;
  if (!Array.isArray(requests) || requests.length === 0) throw bad("Invalid batch payload format.");
  if (requests.length > MOST_PARTS) {
    throw bad(`Number of batch request steps exceeds the maximum value of ${MOST_PARTS}.`);
  }
  const parts = requests.map(partOf);
  if (new Set(parts.map((part) => part.id)).size !== parts.length) {
    throw bad("Request Ids in a batch must be unique.");
  }
  return parts;
}

/** Headers of a part, in the spelling that batch answers have. */
function partHeaders(answer: Answer): Record<string, string> {
  const { "retry-after": retryAfter, "content-type": type, ...rest } = answer.headers;
  return {
    ...rest,
    ...(retryAfter === undefined ? {} : { "Retry-After": retryAfter }),
    ...(answer.body === undefined ? {} : { "Content-Type": type ?? "application/json" }),
  };
}

async function runPart(outer: Asked, part: Part, ports: BatchPorts): Promise<PartAnswer> {
  const [path = "", query = ""] = part.url.split("?");
  const asked: Asked = {
    caller: outer.caller,
    method: part.method,
    path: path.startsWith("/") ? path : `/${path}`,
    query: new URLSearchParams(query),
    headers: part.headers,
    body: part.body,
  };
  const honest = (): Promise<Answer> => ports.answer(asked);
  const answer = await ports.partFault(
    { method: part.method, path: `/v1.0${part.url}`, body: part.body },
    honest,
  );
  const { status, body } = answer;
  const headers = partHeaders(answer);
  return { id: part.id, status, headers, ...(body === undefined ? {} : { body }) };
}

function failedDependency(service: Service, part: Part): PartAnswer {
  const ids = { requestId: service.random.uuid(), clientRequestId: service.random.uuid() };
  const error = new GraphError(
    424,
    "FailedDependency",
    "A request that this one depends on failed.",
  );
  const { status, headers, body } = errorAnswer(service, error, ids);
  return { id: part.id, status, headers: { ...headers, "Content-Type": "application/json" }, body };
}

/**
 * `$batch`: 200 outside, each part with its own status and its own throttling, each at a replica of
 * its own, and answered in no order.
 */
export async function runBatch(service: Service, outer: Asked, ports: BatchPorts): Promise<Answer> {
  const requestId = service.random.uuid();
  const clientRequestId = outer.headers["client-request-id"] ?? requestId;
  const headers = { "request-id": requestId, "client-request-id": clientRequestId };
  let result: Answer;
  try {
    const answers: PartAnswer[] = [];
    for (const part of partsOf(outer.body)) {
      const failed = part.dependsOn.some(
        (id) => (answers.find((a) => a.id === id)?.status ?? 500) >= 400,
      );
      answers.push(failed ? failedDependency(service, part) : await runPart(outer, part, ports));
    }
    result = { status: 200, headers, body: { responses: service.random.shuffle(answers) } };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const refused = errorAnswer(service, error, { requestId, clientRequestId });
    result = { ...refused, headers: { ...headers, ...refused.headers } };
  }
  ports.witness(outer, result);
  return result;
}
