import type { Service } from "../service.js";
import type { Call, Route } from "./call.js";
import { GRAPH_ERRORS } from "./errors.js";

/** Budgets run over ten seconds, per app and tenant (Microsoft: "throttling limits", identity). */
const WINDOW_MS = 10_000;

/** Units of a request: `$select` makes it cheaper, so does a page under 20, `$expand` dearer. */
export function unitsOf(route: Route | undefined, query: URLSearchParams): number {
  const top = query.get("$top");
  let units = route?.cost ?? 1;
  if (query.has("$select")) units -= 1;
  if (query.has("$expand")) units += 1;
  if (top !== null && Number(top) < 20) units -= 1;
  return Math.max(1, units);
}

/** Microsoft's budget for a tenant of this size. */
export function budgetFor(people: number): number {
  if (people < 50) return 3500;
  return people <= 500 ? 5000 : 8000;
}

/** Counts units per app, and refuses what goes beyond the budget. */
export class Throttle {
  private readonly spent = new Map<string, { at: number; units: number }[]>();

  /** `budget`: units per ten seconds, `tenant` for Microsoft's figure, undefined for no limit. */
  constructor(
    private readonly service: Service,
    private readonly budget: number | "tenant" | undefined,
  ) {}

  /** Charges a request, or refuses it: on order, or because the budget is used up. */
  charge(call: Pick<Call, "caller">, units: number): void {
    const ordered = this.service.settings.throttles.shift();
    if (ordered) throw GRAPH_ERRORS.tooMany(ordered.retryAfter);
    if (this.budget === undefined) return;
    const now = this.service.clock.now();
    const recent = (this.spent.get(call.caller.appId) ?? []).filter(
      (entry) => entry.at > now - WINDOW_MS && entry.at <= now,
    );
    const used = recent.reduce((sum, entry) => sum + entry.units, 0);
    if (used + units > this.limit()) {
      const oldest = recent[0]?.at ?? now;
      throw GRAPH_ERRORS.tooMany(Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000)));
    }
    this.spent.set(call.caller.appId, [...recent, { at: now, units }]);
  }

  private limit(): number {
    if (this.budget !== "tenant") return this.budget ?? Infinity;
    return budgetFor(this.service.directory.truth.rows("user").length);
  }
}
