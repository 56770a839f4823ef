/** What only ever grows. Whoever does something counts it here; `/metrics` shows the sums. */
import type { Change } from "../decide/plan.js";
import type { ErrorCode } from "../errors.js";

export type System = "entra" | "pve";

/** Labels to how often. */
type Sums<L> = Map<string, { readonly labels: L; count: number }>;

export interface ChangeLabels {
  readonly realm: string;
  readonly action: Change["kind"];
}

export interface RequestLabels {
  readonly system: System;
  readonly method: string;
  /** An HTTP status, or `none` where no answer came. */
  readonly status: string;
}

export class Counters {
  readonly #changes: Sums<ChangeLabels> = new Map();
  readonly #requests: Sums<RequestLabels> = new Map();
  readonly #errors: Sums<{ readonly code: ErrorCode }> = new Map();

  /** A change that PVE confirmed. */
  change(realm: string, action: Change["kind"]): void {
    add(this.#changes, { realm, action });
  }

  /** A request that was sent; without a status: no answer came. */
  request(system: System, method: string, status: number | undefined): void {
    add(this.#requests, { system, method, status: status === undefined ? "none" : `${status}` });
  }

  error(code: ErrorCode): void {
    add(this.#errors, { code });
  }

  get changes(): readonly Sum<ChangeLabels>[] {
    return [...this.#changes.values()];
  }

  get requests(): readonly Sum<RequestLabels>[] {
    return [...this.#requests.values()];
  }

  get errors(): readonly Sum<{ readonly code: ErrorCode }>[] {
    return [...this.#errors.values()];
  }
}

export interface Sum<L> {
  readonly labels: L;
  readonly count: number;
}

function add<L extends object>(sums: Sums<L>, labels: L): void {
  const key = JSON.stringify(labels);
  const sum = sums.get(key) ?? { labels, count: 0 };
  sum.count += 1;
  sums.set(key, sum);
}
