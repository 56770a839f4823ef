/** Two agents that rotate one SSO app at once, and what must be true after each of their writes. */
import type { Config } from "../../src/config/types.js";
import { seededRandom } from "../emulators/entra/random.js";
import type { Random } from "../emulators/entra/random.js";
import { readRealm } from "../emulators/signin/realm.js";
import { createBed } from "./two-writers-bed.js";
import type { Agent, Bed } from "./two-writers-bed.js";
import { configOf, REALM } from "./two-writers-config.js";
import { nextRequest } from "./two-writers-next.js";
import type { Parked } from "./two-writers-traffic.js";

const HOUR = 3_600_000;
/** Passes of each agent while both are disturbed; each may be ordered to rotate. */
const PASSES = 8;
/** As many when every pass is ordered to, more than there may be secrets. */
const ORDERS = 13;
/** Nobody makes more than twenty of one display name; two may look at nineteen at once. */
export const MOST_MADE = 21;
const MOST_STEPS = 50_000;

export interface KeyRun {
  readonly wrong: string[];
  readonly story: string[];
  /** Rotations that ended with a new key in the realm, and those that found another's there. */
  written: number;
  overtaken: number;
  /** Most of our display name at once. */
  most: number;
}

interface Rotator {
  readonly agent: Agent;
  /** Passes and rotations under way. */
  busy: number;
  passes: number;
}

export class TwoRotators {
  readonly run: KeyRun = { ...{ wrong: [], story: [] }, ...{ written: 0, overtaken: 0, most: 0 } };
  readonly #bed: Bed;
  readonly #random: Random;
  readonly #config: Config;
  readonly #rotators: readonly Rotator[];
  /** Key id to who made it; those made by hand are nobody's. */
  readonly #makers = new Map<string, string>();
  readonly #always: boolean;
  #last = "";
  readonly #constancy: number;

