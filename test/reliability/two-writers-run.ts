/** Agents that write at once, in an order drawn by chance, while the world changes. */
import type { Config } from "../../src/config/types.js";
import type { Plan } from "../../src/decide/plan.js";
import { seededRandom } from "../emulators/entra/random.js";
import type { Random } from "../emulators/entra/random.js";
import type { PveState } from "../emulators/pve/state.js";
import type { Agent } from "./two-writers-bed.js";
import { toTheEnd } from "./two-writers-drive.js";
import { happen } from "./two-writers-events.js";
import type { Windows } from "./two-writers-events.js";
import { copyOf, Law, newOf } from "./two-writers-law.js";
import { nextRequest } from "./two-writers-next.js";
import { createOrganisation, PATHS } from "./two-writers-organisation.js";
import type { Organisation } from "./two-writers-organisation.js";
import type { Parked } from "./two-writers-traffic.js";

/** How much happens while both are at work, and how many passes each makes meanwhile. */
const EVENTS = 25;
const PASSES = 6;
/** Rounds of quiet passes after which a site that nobody touches is at rest. */
const ENOUGH_ROUNDS = 10;
const MOST_STEPS = 20_000;

export interface Run {
  /** What was wrong, in words; empty: the run holds. */
  readonly wrong: string[];
  /** Every request and event in its order: the same seed gives the same. */
  readonly story: string[];
  writes: number;
  /** Writes that came while a pass of another agent was under way. */
  mixed: number;
  /** Writes of somebody whom others had overtaken, and how many of them gave more for a moment. */
  overtaken: number;
  beyond: number;
}

/** A pass under way: what it has read and what it wants (`two-writers-law.ts`). */
interface Under {
  readonly olds: PveState[];
  /** Whether its six reads are done. */
  observed: boolean;
  /** Somebody else has changed user.cfg since it began. */
  overtaken: boolean;
  plan?: Plan;
  readonly wanted: PveState[];
}

interface Writer {
  readonly agent: Agent;
  config: Config;
  passes: number;
  under?: Under;
  /** What it has read for the write that comes next. */
  readonly looked: Set<string>;
  wrote: boolean;
  /** What its last pass held: what the other one wrote is no entry of its own. */
  held: string | undefined;
}

export class TwoWriters {
  readonly run: Run = {
    ...{ wrong: [], story: [] },
    ...{ writes: 0, mixed: 0, overtaken: 0, beyond: 0 },
  };
  readonly #random: Random;
  readonly #org: Organisation;
  readonly #law = new Law(PATHS);
  readonly writers: readonly Writer[];
  /** How likely the next request is one of the agent that sent the last one. */
  readonly #constancy: number;
  #last = "";

  private constructor(org: Organisation, random: Random, names: readonly string[]) {
    this.#org = org;
    this.#random = random;
    this.#constancy = [0.5, 0.8, 0.95][random.index(3)] ?? 0;
    const config = org.configure(random);
    this.writers = names.map((name) => ({
      agent: org.bed.agent(name),
      config,
      passes: 0,
      looked: new Set<string>(),
      wrote: false,
      held: undefined,
    }));
  }

  /** `names`: of the nodes that write. */
  static async create(
    seed: number,
    names: readonly string[] = ["pve1", "pve2"],
  ): Promise<TwoWriters> {
    const random = seededRandom(seed);
    return new TwoWriters(await createOrganisation(seed, random), random, names);
  }

  /** It is changed for all of them at once. */
  get config(): Config {
    return (this.writers[0] as Writer).config;
  }

  get organisation(): Organisation {
    return this.#org;
  }

