import { type FaultEffect, firstHalf, GARBAGE } from "../common/faults.js";
import type { Answer } from "./service.js";

/** What an ordered fault makes of an honest answer. */

type Row = Record<string, unknown>;

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every property but the id and annotations emptied, as a missing permission does. */
function nulled(value: unknown): unknown {
  if (!isRow(value)) return value;
  const entries = Object.entries(value).map(([name, held]) => {
    if (name === "id" || name.startsWith("@")) return [name, held] as const;
    return [name, Array.isArray(held) ? [] : null] as const;
  });
  return Object.fromEntries(entries);
}

function withNulls(body: Row): Row {
  return Array.isArray(body.value)
    ? { ...body, value: body.value.map(nulled) }
    : (nulled(body) as Row);
}

/** A plausible and wrong body. `self`: the URL of the request, for a page that repeats. */
function replaced(
  body: unknown,
  how: Extract<FaultEffect, { kind: "body" }>["replace"],
  self: string,
): unknown {
  if (!isRow(body)) return body;
  const unlinked = Object.fromEntries(
    Object.entries(body).filter(([name]) => name !== "@odata.nextLink"),
  );
  switch (how) {
    case "empty-list":
      return { ...unlinked, value: [] };
    case "nulls":
      return withNulls(body);
    case "page-repeats":
      return { ...body, "@odata.nextLink": self };
    case "page-lost":
      return unlinked;
  }
}

/** The text that goes over the wire. */
export function textOf(body: unknown): string {
  if (body === undefined) return "";
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** The honest answer as the fault changes its body; effects that need the connection leave it as it is. */
export function altered(effect: FaultEffect, answer: Answer, self: string): Answer {
  switch (effect.kind) {
    case "garbage":
      return { ...answer, body: GARBAGE };
    case "truncate":
      return { ...answer, body: firstHalf(textOf(answer.body)) };
    case "body":
      return { ...answer, body: replaced(answer.body, effect.replace, self) };
    default:
      return answer;
  }
}

/** What a `status` or `json` fault answers, given the body that this host has for such a status. */
export function substitute(
  effect: Extract<FaultEffect, { kind: "status" | "json" }>,
  usual: (status: number) => unknown,
): Answer {
  if (effect.kind === "json") return { status: 200, headers: {}, body: effect.body };
  const given = Object.entries(effect.headers ?? {});
  const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
  return { status: effect.status, headers, body: effect.body ?? usual(effect.status) };
}
