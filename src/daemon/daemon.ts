/** The daemon: schedule, control socket and reload around the passes. */
import { createAgent } from "../agent.js";
import type { Agent, AgentEvents, Memory } from "../agent.js";
import { loadConfig } from "../config/load.js";
import type { Config } from "../config/types.js";
import { controlSocket, listenForOrders } from "../control/index.js";
import type { ControlServer } from "../control/index.js";
import type { Action } from "../decide/plan.js";
import { AgentError, asAgentError } from "../errors.js";
import { healthOf, UNKNOWN_REALM } from "../health/index.js";
import type { Counters, HealthState } from "../health/index.js";
import type { Journal } from "../journal/index.js";
import type { NodeLock } from "../node-lock.js";
import type { PassReport } from "../pass/pass.js";
import { RotationSet } from "../pass/rotation-set.js";
import { Service, statusText } from "../systemd/index.js";
import { DaemonPasses } from "./daemon-passes.js";
import type { HealthDoor } from "./health-door.js";
import { carryOut } from "./orders.js";
import type { OrderedPass } from "./orders.js";
import { reloadFailed } from "./reload-failed.js";
import { Reloads } from "./reloads.js";
import { cronSchedule } from "./schedule.js";
import type { Schedule } from "./schedule.js";
import type { DaemonOptions, Ground } from "./start.js";
import type { StatusView } from "./status.js";

