/** What a request is for, and by which name it is found again in another run. */
import type { Site } from "../support/site.js";

export type System = "pve" | "entra";

/** Requests by meaning, in the order in which a pass comes to them. */
export const KINDS = [
  "PVE: nodes",
  "PVE: realm",
  "PVE: own rights",
  "PVE: lists",
  "PVE: one user",
  "PVE: user write",
  "PVE: group write",
  "PVE: ACL write",
  "PVE: realm write",
  "Entra: sign-in",
  "Entra: groups",
  "Entra: one group of a batch",
  "Entra: page of members",
  "Entra: own side",
  "Entra: one person of a batch",
  "Entra: application",
  "Entra: addPassword",
  "Entra: removePassword",
  "Entra: proof of the key in use",
  "Entra: proof of a new secret",
  "Entra: proof after the write",
] as const;
export type Kind = (typeof KINDS)[number];

export const WRITES: ReadonlySet<Kind> = new Set<Kind>([
  "PVE: user write",
  "PVE: group write",
  "PVE: ACL write",
  "PVE: realm write",
  "Entra: addPassword",
  "Entra: removePassword",
]);

/** One request of a run. */
export interface Met {
  readonly system: System;
  readonly kind: Kind;
  /** The same in each run of the same step; requests of one key come in the same order. */
  readonly key: string;
  /** 1 for the first of its key. */
  readonly n: number;
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** By kind, then key, then number: an order that no run changes. */
export function byMeaning(one: Met, other: Met): number {
  const kinds = KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind);
  if (kinds !== 0) return kinds;
  if (one.key !== other.key) return one.key < other.key ? -1 : 1;
  return one.n - other.n;
}

/** Counts requests by key. Parts of a batch count as requests, after the batch that they are in. */
export class Numbering {
  readonly #counts = new Map<string, number>();
  readonly #site: Pick<Site, "agentApp">;
  /** Which proofs these are depends on what has been written. */
  #stage: "before" | "made" | "written" = "before";

  constructor(site: Pick<Site, "agentApp">) {
    this.#site = site;
  }

  next(system: System, method: string, path: string, body: string): Met {
    const [bare = ""] = path.split("?");
    const kind = system === "pve" ? pveKind(method, bare) : this.#entraKind(bare, body);
    if (kind === "Entra: addPassword") this.#stage = "made";
    if (kind === "PVE: realm write") this.#stage = "written";
    const key = keyOf(system, kind, method, path);
    const n = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, n);
    return { system, kind, key, n, method, path, body };
  }

  #entraKind(path: string, body: string): Kind {
    if (path.endsWith("/oauth2/v2.0/token")) {
      if (body.includes(this.#site.agentApp.appId)) return "Entra: sign-in";
      if (this.#stage === "before") return "Entra: proof of the key in use";
      return this.#stage === "made"
        ? "Entra: proof of a new secret"
        : "Entra: proof after the write";
    }
    if (path.endsWith("/$batch")) {
      return body.includes("/users/") ? "Entra: own side" : "Entra: groups";
    }
    if (path.includes("/transitiveMembers")) return "Entra: page of members";
    if (path.startsWith("/v1.0/groups/")) return "Entra: one group of a batch";
    if (path.endsWith("/addPassword")) return "Entra: addPassword";
    if (path.endsWith("/removePassword")) return "Entra: removePassword";
    if (path.includes("/applications")) return "Entra: application";
    if (path.startsWith("/v1.0/users/") || path.startsWith("/v1.0/directory/")) {
      return "Entra: one person of a batch";
    }
    throw new Error(`what is this request to Entra for? ${path}`);
  }
}

function pveKind(method: string, path: string): Kind {
  const read = method === "GET";
  if (path.includes("/access/domains/")) return read ? "PVE: realm" : "PVE: realm write";
  if (path.includes("/access/permissions")) return "PVE: own rights";
  if (path.endsWith("/nodes")) return "PVE: nodes";
  if (read) return path.includes("/access/users/") ? "PVE: one user" : "PVE: lists";
  if (path.includes("/access/users")) return "PVE: user write";
  if (path.includes("/access/groups")) return "PVE: group write";
  if (path.includes("/access/acl")) return "PVE: ACL write";
  throw new Error(`what is this request to PVE for? ${method} ${path}`);
}

/** Whatever differs from run to run stays out: bodies, and the request id of a sign-in's query. */
function keyOf(system: System, kind: Kind, method: string, path: string): string {
  return `${system} ${kind} ${method} ${/token\?/.test(path) ? "token" : path}`;
}

/** For people: `PUT /access/users/anna@x@entra`; of ids the beginning. */
export function nameOf({ kind, method, path, n }: Met): string {
  const which = n === 1 ? "" : ` (${n})`;
  if (kind.includes("proof")) return `${kind.replace("Entra: ", "")}${which}`;
  const [bare = ""] = path.split("?");
  const short = bare
    .replace(/^\/(?:api2\/json|v1\.0)|^.*(?=\/token$)/, "")
    .replace(/([0-9a-f]{8})-[0-9a-f-]{27}/g, "$1…");
  return `${method} ${decodeURIComponent(short)}${which}`;
}
