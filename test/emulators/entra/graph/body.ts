import type { Call } from "./call.js";
import { GRAPH_ERRORS } from "./errors.js";

/** What a property of a body may be: a text, a flag, anything, a list, or an object; `?`: or null. */
export type Kind = "text" | "text?" | "flag" | "flag?" | "any" | readonly [Kind] | Kinds;

/** The properties that a body may have. None of them must be there. */
export interface Kinds {
  readonly [name: string]: Kind;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fits(kind: Kind, value: unknown): boolean {
  if (kind === "any") return true;
  if (kind === "text" || kind === "text?") {
    return typeof value === "string" || (kind === "text?" && value === null);
  }
  if (kind === "flag" || kind === "flag?") {
    return typeof value === "boolean" || (kind === "flag?" && value === null);
  }
  if (Array.isArray(kind)) {
    const [element] = kind as readonly [Kind];
    return Array.isArray(value) && value.every((one) => fits(element, one));
  }
  // Complex properties of Graph may be null.
  return value === null || (isObject(value) && misfit(kind as Kinds, value) === undefined);
}

/** The first property that is unknown or of a wrong type. */
function misfit(kinds: Kinds, value: Record<string, unknown>): string | undefined {
  return Object.entries(value)
    .filter(([name]) => name !== "@odata.type")
    .find(([name, held]) => !Object.hasOwn(kinds, name) || !fits(kinds[name] ?? "any", held))?.[0];
}

/** The JSON object of a request's body; refuses anything else, unknown names and wrong types. */
export function bodyOf(call: Pick<Call, "body">, kinds: Kinds): Record<string, unknown> {
  const { body } = call;
  if (!isObject(body)) {
    throw GRAPH_ERRORS.bad(
      "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
    );
  }
  const name = misfit(kinds, body);
  if (name === undefined) return body;
  throw GRAPH_ERRORS.bad(
    Object.hasOwn(kinds, name)
      ? `Invalid value specified for property '${name}'.`
      : `Invalid property '${name}'.`,
  );
}
