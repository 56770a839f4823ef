import { GRAPH_ERRORS } from "./errors.js";
import { type Call, type GraphAnswer, isEventual } from "./call.js";
import { parseFilter } from "./filter.js";
import { hasProperty, type Resource, type Shape } from "./shape.js";

const DEFAULT_TOP = 100;
const MAX_TOP = 999;

/** What `$select` names, or undefined. Refuses a property that none of the types has. */
export function selected(call: Call, ...shapes: Shape[]): string[] | undefined {
  const text = call.query.get("$select");
  if (text === null) return undefined;
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!shapes.some((shape) => hasProperty(shape, name))) {
      throw GRAPH_ERRORS.noProperty(name, shapes[0]?.type ?? "directoryObject");
    }
  }
  return names;
}

/** The size of a page. */
export function pageSize(call: Call): number {
  const text = call.query.get("$top");
  const { largestPage } = call.service.settings;
  if (text === null) return Math.min(DEFAULT_TOP, largestPage);
  const top = Number(text);
  if (!/^\d+$/.test(text) || top < 1 || top > MAX_TOP) {
    throw GRAPH_ERRORS.bad(
      `Invalid page size specified: '${text}'. Must be between 1 and ${MAX_TOP} inclusive.`,
    );
  }
  return Math.min(top, largestPage);
}

/** Where a `$skiptoken` says to go on: behind this id. */
function resumeAfter(call: Call): string | undefined {
  const token = call.query.get("$skiptoken");
  if (token === null) return undefined;
  const { settings } = call.service;
  if (settings.expiredPages > 0) {
    settings.expiredPages -= 1;
    throw GRAPH_ERRORS.expiredPage();
  }
  return readToken<{ after: string }>(token).after;
}

/** A token for a link: opaque to those who get it. */
export function makeToken(content: object): string {
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/** What a token of ours says; refuses any other. */
export function readToken<T>(token: string): T {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as T;
  } catch {
    throw GRAPH_ERRORS.bad("Invalid page token.");
  }
}

/** This call's own URL with some parameters set anew (undefined: left out). */
export function linkTo(call: Call, change: Record<string, string | undefined>): string {
  const parameters = new Map(call.query);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) parameters.delete(name);
    else parameters.set(name, value);
  }
  const text = [...parameters].map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${call.service.graphUrl}/v1.0${call.path}?${text.join("&")}`;
}

/** The context URL of an answer. */
export function contextOf(call: Call, what: string): string {
  const select = call.query.get("$select");
  const [set = "", ...rest] = what.split("/");
  const names = select === null ? "" : `(${select})`;
  return `${call.service.graphUrl}/v1.0/$metadata#${[`${set}${names}`, ...rest].join("/")}`;
}

/** One resource as an answer. */
export function single(call: Call, set: string, resource: Resource, status = 200): GraphAnswer {
  const context = contextOf(call, `${set}/$entity`);
  return { status, body: { "@odata.context": context, ...resource } };
}

/** A list of resources not yet rendered, which is done for one page only. */
export interface Listing {
  /** The entity set for the context URL. */
  set: string;
  /** Ids with what renders each. */
  items: { id: string; render(): Resource }[];
}

function isCounted(call: Call): boolean {
  return call.query.get("$count") === "true" && isEventual(call);
}

/**
 * One page of a list. Pages go by id, so that a person who joins or leaves between two pages, or a
 * page from another replica, hides nobody else.
 */
export function page(call: Call, listing: Listing): GraphAnswer {
  const size = pageSize(call);
  const after = resumeAfter(call);
  const sorted = [...listing.items].sort((x, y) => (x.id < y.id ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter((item) => item.id > after);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  const body: Record<string, unknown> = { "@odata.context": contextOf(call, listing.set) };
  if (isCounted(call) && after === undefined) body["@odata.count"] = listing.items.length;
  if (rest.length > shown.length && last) {
    body["@odata.nextLink"] = linkTo(call, { $skiptoken: makeToken({ after: last.id }) });
  }
  body.value = shown.map((item) => item.render());
  return { status: 200, body };
}

/** Refuses query options that need the advanced engine where it was not asked for. */
export function refuseUnlessAdvanced(call: Call, what: string): void {
  if (isEventual(call) && call.query.get("$count") === "true") return;
  throw GRAPH_ERRORS.unsupportedQuery(
    `${what} requires the advanced query capabilities: add $count=true and the header ConsistencyLevel: eventual.`,
  );
}

/** Resources of one type that pass `$filter`, with their ids. */
export function filtered(
  call: Call,
  shape: Shape,
  resources: Resource[],
): { id: string; full: Resource }[] {
  if (call.query.has("$search") || call.query.has("$orderby")) {
    refuseUnlessAdvanced(call, "This query");
    throw GRAPH_ERRORS.unsupportedQuery("The emulator has no $search and no $orderby.");
  }
  const text = call.query.get("$filter");
  const filter = text === null ? undefined : parseFilter(text, (name) => hasProperty(shape, name));
  if (filter?.advanced) refuseUnlessAdvanced(call, "This filter");
  const passing = filter ? resources.filter((resource) => filter.matches(resource)) : resources;
  return passing.map((full) => ({ id: String(full.id), full }));
}