  private constructor(bed: Bed, random: Random, always: boolean) {
    this.#always = always;
    this.#bed = bed;
    this.#random = random;
    this.#constancy = [0.5, 0.9][random.index(2)] ?? 0;
    this.#config = configOf(bed.sso.appId, []);
    this.#rotators = ["pve1", "pve2"].map((name) => ({
      agent: bed.agent(name),
      busy: 0,
      passes: 0,
    }));
  }

  /** `always`: every pass is ordered to rotate, one soon after the other. */
  static async create(seed: number, always = false): Promise<TwoRotators> {
    const random = seededRandom(seed);
    const lag = random.index(2) === 0 ? { min: 0, max: 0 } : { min: 4, max: 60 };
    const secretDays = [180, 50, 3][random.index(3)] ?? 180;
    return new TwoRotators(await createBed({ seed, lag, secretDays }), random, always);
  }

  /** Passes and rotations of both, some ordered, while keys are changed and removed by hand. */
  async disturbed(): Promise<void> {
    for (let step = 0; ; step += 1) {
      if (step > MOST_STEPS) throw new Error("the agents ask for ever");
      const due = this.#rotators.filter(
        ({ busy, passes }) => busy === 0 && passes < (this.#always ? ORDERS : PASSES),
      );
      const atWork = this.#rotators.some(({ busy }) => busy > 0);
      if (!atWork && due.length === 0) return;
      if (due.length > 0 && (!atWork || this.#random.index(60) === 0)) {
        if (!atWork) this.#bed.traffic.pass(this.#random.index(this.#always ? 2 : 30) * HOUR);
        this.#begin(
          due[this.#random.index(due.length)] as Rotator,
          this.#always || this.#random.index(3) === 0,
        );
      } else if (this.#random.index(600) === 0) this.#byHand();
      else await this.#step();
    }
  }

  /** Days go by, and both pass: what each made and nobody uses is gone. */
  async atRest(): Promise<void> {
    this.#bed.tenant.world.settle();
    for (let day = 0; day < 4; day += 1) {
      this.#bed.traffic.pass(26 * HOUR);
      for (const rotator of this.#rotators) this.#begin(rotator, false);
      while (this.#rotators.some(({ busy }) => busy > 0)) await this.#step();
    }
    const key = this.#key();
    const left = this.#secrets().filter(({ keyId }) => this.#makers.has(keyId));
    const unused = left.filter(({ secretText }) => secretText !== key);
    for (const { keyId } of unused) {
      this.run.wrong.push(`${this.#makers.get(keyId) ?? ""} left its secret ${keyId}`);
    }
    if (!this.#works()) this.run.wrong.push("P1 in the end: Entra refuses the realm's key");
  }

  close(): void {
    for (const { agent } of this.#rotators) agent.journal.close();
  }

  #begin(rotator: Rotator, rotate: boolean): void {
    rotator.passes += 1;
    rotator.busy += 1;
    this.run.story.push(`${rotator.agent.name} passes${rotate ? ", and is to rotate" : ""}`);
    const ends = (): void => void (rotator.busy -= 1);
    rotator.agent.pass(this.#config, { rotate, secretsOnly: true }).then(
      async ({ report }) => {
        for (const rotation of report.rotations) {
          const { ok, findings } = await rotation;
          if (ok) this.run.written += 1;
          if (findings.some(({ code }) => code === "ROTATION_KEY_CHANGED")) this.run.overtaken += 1;
        }
        ends();
      },
      (thrown: unknown) => {
        this.run.wrong.push(`${rotator.agent.name} threw ${String(thrown)}`);
        ends();
      },
    );
  }

  /** An administrator puts a secret of their own into the realm, or edits the realm beside it. */
  #byHand(): void {
    const { hands, tenant, sso } = this.#bed;
    if (this.#random.index(2) === 0) {
      hands.setRealm(REALM, { comment: `desk ${this.#random.index(100)}` });
      this.run.story.push("by hand: the realm's comment");
      return;
    }
    const { secretText } = tenant.world.settled(() => tenant.world.addSecret(sso.id, { days: 90 }));
    hands.setRealm(REALM, { "client-key": secretText });
    this.run.story.push("by hand: a new key");
  }

  async #step(): Promise<void> {
    const turn = { last: this.#last, constancy: this.#constancy };
    const request = await nextRequest(this.#bed.traffic, this.#random, turn);
    if (request !== undefined) await this.#release(request);
  }

  async #release(request: Parked): Promise<void> {
    this.#last = request.who;
    const what = `${request.who}: ${request.method} ${request.path.split("?")[0] ?? ""}`;
    this.run.story.push(what);
    const before = new Set(this.#secrets().map(({ keyId }) => keyId));
    const [key, worked] = [this.#key(), this.#works()];
    await request.release();
    const now = new Set(this.#secrets().map(({ keyId }) => keyId));
    for (const keyId of now) if (!before.has(keyId)) this.#makers.set(keyId, request.who);
    for (const keyId of before) {
      if (now.has(keyId) || this.#makers.get(keyId) === request.who) continue;
      this.run.wrong.push(`${what} removed ${keyId} of ${this.#makers.get(keyId) ?? "somebody"}`);
    }
    const made = [...now].filter((keyId) => this.#makers.has(keyId)).length;
    this.run.most = Math.max(this.run.most, made);
    // A write is at fault for what it put there, or for breaking what worked until then.
    if (!this.#works() && (worked || key !== this.#key())) {
      this.run.wrong.push(`P1 after ${what}: Entra does not accept the realm's key everywhere`);
    }
  }

  /** P1, strictly: every replica has learnt of the realm's key, and its time is not over. */
  #works(): boolean {
    const { traffic, tenant, sso } = this.#bed;
    const key = this.#key();
    const secret = this.#secrets().find(({ secretText }) => secretText === key);
    const known = secret !== undefined && tenant.directory.learnt("secret", sso.id, secret.keyId);
    return known && traffic.now < secret.end;
  }

  #secrets(): ReturnType<Bed["tenant"]["world"]["secretsOf"]> {
    return this.#bed.tenant.world.secretsOf(this.#bed.sso.id);
  }

  #key(): string {
    return readRealm(this.#bed.state.domainsCfgText, REALM).clientKey ?? "";
  }
}
