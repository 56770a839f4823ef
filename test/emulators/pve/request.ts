import { PlainError } from "./errors.js";
import { decodeUtf8, splitFields, unescapeBytes } from "./perl.js";
import type { RawParam, RawParams } from "./schema.js";

/** The most that a request's body may hold. */
export const MAX_BODY_BYTES = 524_288;

/** A request as it came in. */
export interface Incoming {
  method: string;
  /** Path and query as sent. */
  url: string;
  headers: Record<string, string | undefined>;
  /** A byte string. */
  body: string;
}

/** A request target taken apart: what follows "#" belongs to nobody, the path's escapes are undone. */
export function splitUrl(url: string): { path: string; query: string } {
  const target = url.split("#", 1)[0] ?? "";
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return { path: unescapeBytes(path), query: mark < 0 ? "" : target.slice(mark + 1) };
}

/** Format and method path of an API path; the format is missing where the path has none. */
export function splitApiPath(path: string): { format?: string; apiPath: string } {
  const match = /^\/api2\/+([a-z][a-z0-9]+)(\/.*)?$/.exec(path);
  if (!match?.[1]) return { apiPath: "/" };
  return { format: match[1], apiPath: match[2] ?? "/" };
}

const unplus = (value: string): string => unescapeBytes(value.replace(/\+/g, " "));

/**
 * Decodes a form as PVE does: "&" and ";" separate, a value ends at its second "=", a name that
 * comes twice makes a list, and one without "=" has no value at all.
 */
export function decodeForm(data: string): RawParams {
  const params: RawParams = {};
  for (const pair of splitFields(data.replace(/;/g, "&"), "&")) {
    const [name = "", given] = pair.split("=");
    const key = unplus(name);
    params[key] =
      given === undefined ? undefined : appended(params[key], decodeUtf8(unplus(given)));
  }
  return params;
}

function appended(before: RawParam, value: string): RawParam {
  if (before === undefined) return value;
  return Array.isArray(before) ? [...before, value] : [before, value];
}

/** What the JSON parser of PVE says, with the place where Perl died. */
const JSON_PLACE = "at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934, <DATA> line 960.";
const HASH_PLACE = "at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 978, <DATA> line 960.";

function decodeJson(body: string): RawParams {
  let value: unknown;
  const text = decodeUtf8(body);
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PlainError(malformed(text, error));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PlainError(`Not a HASH reference ${HASH_PLACE}\n`);
  }
  return value as RawParams;
}

function malformed(text: string, error: unknown): string {
  const at = /position (\d+)/.exec(String(error))?.[1];
  const offset = at === undefined ? text.length : Number(at);
  const rest = text.slice(offset, offset + 22) || "(end of string)";
  const what = "malformed JSON string, neither tag, array, object, number, string or atom";
  return `${what}, at character offset ${offset} (before "${rest}") ${JSON_PLACE}\n`;
}

export const mediaType = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : header.split(/\s*[;,]\s*/)[0];

/**
 * All parameters of a request; the query goes before the body. A form field without a value is
 * empty once pveproxy has passed the request on to pvedaemon, and absent where it answers itself.
 */
export function decodeParams(request: Incoming, query: string, passedOn: boolean): RawParams {
  const writes = request.method === "PUT" || request.method === "POST";
  const json = mediaType(request.headers["content-type"]) === "application/json";
  let params: RawParams = {};
  if (writes) params = json ? decodeJson(request.body) : decodeForm(request.body);
  Object.assign(params, decodeForm(query));
  delete params._dc;
  if (writes && !json && passedOn) {
    for (const name of Object.keys(params)) params[name] ??= "";
  }
  return params;
}
