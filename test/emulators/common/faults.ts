/** What happens to a request instead of, or besides, its honest answer. */
export type FaultEffect =
  | {
      kind: "status";
      status: number;
      reason?: string;
      headers?: Record<string, string>;
      body?: string | object;
      /** The real handler runs first and its answer is thrown away. */
      withEffect?: boolean;
    }
  /** Real milliseconds; then the honest answer. */
  | { kind: "delay"; ms: number }
  /** The honest answer once this has come: what a test waits for in between takes as long as it takes. */
  | { kind: "hold"; until: Promise<unknown> }
  /** No answer until the server closes. */
  | { kind: "stall"; withEffect?: boolean }
  /** The connection breaks before, or after, the request took effect. */
  | { kind: "cut"; when: "before" | "after" }
  /** It took effect; the body is no JSON. */
  | { kind: "garbage" }
  /** It took effect; the JSON is cut in half, and the content-length is that of the half. */
  | { kind: "truncate" }
  /** It took effect; the answer is plausible and wrong. What each means is the emulator's to say. */
  | { kind: "body"; replace: "empty-list" | "nulls" | "page-repeats" | "page-lost" }
  /** The honest answer, its `Date` header off by so many milliseconds. */
  | { kind: "date"; ms: number }
  /** 200 with this JSON, and no effect. */
  | { kind: "json"; body: unknown };

export interface Fault {
  /** An HTTP method; every method by default. */
  method?: string;
  /** Source of a regular expression, matched against path and query as sent (not decoded). */
  path?: string;
  /** Source of a regular expression, matched against the body as sent. */
  body?: string;
  /** Lets this many matching requests pass first; 0 by default. */
  skip?: number;
  /** How many requests it hits; 1 by default, Infinity for all. */
  times?: number;
  do: FaultEffect;
}

/** The faults that are ordered and not used up. */
export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** The effect for this request, if one is due; counts it. The first fault that matches and is due wins. */
  take(method: string, path: string, body?: string): FaultEffect | undefined;
  pending(): Fault[];
}

const KINDS: ReadonlySet<string> = new Set<FaultEffect["kind"]>([
  "status",
  "delay",
  "stall",
  "cut",
  "garbage",
  "truncate",
  "body",
  "date",
  "json",
]);

interface Ordered {
  fault: Fault;
  pattern: RegExp | undefined;
  bodyPattern: RegExp | undefined;
  skip: number;
  left: number;
}

export function createFaults(): Faults {
  let ordered: Ordered[] = [];
  const matches = (o: Ordered, method: string, path: string, body: string): boolean =>
    (o.fault.method === undefined || o.fault.method.toUpperCase() === method.toUpperCase()) &&
    (o.pattern === undefined || o.pattern.test(path)) &&
    (o.bodyPattern === undefined || o.bodyPattern.test(body));
  return {
    add(fault) {
      ordered.push({
        fault,
        pattern: fault.path === undefined ? undefined : new RegExp(fault.path),
        bodyPattern: fault.body === undefined ? undefined : new RegExp(fault.body),
        skip: fault.skip ?? 0,
        left: fault.times ?? 1,
      });
    },
    clear() {
      ordered = [];
    },
    take(method, path, body = "") {
      let due: Ordered | undefined;
      for (const candidate of ordered) {
        if (!matches(candidate, method, path, body)) continue;
        if (candidate.skip > 0) candidate.skip -= 1;
        else due ??= candidate;
      }
      if (!due) return undefined;
      due.left -= 1;
      ordered = ordered.filter((o) => o.left > 0);
      return due.fault.do;
    },
    pending: () => ordered.map((o) => ({ ...o.fault, skip: o.skip, times: o.left })),
  };
}

function oneFault(value: unknown): Fault {
  if (typeof value !== "object" || value === null) throw new TypeError("a fault is an object");
  const { times, ...rest } = value as Omit<Fault, "times"> & { times?: number | "forever" };
  const effect = rest.do as FaultEffect | undefined;
  if (!effect || !KINDS.has(effect.kind)) {
    throw new TypeError(`a fault needs "do" with a "kind" of: ${[...KINDS].join(", ")}`);
  }
  if (times === undefined) return rest;
  return { ...rest, times: times === "forever" ? Infinity : times };
}

/** One fault or a list of them, as they come over the control port, where `times` may be `"forever"`. */
export function parseFaults(value: unknown): Fault[] {
  return (Array.isArray(value) ? value : [value]).map(oneFault);
}

/** What a `garbage` fault answers: bytes that no JSON parser takes, as a broken proxy might send. */
export const GARBAGE = "<html>\u0000\u0007}{ 502 something in between broke";

/** The first half of a body, at least one byte short of the whole. */
export function firstHalf(body: string): string {
  return body.slice(0, Math.floor(body.length / 2));
}
