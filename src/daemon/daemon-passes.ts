/** Passes one after the other, and what each leaves in state, log, metrics and mail. */
import type { Agent, Machine } from "../agent.js";
import type { Config } from "../config/types.js";
import type { Action } from "../decide/plan.js";
import { AgentError, asAgentError } from "../errors.js";
import type { Counters, HealthState } from "../health/index.js";
import type { Journal } from "../journal/index.js";
import { Postman } from "../notify/index.js";
import type { PassOrder, PassReport } from "../pass/pass.js";
import type { RotationOutcome } from "../pass/rotate-tools.js";
import type { RotationSet } from "../pass/rotation-set.js";
import type { Service } from "../systemd/index.js";
import type { EventName } from "../systemd/message-ids.js";
import { Daily } from "./daily.js";
import { afterPass, afterRotation, afterThrown, withCredential } from "./health-state.js";
import { LiveState } from "./live-state.js";
import { completeOrder } from "./orders.js";
import type { OrderedPass, Passes } from "./orders.js";
import { giveMemoryBack } from "./rest.js";
import { statusOf } from "./status.js";
import type { StatusView } from "./status.js";
import { Teller } from "./teller.js";

/** How often, in real milliseconds, a pass that does not end is looked at. */
const LOOK_MS = 60_000;

export interface DaemonPassesOptions {
  readonly machine: Machine;
  readonly journal: Journal;
  readonly counters: Counters;
  readonly service: Service;
  readonly rotations: RotationSet;
  /** Aborted: no pass begins any more, and the one under way ends. */
  readonly stopping: AbortSignal;
  readonly first: HealthState;
  /** What the next pass goes by: a reload changes it. */
  readonly inForce: () => { readonly config: Config; readonly agent: Agent };
  /** The state has changed. */
  readonly onChange: () => void;
}

export class DaemonPasses implements Passes {
  readonly #options: DaemonPassesOptions;
  readonly #teller: Teller;
  readonly #daily: Daily;
  readonly #postman: Postman;
  readonly state: LiveState;
  #lastSync: PassReport | undefined;
  /** Ends of rotations that are told already. */
  readonly #told = new WeakSet<RotationOutcome>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: DaemonPassesOptions) {
    const { machine, journal, counters, rotations, first } = options;
    this.#options = options;
    this.#teller = new Teller(counters, machine.log);
    this.#daily = new Daily({ ...machine, journal });
    this.#postman = new Postman({ ...machine, cache: journal.cache }, this.config.notify);
    this.state = new LiveState(first, {
      config: () => this.config,
      rotations,
      beside: () => this.#postman.findings,
    });
  }

  get config(): Config {
    return this.#options.inForce().config;
  }

  /** Settled once every pass that was asked for so far has ended. */
  get idle(): Promise<unknown> {
    return this.#queue;
  }

  status(): StatusView {
    return statusOf(this.state.now(), this.#lastSync, this.#teller.findings, true);
  }

  /** One pass, after those that are under way. Throws STOPPING while the daemon stops. */
  pass(order: OrderedPass, onDone?: (action: Action) => void): Promise<PassReport> {
    const run = async (): Promise<PassReport> => {
      if (this.#options.stopping.aborted)
        throw new AgentError("STOPPING", "the daemon is stopping");
      return this.#pass(order, onDone);
    };
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** A pass that nobody waits for. */
  async tick(trigger: string): Promise<void> {
    try {
      await this.pass({ trigger, patient: true });
    } catch (thrown) {
      if (this.#options.stopping.aborted) return;
      const { code, message } = asAgentError(thrown);
      this.#options.machine.log.error({ code, err: thrown }, message);
    }
  }

  /** A write that PVE did. */
  done(action: Action): void {
    this.#teller.done(action);
  }

  /** Another configuration is in force. */
  reconfigured(): void {
    this.#postman.configure(this.config.notify);
    // The agent's own credential may be another one now.
    this.#daily.soon();
  }

  /** Gives up a mail that is on its way. */
  async close(): Promise<void> {
    await this.#postman.close();
  }

  async #pass(order: OrderedPass, onDone?: (action: Action) => void): Promise<PassReport> {
    const { service, stopping, onChange } = this.#options;
    const { config, agent } = this.#options.inForce();
    const full = completeOrder(order, config);
    const ended = service.pass();
    const unwatch = this.#watch(this.#now());
    try {
      const report = await agent.pass(full, onDone === undefined ? {} : { onDone }, stopping);
      // A wrong approval ID is the order's mistake: it says nothing about how the agent is.
      if (report.findings.some(({ code }) => code === "APPROVAL_UNKNOWN")) return report;
      this.#passed(report, full.approve?.by);
      await this.#daily.look(agent, stopping);
      this.#noteCredential();
      this.#postman.look(this.state.left);
      return report;
    } catch (thrown) {
      if (!stopping.aborted) this.#failed(full, thrown);
      throw thrown;
    } finally {
      unwatch();
      ended();
      onChange();
      giveMemoryBack();
    }
  }

  /** A pass that hangs until the watchdog ends it is told, too: it never comes to the look at its end. */
  #watch(began: number): () => void {
    const timer = setInterval(() => this.#postman.look(this.state.left, began), LOOK_MS).unref();
    return () => clearInterval(timer);
  }

  /** @param approvedBy who let held changes through; absent: nobody */
  #passed(report: PassReport, approvedBy: string | undefined): void {
    const wrote = this.state.left.lease.leader;
    this.state.left = afterPass(this.state.left, report);
    if (report.mayWrite && !wrote) this.#say("WRITER", "this node writes");
    if (approvedBy !== undefined) {
      this.#say("CHANGES_APPROVED", `held changes were let through by ${approvedBy}`);
    }
    if (report.plan !== undefined) this.#lastSync = report;
    this.#teller.pass(report, [...this.#daily.findings, ...this.#postman.findings]);
    for (const rotation of report.rotations) this.#follow(rotation);
  }

  #failed({ realms }: PassOrder, thrown: unknown): void {
    const { code } = asAgentError(thrown);
    const names = realms.map(({ name }) => name);
    this.state.left = afterThrown(this.state.left, names, code, this.#now());
    this.#options.counters.error(code);
    this.#postman.look(this.state.left);
  }

  #noteCredential(): void {
    this.state.left = withCredential(this.state.left, this.#daily.credentialEnds);
  }

  #say(event: EventName, message: string): void {
    this.#options.machine.log.info({ event }, message);
  }

  /** A rotation that an order waits for is in the order's report and in that of the pass that began it. */
  #follow(rotation: PassReport["rotations"][number]): void {
    rotation.then(
      (outcome) => {
        if (this.#told.has(outcome)) return;
        this.#told.add(outcome);
        const ofApp = this.config.realms.filter(({ clientId }) => clientId === outcome.clientId);
        const names = ofApp.map(({ name }) => name);
        this.state.left = afterRotation(this.state.left, outcome, names, this.#now());
        this.#teller.rotation(outcome.findings);
        this.#postman.look(this.state.left);
        for (const realm of outcome.ok ? outcome.written : []) {
          const fields = { event: "SECRET_RENEWED", realm, keyId: outcome.keyId } as const;
          this.#options.machine.log.info(fields, "the client secret was renewed");
        }
        this.#options.onChange();
      },
      () => undefined,
    );
  }

  #now(): number {
    return this.#options.machine.clock.now();
  }
}
