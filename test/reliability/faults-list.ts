/** Every fault, what it looks like to each side, and which requests it can hit. */
import type { FaultEffect } from "../emulators/common/faults.js";
import { WRITES } from "./faults-request.js";
import type { Kind, Met } from "./faults-request.js";

/** What goes wrong beside the answers, from the request on until the pass ends. */
export type Around = "wrong certificate" | "clock an hour ahead" | "clock an hour behind";

export interface FaultKind {
  readonly name: string;
  /** Whether it means anything for this request. */
  fits(met: Met): boolean;
  /** Absent: the request itself is answered honestly. */
  effect?(met: Met): FaultEffect;
  readonly around?: Around;
  /** Nothing in the answer tells that somebody is missing: who was never there is not missed. */
  readonly plausible?: boolean;
  /** The program waits for its deadline in real time: it gets a short one. */
  readonly stalls?: boolean;
}

const RETRY_AFTER = { "retry-after": "7" };

const isWrite = ({ kind }: Met): boolean => WRITES.has(kind);
const isPart = ({ kind }: Met): boolean => kind.includes("of a batch");
const isLogin = ({ path }: Met): boolean => path.includes("/oauth2/v2.0/token");

/** The body of the login host: its refusals are told by their AADSTS number. */
function loginBody(status: number): object | undefined {
  const say = (error: string, code: number, text: string): object => ({
    error,
    error_description: `AADSTS${code}: ${text}`,
    error_codes: [code],
    trace_id: "00000000-0000-4000-8000-00000000face",
    correlation_id: "00000000-0000-4000-8000-00000000cafe",
  });
  if (status === 400) return say("unauthorized_client", 700016, "Application was not found.");
  if (status === 401) return say("invalid_client", 7000215, "Invalid client secret provided.");
  if (status === 403) return say("access_denied", 53003, "Blocked by Conditional Access.");
  return undefined;
}

/** PVE's own words, its reason phrase first (FACTS-pve). 401 has none but the reason. */
const PVE_WORDS: Readonly<Record<number, string>> = {
  400: "Parameter verification failed.",
  401: "invalid token value!",
  403: "Permission check failed (/access, Ordered.Fault)",
  404: "Not Found",
  409: "Conflict",
  429: "Too Many Requests",
  500: "ordered fault at /usr/share/perl5/PVE/Somewhere.pm line 42.",
  503: "Service Unavailable",
  504: "Gateway Time-out",
  595: "Connection refused",
  596: "Connection timed out",
};
const PVE_JSON: ReadonlySet<number> = new Set([400, 403, 500]);

export function answered(
  status: number,
  more: { headers?: Record<string, string>; words?: string; withEffect?: boolean } = {},
): NonNullable<FaultKind["effect"]> {
  const { words, ...rest } = more;
  return (met) => {
    const usual = { kind: "status", status, ...rest } as const;
    if (met.system === "pve") {
      const reason = words ?? PVE_WORDS[status] ?? "";
      const body = PVE_JSON.has(status) ? { data: null, message: `${reason}\n` } : "";
      return { ...usual, reason, body };
    }
    const body = isLogin(met) ? loginBody(status) : undefined;
    return body === undefined ? usual : { ...usual, body };
  };
}

const always = (): boolean => true;
const onlyPve = ({ system }: Met): boolean => system === "pve";
const pveWrites = (met: Met): boolean => onlyPve(met) && isWrite(met);
/** Parts of a batch have no connection of their own. */
const wired = (met: Met): boolean => !isPart(met);

const plain = [400, 401, 403, 404, 409].map((status): FaultKind => ({
  name: String(status),
  fits: always,
  effect: answered(status),
}));

function withAndWithout(status: number, fits: FaultKind["fits"]): readonly FaultKind[] {
  return [
    { name: String(status), fits, effect: answered(status) },
    {
      name: `${status}, but done`,
      fits: (met) => fits(met) && isWrite(met),
      effect: answered(status, { withEffect: true }),
    },
  ];
}

const LISTS: ReadonlySet<Kind> = new Set<Kind>([
  "PVE: nodes",
  "PVE: lists",
  "Entra: page of members",
]);

const bodies: readonly FaultKind[] = [
  { name: "garbage", fits: always, effect: () => ({ kind: "garbage" }) },
  { name: "truncated", fits: always, effect: () => ({ kind: "truncate" }) },
  {
    name: "an empty list",
    fits: ({ kind, body }) => LISTS.has(kind) || body.includes("groupIds"),
    effect: () => ({ kind: "body", replace: "empty-list" }),
    plausible: true,
  },
  {
    name: "nulls",
    fits: (met) => !isWrite(met),
    effect: () => ({ kind: "body", replace: "nulls" }),
  },
  {
    name: "a page that repeats",
    fits: ({ kind }) => kind === "Entra: page of members" || kind === "PVE: lists",
    effect: () => ({ kind: "body", replace: "page-repeats" }),
  },
  {
    name: "a page lost",
    // PVE knows no pages, and no list of its own that is half there.
    fits: ({ kind }) => kind === "Entra: page of members",
    effect: () => ({ kind: "body", replace: "page-lost" }),
    plausible: true,
  },
];

const connection: readonly FaultKind[] = [
  { name: "cut", fits: wired, effect: () => ({ kind: "cut", when: "before" }) },
  {
    name: "cut, but done",
    fits: (met) => wired(met) && isWrite(met),
    effect: () => ({ kind: "cut", when: "after" }),
  },
  { name: "a stall", fits: wired, effect: () => ({ kind: "stall" }), stalls: true },
  {
    name: "a stall, but done",
    fits: (met) => wired(met) && isWrite(met),
    effect: () => ({ kind: "stall", withEffect: true }),
    stalls: true,
  },
  { name: "a wrong certificate", fits: wired, around: "wrong certificate" },
];

const HOUR_MS = 60 * 60_000;
const time: readonly FaultKind[] = [
  ...[HOUR_MS, -HOUR_MS].map((ms): FaultKind => ({
    name: `Entra's Date an hour ${ms > 0 ? "ahead" : "behind"}`,
    fits: (met) => met.system === "entra" && wired(met),
    effect: () => ({ kind: "date", ms }),
  })),
  { name: "our clock an hour ahead", fits: wired, around: "clock an hour ahead" },
  { name: "our clock an hour behind", fits: wired, around: "clock an hour behind" },
];

export const FAULTS: readonly FaultKind[] = [
  ...plain,
  { name: "429", fits: always, effect: answered(429) },
  { name: "429 with Retry-After", fits: always, effect: answered(429, { headers: RETRY_AFTER }) },
  ...[500, 503, 504].flatMap((status) => withAndWithout(status, always)),
  ...[595, 596].flatMap((status) => withAndWithout(status, onlyPve)),
  {
    name: "500, no quorum",
    fits: pveWrites,
    effect: answered(500, { words: "cfs-lock 'file-user_cfg' error: no quorum!" }),
  },
  {
    name: "500, lock held",
    fits: pveWrites,
    effect: answered(500, {
      words: "cfs-lock 'file-user_cfg' error: got lock request timeout",
    }),
  },
  ...connection,
  ...bodies,
  ...time,
];

/** Those that are also tried "from there on until the pass ends", by name. */
export const LASTING: ReadonlySet<string> = new Set([
  "401",
  "403",
  "404",
  "429",
  "500",
  "503",
  "595",
  "596",
  "596, but done",
  "cut",
  "cut, but done",
  "garbage",
  "nulls",
  "an empty list",
  "Entra's Date an hour ahead",
  "Entra's Date an hour behind",
]);
