/** The rotations under way, one at a time per SSO app, and the values of secrets not yet written. */
import type { PendingSecret } from "../decide/rotation-facts.js";
import { AgentError } from "../errors.js";
import type { IntentId } from "../journal/types.js";
import type { Secret } from "../secret.js";
import type { RotationOutcome } from "./rotate-tools.js";

/**
 * A secret that was made and is in no realm yet. Entra gives its value once, so it lives here and
 * nowhere else: after a crash the secret is an orphan, and cleaned up as one.
 */
export interface Pending extends PendingSecret {
  readonly intent: IntentId;
  readonly secret: Secret;
}

export type RotationStage = "making" | "resting" | "proving" | "writing" | "proving what PVE holds";

export interface Running {
  readonly realms: readonly string[];
  readonly since: number;
  readonly stage: RotationStage;
}

interface Slot {
  running?: Running;
  pending?: Pending;
  /** Of the rotation under way, or of the last one. */
  outcome?: Promise<RotationOutcome>;
  /** Aborted as soon as somebody waits for the rotation under way. */
  awaited: AbortController;
}

/** Lets passes go on beside rotations, and one rotation at a time on each app. */
export class RotationSet {
  readonly #slots = new Map<string, Slot>();

  running(clientId: string): Running | undefined {
    return this.#slots.get(clientId)?.running;
  }

  pending(clientId: string): Pending | undefined {
    return this.#slots.get(clientId)?.pending;
  }

  /** Keeps the value of a secret until it is written or given up (`undefined`). */
  keep(clientId: string, pending: Pending | undefined): void {
    const slot = this.#slot(clientId);
    if (pending === undefined) delete slot.pending;
    else slot.pending = pending;
  }

  stage(clientId: string, stage: RotationStage): void {
    const slot = this.#slots.get(clientId);
    if (slot?.running) slot.running = { ...slot.running, stage };
  }

  /** Aborted once somebody waits for the rotation of this app that is under way. */
  awaited(clientId: string): AbortSignal {
    return this.#slot(clientId).awaited.signal;
  }

  /** How the rotation under way ends, for somebody who waits: what rests for safety's sake goes on. */
  join(clientId: string): Promise<RotationOutcome> | undefined {
    const slot = this.#slots.get(clientId);
    if (slot?.running === undefined) return undefined;
    slot.awaited.abort();
    return slot.outcome;
  }

  /** Runs a rotation; throws where one of this app is under way (`running` tells beforehand). */
  async run(
    clientId: string,
    realms: readonly string[],
    now: number,
    work: () => Promise<RotationOutcome>,
  ): Promise<RotationOutcome> {
    const slot = this.#slot(clientId);
    if (slot.running) {
      throw new AgentError("INTERNAL", `a rotation of app ${clientId} is under way already`);
    }
    slot.running = { realms, since: now, stage: "making" };
    slot.awaited = new AbortController();
    slot.outcome = work().finally(() => {
      delete slot.running;
    });
    return slot.outcome;
  }

  /** Resolves once no rotation is under way: abort their signal first. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#slots.values()].flatMap(({ outcome }) => outcome ?? []));
  }

  #slot(clientId: string): Slot {
    const slot = this.#slots.get(clientId) ?? { awaited: new AbortController() };
    this.#slots.set(clientId, slot);
    return slot;
  }
}
