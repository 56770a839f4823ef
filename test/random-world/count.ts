/** How often random worlds reach the corners that they are there for. */
import type { Told } from "./life.js";

/** A name, and how many cases had it. */
export class Tally {
  cases = 0;
  passes = 0;
  writes = 0;
  readonly #seen = new Map<string, number>();
  #now = new Set<string>();

  /** One case is over: what it had is counted once. */
  close(): void {
    this.cases += 1;
    for (const name of this.#now) this.#seen.set(name, (this.#seen.get(name) ?? 0) + 1);
    this.#now = new Set();
  }

  note(name: string): void {
    this.#now.add(name);
  }

  pass({ site, step, result }: Told): void {
    this.passes += 1;
    const { outcome, thrown, looks } = result;
    if (thrown !== undefined) this.note(`impossible pass`);
    if (step.lies.length > 0) this.note("Entra misheard");
    if (site.config.realms.length > 1) this.note("two realms");
    if (looks.length > 1) this.note("looked again");
    if (looks.some(({ facts }) => facts.history.approvals.length > 0)) this.note("approved");
    for (const { write, moment, id } of outcome?.done ?? []) {
      this.writes += 1;
      this.note(write.kind === "acl" ? (write.delete ? "revoke" : "grant") : write.kind);
      if (moment === true) this.note("a moment");
      if (/\/(join|leave|1|2|possible|missing|taking|giving|comment|names)$/.test(id))
        this.note("a split write");
    }
    for (const { change } of outcome?.plan.holds ?? []) this.note(`held ${change.kind}`);
    if ((outcome?.plan.waiting.length ?? 0) > 0) this.note("something waits");
    for (const { code } of [...(outcome?.plan.findings ?? []), ...(outcome?.findings ?? [])]) {
      this.note(code);
    }
  }

  share(name: string): number {
    return this.cases === 0 ? 0 : (this.#seen.get(name) ?? 0) / this.cases;
  }

  /** `a moment 4 %, approved 31 %, …` */
  shares(): string {
    return [...this.#seen.keys()]
      .sort()
      .map((name) => `${name} ${(100 * this.share(name)).toFixed(1)} %`)
      .join(", ");
  }
}
