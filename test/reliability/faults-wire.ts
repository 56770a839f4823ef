/** Stands in the way of every request of a site: numbers it, and lets one fault happen. */
import type { FaultEffect, Faults } from "../emulators/common/faults.js";
import { createAuthority, issueForLoopback } from "../emulators/common/tls.js";
import type { IssuedCertificate } from "../emulators/common/tls.js";
import type { Clock } from "../../src/clock.js";
import type { Site } from "../support/site.js";
import type { Around, FaultKind } from "./faults-list.js";
import { Numbering } from "./faults-request.js";
import type { Met, System } from "./faults-request.js";

const HOUR_MS = 60 * 60_000;

/** A fault, the request that it begins at, and whether it stays until the pass ends. */
export interface Ordered {
  readonly fault: FaultKind;
  readonly at: Pick<Met, "key" | "n">;
  readonly lasts: boolean;
}

export class Wire {
  readonly #site: Site;
  #numbering: Numbering;
  #met: Met[] = [];
  #ordered: Ordered | undefined;
  #begun: Met | undefined;
  #hits = 0;
  #offMs = 0;
  readonly #wrong: IssuedCertificate;

  private constructor(site: Site, wrong: IssuedCertificate) {
    this.#site = site;
    this.#wrong = wrong;
    this.#numbering = new Numbering(site);
    this.#stand("pve", site.pve.faults);
    this.#stand("entra", site.entra.faults);
  }

  static async before(site: Site): Promise<Wire> {
    return new Wire(site, await issueForLoopback(await createAuthority("somebody else")));
  }

  /** Every request since `begin`, in the order in which they came. */
  get met(): readonly Met[] {
    return this.#met;
  }

  /** How many requests the fault has hit. */
  get hits(): number {
    return this.#hits;
  }

  /** The program's clock: the site's, or an hour away from it. */
  get clock(): Clock {
    const { clock } = this.#site;
    return {
      now: () => clock.now() + this.#offMs,
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    };
  }

  /** Counts from one again, and lets this happen. */
  begin(ordered?: Ordered): void {
    this.#numbering = new Numbering(this.#site);
    this.#met = [];
    this.#ordered = ordered;
    this.#begun = undefined;
    this.#hits = 0;
  }

  /** Everything is well again. */
  end(): void {
    this.#ordered = undefined;
    if (this.#begun === undefined) return;
    if (this.#offMs === 0) this.#side(this.#begun.system).showCertificate();
    this.#offMs = 0;
    this.#begun = undefined;
  }

  #side(system: System): Site["pve"] | Site["entra"] {
    return system === "pve" ? this.#site.pve : this.#site.entra;
  }

  #stand(system: System, faults: Faults): void {
    faults.take = (method, path, body = "") => {
      const met = this.#numbering.next(system, method, path, body);
      this.#met.push(met);
      return this.#effect(met);
    };
  }

  #effect(met: Met): FaultEffect | undefined {
    if (this.#ordered === undefined) return undefined;
    const { fault, at, lasts } = this.#ordered;
    const first = met.key === at.key && met.n === at.n;
    const again = lasts && this.#begun?.system === met.system && fault.fits(met);
    if (!first && !again) return undefined;
    this.#begun ??= met;
    this.#hits += 1;
    if (fault.around !== undefined) return this.#around(fault.around, met.system);
    return fault.effect?.(met);
  }

  #around(what: Around, system: System): FaultEffect | undefined {
    if (what === "wrong certificate") {
      this.#side(system).showCertificate(this.#wrong);
      return { kind: "cut", when: "before" };
    }
    this.#offMs = what === "clock an hour ahead" ? HOUR_MS : -HOUR_MS;
    return undefined;
  }
}
