import type { Change } from "../replica.js";
import { type Call, demand, type GraphAnswer, type Route } from "./call.js";
import { GraphError, GRAPH_ERRORS } from "./errors.js";
import { READ_GROUPS } from "./members.js";
import { makeToken, readToken, selected } from "./query.js";
import { groupResource, userResource } from "./resources.js";
import { cut, GROUP, hasProperty, type Resource, type Shape, USER } from "./shape.js";

/** Change tracking. A round lists what changed since the last one; replays happen, losses do not. */

const PAGE = 100;
const MOST_IDS = 50;
const LINK_LIFETIME_MS = 7 * 86_400_000;
const UNSUPPORTED = ["$top", "$expand", "$orderby", "$search", "$count"];

/** What a link of a round carries. */
interface Round {
  /** Changes from this one on are of interest; 0: everything, as it is. */
  since: number;
  /** Where the next round begins: the lowest change that some page of this round had not seen. */
  low: number;
  /** When the link was made, ms since 1970. */
  at: number;
  after?: string;
  select?: string[];
  ids?: string[];
}

interface Kind {
  name: "groups" | "users";
  table: "group" | "user";
  shape: Shape;
}

function idsOf(call: Call): string[] | undefined {
  const text = call.query.get("$filter");
  if (text === null) return undefined;
  const clauses = text.split(/\s+or\s+/);
  const ids = clauses.map((clause) => /^\s*id eq '([^']+)'\s*$/.exec(clause)?.[1]);
  if (ids.length > MOST_IDS || !ids.every((id) => id !== undefined)) {
    throw GRAPH_ERRORS.unsupportedQuery(
      `Delta filters take at most ${MOST_IDS} ids: id eq '…' or id eq '…'.`,
    );
  }
  return ids;
}

function firstRound(call: Call, kind: Kind): Round {
  for (const option of UNSUPPORTED) {
    if (call.query.has(option))
      throw GRAPH_ERRORS.unsupportedQuery(`'${option}' is not supported with delta.`);
  }
  const select = selected(call, withMembers(kind.shape));
  const ids = idsOf(call);
  const round: Round = { since: 0, low: Infinity, at: call.service.clock.now() };
  return { ...round, ...(select && { select }), ...(ids && { ids }) };
}

/** `members` may be selected here, though it is no property. */
function withMembers(shape: Shape): Shape {
  return shape === GROUP ? { ...shape, onRequest: [...shape.onRequest, "members"] } : shape;
}

function deltaUrl(call: Call, kind: Kind, name: string, round: Round): string {
  return `${call.service.graphUrl}/v1.0/${kind.name}/delta?${name}=${makeToken(round)}`;
}

/** The round of a link; refuses one that is too old or was reset. */
function laterRound(call: Call, kind: Kind, token: string): Round {
  const round = readToken<Round>(token);
  const { settings, clock, graphUrl } = call.service;
  if (round.at < settings.deltaResetBefore) {
    const location = `${graphUrl}/v1.0/${kind.name}/delta`;
    throw new GraphError(410, "resyncRequired", "Resync required: begin again.", { location });
  }
  if (round.at < settings.deltaExpiredBefore || clock.now() - round.at > LINK_LIFETIME_MS) {
    throw new GraphError(
      400,
      "syncStateNotFound",
      "The sync state generation is not found; begin again.",
    );
  }
  // JSON has no infinity: the first round's marker comes back as null.
  return { ...round, low: round.low ?? Infinity };
}

function roundOf(call: Call, kind: Kind): Round {
  const token = call.query.get("$deltatoken") ?? call.query.get("$skiptoken");
  return token === null ? firstRound(call, kind) : laterRound(call, kind, token);
}

