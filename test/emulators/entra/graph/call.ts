import type { View } from "../replica.js";
import type { Caller, Service } from "../service.js";
import type { Role } from "../roles.js";
import { GRAPH_ERRORS } from "./errors.js";

/** One Graph call, alone or as a part of a batch. */
export interface Call {
  service: Service;
  caller: Caller;
  method: string;
  /** Path below `/v1.0`, as sent. */
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | undefined>>;
  /** The parsed JSON body, undefined if there is none. */
  body: unknown;
  /** The path's parameters, decoded. */
  params: Readonly<Record<string, string>>;
  /** The replica that this call reads. */
  view: View;
}

/** What a handler gives back: a body for 200, or a whole answer. */
export interface GraphAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** The path as `graph-openapi-subset.json` writes it. */
  path: string;
  /** Resource units, before `$select` and the like change them; 1 by default. */
  cost?: number;
  handle(call: Call): GraphAnswer | Promise<GraphAnswer>;
}

/** The value of a path parameter. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** Refuses unless the app holds one of these application permissions. */
export function demand(call: Call, ...anyOf: Role[]): void {
  if (!anyOf.some((role) => call.caller.roles.has(role))) throw GRAPH_ERRORS.denied();
}

/** Whether the app holds one of these application permissions. */
export function holds(call: Call, ...anyOf: Role[]): boolean {
  return anyOf.some((role) => call.caller.roles.has(role));
}

/** Whether this is an advanced query (Microsoft: "advanced query capabilities"). */
export function isEventual(call: Call): boolean {
  return call.headers.consistencylevel?.toLowerCase() === "eventual";
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Whether a text is an object id by its form. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
