/** One request, as an emulator saw it. */
export interface LoggedRequest {
  /** 1 for the first since the emulator began; goes on counting after `clear`. */
  n: number;
  /** The emulator's time, in milliseconds since 1970. */
  at: number;
  method: string;
  /** Path and query as sent. */
  path: string;
  /** 0 while there is no answer, or where there never was one. */
  status: number;
  /** The kind of the ordered fault that hit it. */
  fault?: string;
  /** The request's body with its secrets blanked, cut to 16 KiB. */
  body?: string;
}

export interface RequestFilter {
  method?: string;
  /** Matched against path and query; a string must be contained. */
  path?: RegExp | string;
  status?: number;
  /** Only requests with a greater number. */
  after?: number;
}

export interface RequestLog {
  /** Notes a request on its arrival; the emulator sets `status` and `fault` on what this returns. */
  begin(request: { at: number; method: string; path: string; body?: string }): LoggedRequest;
  entries(filter?: RequestFilter): LoggedRequest[];
  count(filter?: RequestFilter): number;
  /** The number of the newest request; `after: last()` then selects what comes later. */
  last(): number;
  clear(): void;
}

const BODY_LIMIT = 16_384;
const SECRET_NAMES = [
  "client_secret",
  "client-key",
  "client_assertion",
  "secretText",
  "Authorization",
  "password",
  "proof",
];
const BLANKED = "***";
const IN_FORM = new RegExp(`((?:^|&)(?:${SECRET_NAMES.join("|")})=)[^&]*`, "gi");
const IN_JSON = new RegExp(`("(?:${SECRET_NAMES.join("|")})"\\s*:\\s*")(?:[^"\\\\]|\\\\.)*`, "gi");

/** Blanks the values of all names that carry secrets, in a form or in JSON. */
export function blankSecrets(body: string): string {
  return body.replace(IN_FORM, `$1${BLANKED}`).replace(IN_JSON, `$1${BLANKED}`);
}

function passes(entry: LoggedRequest, filter: RequestFilter): boolean {
  if (filter.method !== undefined && entry.method !== filter.method) return false;
  if (filter.status !== undefined && entry.status !== filter.status) return false;
  if (filter.after !== undefined && entry.n <= filter.after) return false;
  if (typeof filter.path === "string") return entry.path.includes(filter.path);
  return filter.path === undefined || filter.path.test(entry.path);
}

export function createLog(): RequestLog {
  let entries: LoggedRequest[] = [];
  let n = 0;
  const select = (filter: RequestFilter = {}): LoggedRequest[] =>
    entries.filter((e) => passes(e, filter));
  return {
    begin({ body, ...request }) {
      n += 1;
      const entry: LoggedRequest = { n, ...request, status: 0 };
      if (body) entry.body = blankSecrets(body.slice(0, BODY_LIMIT));
      entries.push(entry);
      return entry;
    },
    entries: select,
    count: (filter) => select(filter).length,
    last: () => n,
    clear() {
      entries = [];
    },
  };
}