  /** Both at work, and the world changes between their requests. */
  async disturbed(): Promise<void> {
    let events = EVENTS;
    for (const writer of this.writers) writer.passes = 0;
    for (let step = 0; ; step += 1) {
      if (step > MOST_STEPS) throw new Error("the agents ask for ever");
      const idle = this.writers.filter(({ under }) => under === undefined);
      const due = idle.filter(({ passes }) => passes < PASSES);
      const over = idle.length === this.writers.length && due.length === 0;
      if (over && events === 0) return;
      if (over || (events > 0 && this.#random.index(12) === 0)) {
        events -= 1;
        await this.#happens();
      } else if (due.length > 0 && this.#random.index(4) === 0) {
        this.#begin(due[this.#random.index(due.length)] as Writer);
      } else await this.#step();
    }
  }

  /** Nothing changes any more; both pass until neither writes. */
  async atRest(): Promise<void> {
    const { bed } = this.#org;
    bed.tenant.world.settle();
    for (let round = 1; round <= ENOUGH_ROUNDS; round += 1) {
      bed.traffic.pass(600_000);
      const approved = this.writers.map(({ held }) => held);
      for (const writer of this.writers) {
        writer.wrote = false;
        this.#begin(writer);
      }
      while (this.writers.some(({ under }) => under !== undefined)) await this.#step();
      // What is held for the first time is let through in the next round.
      const news = this.writers.some(({ wrote, held }, n) => wrote || held !== approved[n]);
      if (!news) return;
    }
    this.run.wrong.push(`still writing after ${ENOUGH_ROUNDS} rounds`);
  }

  /** A third agent without a journal finds nothing to write: nobody is stuck between the two. */
  async lookedAtBy(name: string): Promise<void> {
    const { bed } = this.#org;
    const agent = bed.agent(name);
    const { report } = await toTheEnd(bed, agent.pass(this.config));
    agent.journal.close();
    const written = report.done.map(({ write }) => JSON.stringify(write));
    if (written.length > 0) this.run.wrong.push(`a third agent writes ${written.join(", ")}`);
  }

  close(): void {
    for (const { agent } of this.writers) agent.journal.close();
  }

  async #happens(): Promise<void> {
    const { traffic } = this.#org.bed;
    if (this.#random.index(5) === 0) traffic.pass(1000 * this.#random.index(1200));
    if (this.#random.index(8) === 0) {
      // A pass under way goes on with the one before, on whichever node it is.
      const config = this.#org.configure(this.#random);
      for (const writer of this.writers) writer.config = config;
      this.run.story.push("both nodes have another configuration");
      return;
    }
    const before = this.#org.bed.state.userCfgText;
    const what = happen(this.#org, this.#random, this.#windows());
    if (what !== undefined) this.run.story.push(what);
    if (this.#org.bed.state.userCfgText === before) return;
    this.#changed(this.writers);
    for (const { under } of this.writers) if (under !== undefined) await this.#want(under);
  }

  #windows(): Windows {
    const looked = this.writers.flatMap((writer) => [...writer.looked]);
    return {
      about: (name) => looked.some((path) => path.endsWith(`/${name}`)),
      acl: looked.includes("/access/acl"),
    };
  }

  #begin(writer: Writer): void {
    writer.passes += 1;
    const under: Under = { olds: [], observed: false, overtaken: false, wanted: [] };
    writer.under = under;
    this.#noteState();
    const { ledger } = this.#org;
    let planning = Promise.resolve();
    const planned = (plan: Plan): void => {
      under.plan = plan;
      planning = this.#want(under);
    };
    this.run.story.push(`${writer.agent.name} begins pass ${writer.passes}`);
    const end = (): void => {
      delete writer.under;
      writer.looked.clear();
      for (const state of [...under.olds, ...under.wanted]) ledger.followers.delete(state);
    };
    // An administrator lets through whatever the pass before has held.
    const approve = writer.held === undefined ? {} : { approve: writer.held };
    writer.agent.pass(writer.config, { planned, ...approve }).then(
      ({ report }) => {
        writer.held = report.plan?.approvalId;
        void planning.then(end);
      },
      (thrown: unknown) => {
        this.run.wrong.push(`${writer.agent.name} threw ${String(thrown)}`);
        end();
      },
    );
  }

  /** The pass's plan as it comes out if everything by hand so far had come before it. */
  async #want(under: Under): Promise<void> {
    const old = under.olds.at(-1);
    if (old === undefined || under.plan === undefined) return;
    const wanted = await newOf(under.plan, old);
    under.wanted.push(wanted);
    this.#org.ledger.followers.add(wanted);
  }

  /** What every pass that is reading may see from now on. */
  #noteState(): void {
    for (const { under } of this.writers) {
      if (under === undefined || under.observed) continue;
      const old = copyOf(this.#org.bed.state);
      under.olds.push(old);
      this.#org.ledger.followers.add(old);
    }
  }

  async #step(): Promise<void> {
    const turn = { last: this.#last, constancy: this.#constancy };
    const request = await nextRequest(this.#org.bed.traffic, this.#random, turn);
    if (request !== undefined) await this.#release(request);
  }

  async #release(request: Parked): Promise<void> {
    const writer = this.writers.find(({ agent }) => agent.name === request.who) as Writer;
    this.#last = request.who;
    const path = decodeURIComponent(request.path.replace("/api2/json", "").split("?")[0] ?? "");
    this.run.story.push(
      `${request.who}: ${request.method} ${path} ${decodeURIComponent(request.body)}`,
    );
    if (request.system !== "pve") {
      // Entra is asked once PVE has been read.
      if (writer.under !== undefined) writer.under.observed = true;
      return request.release();
    }
    if (request.method === "GET") {
      if (writer.under?.observed === true) writer.looked.add(path);
      return request.release();
    }
    await this.#write(writer, request, path);
  }

  async #write(writer: Writer, request: Parked, path: string): Promise<void> {
    const { state } = this.#org.bed;
    const before = copyOf(state);
    writer.looked.clear();
    // Before: the pass may end with this very write.
    const others = this.writers.filter((other) => other !== writer);
    const own = given([writer]);
    const all = given(this.writers);
    const overtaken = writer.under?.overtaken === true;
    if (others.some(({ under }) => under !== undefined)) this.run.mixed += 1;
    await request.release();
    this.run.writes += 1;
    if (overtaken) this.run.overtaken += 1;
    if (before.userCfgText === state.userCfgText) return;
    writer.wrote = true;
    this.#changed(others);
    if (request.method === "DELETE" && path.startsWith("/access/users/")) this.#deleted(path);
    const what = `after ${request.who}: ${request.method} ${path}`;
    const tell = (law: string, said: readonly string[]): void => {
      for (const one of said) this.run.wrong.push(`P3 (${law}) ${what}: ${one}`);
    };
    if (!overtaken) tell("rights", this.#law.rights(state, [before, ...own]));
    else if (this.#law.rights(state, [before, ...all]).length > 0) this.run.beyond += 1;
    tell("facts", this.#law.facts(state, [before, ...all]));
  }

  /** user.cfg was changed: these have not done it. */
  #changed(others: readonly Writer[]): void {
    for (const { under } of others) if (under !== undefined) under.overtaken = true;
    this.#noteState();
  }

  #deleted(path: string): void {
    const { ledger } = this.#org;
    const userid = path.slice("/access/users/".length);
    if (!ledger.reused.has(userid)) this.run.wrong.push(`${userid} was deleted`);
    ledger.gone(userid);
  }
}

/** Old and new of their passes under way. */
function given(writers: readonly Writer[]): readonly PveState[] {
  return writers.flatMap(({ under }) =>
    under === undefined ? [] : [...under.olds, ...under.wanted],
  );
}