/** How long a stop waits for what is under way before it leaves it as it is. */
const STOP_MS = 4_300;

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #lock: NodeLock;
  readonly #journal: Journal;
  readonly #counters: Counters;
  readonly #health: HealthDoor;
  readonly #service: Service;
  readonly #memory: Memory = { rotations: new RotationSet() };
  readonly #stopping = new AbortController();
  readonly #passes: DaemonPasses;
  readonly #reloads = new Reloads(() => this.#reload());
  #config: Config;
  #agent: Agent;
  /** Agents of configurations before this one, whose rotations are still under way. */
  readonly #retired = new Set<Agent>();
  #schedule: Schedule | undefined;
  #control: ControlServer | undefined;

  /** Throws CREDENTIAL_INVALID or CONFIG_UNSAFE, as `createAgent` does. */
  constructor(options: DaemonOptions, ground: Ground) {
    this.#options = options;
    this.#config = ground.config;
    this.#lock = ground.lock;
    this.#journal = ground.journal;
    this.#counters = ground.counters;
    this.#health = ground.health;
    this.#service = options.service ?? new Service();
    this.#agent = this.#newAgent(ground.config);
    this.#passes = new DaemonPasses({
      machine: options.machine,
      journal: ground.journal,
      counters: ground.counters,
      service: this.#service,
      rotations: this.#memory.rotations,
      stopping: this.#stopping.signal,
      first: ground.first,
      inForce: () => ({ config: this.#config, agent: this.#agent }),
      onChange: () => this.#tellService(),
    });
  }

  /** Where health is served. */
  get healthUrl(): string {
    return this.#health.url;
  }

  get config(): Config {
    return this.#config;
  }

  /** As of this moment. */
  state(): HealthState {
    return this.#passes.state.now();
  }

  status(): StatusView {
    return this.#passes.status();
  }

  /** One pass, after those that are under way. Throws STOPPING while the daemon stops. */
  pass(order: OrderedPass, onDone?: (action: Action) => void): Promise<PassReport> {
    return this.#passes.pass(order, onDone);
  }

  /** Takes orders, sets the first pass going, and starts the schedule. */
  async begin(): Promise<void> {
    const { machine, version } = this.#options;
    this.#control = await listenForOrders({
      path: controlSocket(this.#config.state.dir, machine.env),
      log: machine.log,
      handlers: {
        sync: (order, emit) => carryOut({ kind: "sync", ...order }, this.#passes, emit),
        rotate: (order, emit) => carryOut({ kind: "rotate", ...order }, this.#passes, emit),
        status: () => this.status(),
      },
    });
    try {
      this.#journal.note("start", undefined, `version ${version}`);
    } catch (thrown) {
      await this.#control.close();
      throw thrown;
    }
    machine.log.info(
      {
        event: "STARTED",
        health: this.healthUrl,
        realms: this.#config.realms.map(({ name }) => name),
      },
      `pve-entra-agent ${version} has started`,
    );
    this.#service.begin({
      now: () => machine.clock.now(),
      nextDue: () => this.#schedule?.nextDue?.(),
      onStandstill: (why) =>
        machine.log.error(
          { event: "STANDSTILL", code: "INTERNAL" },
          `${why}: the watchdog will end this process, and systemd start another`,
        ),
    });
    void this.#passes.tick("start");
    this.#startSchedule();
    this.#tellService();
  }

  /**
   * Loads the configuration again, one reload at a time. A bad one leaves the old one in force, and
   * is told. Never throws.
   */
  reload(): Promise<void> {
    return this.#reloads.again();
  }

  /** Ends within five seconds: what is under way by then is an unknown outcome. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#options.machine.log.info({ event: "STOPPING" }, "stopping");
    this.#stopping.abort(new AgentError("STOPPING", "the daemon is stopping"));
    await this.#schedule?.stop();
    const agents = [this.#agent, ...this.#retired];
    const closed = agents.map((agent) => agent.close({ abort: true }));
    const atWork = Promise.allSettled([this.#passes.idle, this.#reloads.idle, ...closed]);
    await Promise.race([atWork, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
    await Promise.all([this.#health.close(), this.#control?.close(), this.#passes.close()]);
    this.#remember("stop", "stopped");
    this.#journal.close();
    this.#lock.release();
    this.#service.end();
  }

  /** systemd's view follows ours: ready once both sides were seen whole, or by another node. */
  #tellService(): void {
    const state = this.state();
    const { report } = healthOf(state);
    this.#service.status(statusText(report));
    if (state.observed || report.state === "standby") this.#service.ready();
  }

  async #reload(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await this.#service.reload(() => this.#loadAgain());
    this.#tellService();
  }

  async #loadAgain(): Promise<void> {
    const { log, env } = this.#options.machine;
    try {
      const config = loadConfig(this.#options.configFile, { env });
      if (config.state.dir !== this.#config.state.dir) {
        throw new AgentError("CONFIG_RELOAD_FAILED", "a new state.dir needs a restart");
      }
      await this.#replace(config);
      if (this.#stopping.signal.aborted) return;
      this.#reloaded(true);
      this.#remember("reload", "configuration loaded again");
      log.info({ event: "RELOADED" }, "the configuration was loaded again");
      void this.#passes.tick("reload");
    } catch (thrown) {
      const { message } = asAgentError(thrown);
      this.#reloaded(false);
      this.#counters.error("CONFIG_RELOAD_FAILED");
      reloadFailed(log, message);
      this.#remember("reload", "refused: the one before stays in force");
    }
  }

  #reloaded(ok: boolean): void {
    const { state } = this.#passes;
    state.left = { ...state.left, reload: { ok, at: this.#options.machine.clock.now() } };
  }

  /** What `history` shows; a disk that refuses it must not end the daemon. */
  #remember(kind: string, text: string): void {
    try {
      this.#journal.note(kind, undefined, text);
    } catch (thrown) {
      const { code, message } = asAgentError(thrown);
      this.#options.machine.log.error({ code }, message);
    }
  }

  async #replace(config: Config): Promise<void> {
    // An agent is built before anything of the old one goes: it may refuse its credentials.
    const agent = this.#newAgent(config);
    const old = this.#agent;
    try {
      await this.#health.move(config.health);
    } catch (thrown) {
      await agent.close({ abort: true });
      throw thrown;
    }
    // At once: whom the new configuration forbids to write ends before its next write (P8).
    this.#memory.lease = agent.lease;
    await this.#passes.idle;
    if (this.#stopping.signal.aborted) return agent.close({ abort: true });
    this.#config = config;
    this.#agent = agent;
    this.#passes.reconfigured();
    const { state } = this.#passes;
    const realms = config.realms.map(({ name }): [string, typeof UNKNOWN_REALM] => [
      name,
      state.left.realms.get(name) ?? UNKNOWN_REALM,
    ]);
    state.left = { ...state.left, realms: new Map(realms) };
    await this.#schedule?.stop();
    this.#startSchedule();
    this.#retired.add(old);
    void old.close({ abort: false }).then(() => this.#retired.delete(old));
  }

  #newAgent(config: Config): Agent {
    const events: AgentEvents = {
      onRequest: ({ system, method, status }) => {
        this.#service.stir();
        this.#counters.request(system, method, status === "none" ? undefined : Number(status));
      },
      // A plan is made once both sides were seen whole; the start need not wait for its writes.
      onPlan: () => this.#service.ready(),
      onDone: (action) => this.#passes.done(action),
    };
    return createAgent(config, this.#journal, this.#options.machine, events, this.#memory);
  }

  #startSchedule(): void {
    const start = this.#options.startSchedule ?? cronSchedule;
    const { log } = this.#options.machine;
    const tick = (trigger: string): Promise<void> => this.#passes.tick(trigger);
    this.#schedule = start(this.#config.schedule, tick, log);
    this.#service.rescheduled();
  }
}