/** What happened to each object since: the changes of its own row and of its members. */
function touched(call: Call, kind: Kind, since: number): Map<string, Change[]> {
  const found = new Map<string, Change[]>();
  for (const change of call.service.directory.log) {
    const concerns =
      change.table === kind.table || (kind.table === "group" && change.table === "member");
    if (change.seq < since || !concerns || !call.view.hasSeen(change.seq)) continue;
    const changes = found.get(change.a);
    if (changes) changes.push(change);
    else found.set(change.a, [change]);
  }
  return found;
}

function memberDelta(call: Call, group: string, member: string): Resource {
  const { view } = call;
  const tables = ["user", "group", "device", "servicePrincipal"] as const;
  const type = tables.find((table) => view.get(table, member)) ?? "user";
  const entry = { "@odata.type": `#microsoft.graph.${type}`, id: member };
  return view.get("member", group, member)
    ? entry
    : { ...entry, "@removed": { reason: "deleted" } };
}

function removed(call: Call, id: string): Resource {
  const restorable = call.view.get("deleted", id) !== undefined;
  return { id, "@removed": { reason: restorable ? "changed" : "deleted" } };
}

/** An object in a round; `changes` undefined: the first round, which says everything. */
function entry(call: Call, kind: Kind, id: string, round: Round, changes?: Change[]): Resource {
  const { view } = call;
  const row = view.get(kind.table, id);
  if (!row) return removed(call, id);
  const full = kind.table === "group" ? groupResource(row as never) : userResource(row as never);
  const select = round.select?.filter((name) => hasProperty(kind.shape, name));
  const ownChange = !changes || changes.some((change) => change.table === kind.table);
  const resource = { id, ...(ownChange ? cut(kind.shape, full, select) : {}) };
  const wantsMembers = kind.table === "group" && (round.select?.includes("members") ?? true);
  const members = changes
    ? new Set(changes.filter((change) => change.table === "member").map((change) => change.b))
    : new Set(view.held("member", id).keys());
  if (!wantsMembers || members.size === 0) return resource;
  return {
    ...resource,
    "members@delta": [...members].map((member) => memberDelta(call, id, member)),
  };
}

function delta(call: Call, kind: Kind): GraphAnswer {
  const round = roundOf(call, kind);
  const { view, service } = call;
  const changes = round.since === 0 ? undefined : touched(call, kind, round.since);
  const all = changes ? [...changes.keys()] : view.rows(kind.table).map((row) => row.id);
  const wanted = all.filter((id) => round.ids?.includes(id) ?? true).sort();
  const rest = wanted.filter((id) => round.after === undefined || id > round.after);
  const shown = rest.slice(0, PAGE);
  const low = Math.min(round.low, view.seenBelow());
  const value = shown.map((id) => entry(call, kind, id, round, changes?.get(id)));
  const body: Record<string, unknown> = {
    "@odata.context": `${service.graphUrl}/v1.0/$metadata#${kind.name}`,
  };
  const after = shown.at(-1);
  const link: Round = { ...round, low, at: service.clock.now() };
  delete link.after;
  if (rest.length > shown.length && after !== undefined) {
    body["@odata.nextLink"] = deltaUrl(call, kind, "$skiptoken", { ...link, after });
  } else {
    // The next round forgets this one's low mark and finds its own.
    const next = { ...link, since: low, low: Infinity };
    body["@odata.deltaLink"] = deltaUrl(call, kind, "$deltatoken", next);
  }
  return { status: 200, body: { ...body, value } };
}

const GROUPS: Kind = { name: "groups", table: "group", shape: GROUP };
const USERS: Kind = { name: "users", table: "user", shape: USER };

function groupsDelta(call: Call): GraphAnswer {
  demand(call, ...READ_GROUPS);
  return delta(call, GROUPS);
}

function usersDelta(call: Call): GraphAnswer {
  demand(call, "User.Read.All", "Directory.Read.All");
  return delta(call, USERS);
}

export const deltaRoutes: Route[] = [
  { method: "GET", path: "/groups/delta()", handle: groupsDelta },
  { method: "GET", path: "/users/delta()", handle: usersDelta },
];
