/** A moment as Graph writes those of credentials: UTC with seven fraction digits. */
export function longDate(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "0000Z");
}

/** A moment as Graph writes those of objects: UTC without a fraction. */
export function shortDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A moment as in the inner error of Graph: no zone. */
export function errorDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** A moment as in the token endpoint's errors: `2026-11-21 03:04:05Z`. */
export function tokenErrorDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970 of an OData DateTimeOffset, or undefined if it is none. */
export function parseDate(text: unknown): number | undefined {
  if (typeof text !== "string" || !DATE_TIME.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
