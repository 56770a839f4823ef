/** The daemon: schedule, control socket and health around the passes. */
import { createAgent } from "../agent.js";
import type { Agent, Machine, Memory } from "../agent.js";
import { loadConfig } from "../config/load.js";
import type { Config, HealthConfig } from "../config/types.js";
import type { Action } from "../decide/plan.js";
import { AgentError, asAgentError } from "../errors.js";
import { Counters, createHealth, healthOf, UNKNOWN_REALM } from "../health/index.js";
import type { Health, HealthState } from "../health/index.js";
import { openJournal } from "../journal/index.js";
import type { Journal } from "../journal/index.js";
import { Postman } from "../notify/index.js";
import { acquireNodeLock } from "../node-lock.js";
import type { NodeLock } from "../node-lock.js";
import type { PassReport } from "../pass/pass.js";
import { RotationSet } from "../pass/rotation-set.js";
import { Service, statusText } from "../systemd/index.js";
import { controlSocket, listenForOrders } from "../control/index.js";
import type { ControlServer } from "../control/index.js";
import type { EventName } from "../systemd/message-ids.js";
import { reloadFailed } from "./reload-failed.js";
import { Daily } from "./daily.js";
import { HealthDoor } from "./health-door.js";
import { Teller } from "./teller.js";
import { afterPass, afterRotation, afterThrown, knownRealms } from "./health-state.js";
import { carryOut, completeOrder } from "./orders.js";
import type { OrderedPass } from "./orders.js";
import { giveMemoryBack } from "./rest.js";
import { cronSchedule } from "./schedule.js";
import type { Schedule, StartSchedule } from "./schedule.js";
import { statusOf } from "./status.js";
import type { StatusView } from "./status.js";

export interface DaemonOptions {
  readonly configFile: string;
  readonly machine: Machine;
  readonly version: string;
  /** Absent: node-cron on the machine's clock. */
  readonly startSchedule?: StartSchedule;
  /** Absent: nobody listens. */
  readonly service?: Service;
}

/** How long a stop waits for what is under way before it leaves it as it is. */
const STOP_MS = 4_300;

/**
 * Starts everything and returns; the first pass is under way then. Throws what makes a start
 * impossible: a ConfigError, NODE_LOCKED, JOURNAL_TOO_NEW, JOURNAL_UNWRITABLE, HEALTH_LISTEN.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const config = loadConfig(options.configFile, { env: options.machine.env });
  const lock = acquireNodeLock(config.state.dir);
  try {
    const { clock, log, nodeName, machineId } = options.machine;
    const journal = openJournal({ dir: config.state.dir, clock, log, nodeName, machineId });
    try {
      const daemon = new Daemon(options, config, lock, journal);
      await daemon.begin();
      return daemon;
    } catch (thrown) {
      journal.close();
      throw thrown;
    }
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #lock: NodeLock;
  readonly #journal: Journal;
  readonly #counters = new Counters();
  readonly #memory: Memory = { rotations: new RotationSet() };
  readonly #stopping = new AbortController();
  #config: Config;
  #agent: Agent;
  readonly #health: HealthDoor;
  readonly #teller: Teller;
  readonly #postman: Postman;
  #schedule: Schedule | undefined;
  #control: ControlServer | undefined;
  #state: HealthState;
  #lastSync: PassReport | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  /** The reload that has not begun yet: signals that come until then ask for the same. */
  #nextReload: Promise<void> | undefined;
  #reloads: Promise<void> = Promise.resolve();
  /** Agents of configurations before this one, whose rotations are still under way. */
  readonly #retired = new Set<Agent>();
  readonly #daily: Daily;
  readonly #service: Service;

  constructor(options: DaemonOptions, config: Config, lock: NodeLock, journal: Journal) {
    this.#options = options;
    this.#config = config;
    this.#lock = lock;
    this.#journal = journal;
    this.#daily = new Daily({ ...options.machine, journal });
    this.#teller = new Teller(this.#counters, options.machine.log);
    this.#postman = new Postman({ ...options.machine, cache: journal.cache }, config.notify);
    this.#service = options.service ?? new Service();
    this.#agent = this.#newAgent(config);
    const health = (door: HealthConfig): Health =>
      createHealth({
        state: () => this.#stateNow(),
        counters: this.#counters,
        config: door,
        log: options.machine.log,
      });
    this.#health = new HealthDoor(health, config.health);
    this.#state = {
      version: options.version,
      startedAt: options.machine.clock.now(),
      observed: false,
      lease: { leader: false },
      reload: { ok: true },
      realms: knownRealms(config, journal),
      findings: new Map(),
    };
  }

  /** Where health is served, once `begin` is done. */
  get healthUrl(): string {
    return this.#health.url;
  }

  get config(): Config {
    return this.#config;
  }

  /** Listens, sets the first pass going, and starts the schedule. */
  async begin(): Promise<void> {
    this.#control = await listenForOrders({
      path: controlSocket(this.#config.state.dir, this.#options.machine.env),
      log: this.#options.machine.log,
      handlers: {
        sync: (order, emit) => carryOut({ kind: "sync", ...order }, this, emit),
        rotate: (order, emit) => carryOut({ kind: "rotate", ...order }, this, emit),
        status: () => this.status(),
      },
    });
    try {
      await this.#health.listen();
      this.#journal.note("start", undefined, `version ${this.#options.version}`);
    } catch (thrown) {
      // Whatever still listens would keep a process alive that does nothing.
      await Promise.all([this.#health.close(), this.#control.close()]);
      throw thrown;
    }
    this.#options.machine.log.info(
      {
        event: "STARTED",
        health: this.healthUrl,
        realms: this.#config.realms.map(({ name }) => name),
      },
      `pve-entra-agent ${this.#options.version} has started`,
    );
    this.#service.begin({
      now: () => this.#options.machine.clock.now(),
      nextDue: () => this.#schedule?.nextDue?.(),
      onStandstill: (why) =>
        this.#options.machine.log.error(
          { event: "STANDSTILL", code: "INTERNAL" },
          `${why}: the watchdog will end this process, and systemd start another`,
        ),
    });
    void this.#tick("start");
    this.#startSchedule();
    this.#tellService();
  }

  /** systemd's view follows ours: ready once both sides were seen whole, or by another node. */
  #tellService(): void {
    const { report } = healthOf(this.#stateNow());
    this.#service.status(statusText(report));
    if (this.#state.observed || report.state === "standby") this.#service.ready();
  }

  /** One pass, after those that are under way. Throws STOPPING while the daemon stops. */
  pass(order: OrderedPass, onDone?: (action: Action) => void): Promise<PassReport> {
    const run = async (): Promise<PassReport> => {
      if (this.#stopping.signal.aborted) throw new AgentError("STOPPING", "the daemon is stopping");
      return this.#pass(order, onDone);
    };
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  status(): StatusView {
    return statusOf(this.#stateNow(), this.#lastSync, this.#teller.findings, true);
  }

  /**
   * Loads the configuration again, one reload at a time. A bad one leaves the old one in force, and
   * is told. Never throws.
   */
  reload(): Promise<void> {
    this.#nextReload ??= this.#reloads.then(() => {
      this.#nextReload = undefined;
      return this.#reload();
    });
    this.#reloads = this.#nextReload;
    return this.#nextReload;
  }

  async #reload(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await this.#service.reload(() => this.#loadAgain());
    this.#tellService();
  }

  async #loadAgain(): Promise<void> {
    const { log, clock, env } = this.#options.machine;
    try {
      const config = loadConfig(this.#options.configFile, { env });
      if (config.state.dir !== this.#config.state.dir) {
        throw new AgentError("CONFIG_RELOAD_FAILED", "a new state.dir needs a restart");
      }
      await this.#replace(config);
      if (this.#stopping.signal.aborted) return;
      this.#state = { ...this.#state, reload: { ok: true, at: clock.now() } };
      this.#journal.note("reload", undefined, "configuration loaded again");
      log.info({ event: "RELOADED" }, "the configuration was loaded again");
      void this.#tick("reload");
    } catch (thrown) {
      const { message } = asAgentError(thrown);
      this.#state = { ...this.#state, reload: { ok: false, at: clock.now() } };
      this.#counters.error("CONFIG_RELOAD_FAILED");
      reloadFailed(log, message);
      this.#remember("reload", "refused: the one before stays in force");
    }
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

  /** Ends within five seconds: what is under way by then is an unknown outcome. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#options.machine.log.info({ event: "STOPPING" }, "stopping");
    this.#stopping.abort(new AgentError("STOPPING", "the daemon is stopping"));
    await this.#schedule?.stop();
    const agents = [this.#agent, ...this.#retired];
    const closed = agents.map((agent) => agent.close({ abort: true }));
    const atWork = Promise.allSettled([this.#queue, this.#reloads, ...closed]);
    await Promise.race([atWork, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())]);
    await Promise.all([this.#health.close(), this.#control?.close(), this.#postman.close()]);
    this.#remember("stop", "stopped");
    this.#journal.close();
    this.#lock.release();
    this.#service.end();
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
    await this.#queue;
    if (this.#stopping.signal.aborted) return agent.close({ abort: true });
    this.#config = config;
    this.#agent = agent;
    this.#postman.configure(config.notify);
    // The agent's own credential may be another one now.
    this.#daily.soon();
    const realms = config.realms.map(({ name }): [string, typeof UNKNOWN_REALM] => [
      name,
      this.#state.realms.get(name) ?? UNKNOWN_REALM,
    ]);
    this.#state = { ...this.#state, realms: new Map(realms) };
    await this.#schedule?.stop();
    this.#startSchedule();
    this.#retired.add(old);
    void old.close({ abort: false }).then(() => this.#retired.delete(old));
  }

  #newAgent(config: Config): Agent {
    const events = {
      onRequest: ({ system, method, status }: Parameters<Required<Events>["onRequest"]>[0]) => {
        this.#service.stir();
        this.#counters.request(system, method, status === "none" ? undefined : Number(status));
      },
      // A plan is made once both sides were seen whole; the start need not wait for its writes.
      onPlan: () => this.#service.ready(),
      onDone: (action: Action) => this.#teller.done(action),
    };
    return createAgent(config, this.#journal, this.#options.machine, events, this.#memory);
  }

  #startSchedule(): void {
    const start = this.#options.startSchedule ?? cronSchedule;
    const { log } = this.#options.machine;
    this.#schedule = start(this.#config.schedule, (trigger) => this.#tick(trigger), log);
    this.#service.rescheduled();
  }

  /** A pass that nobody waits for. */
  async #tick(trigger: string): Promise<void> {
    try {
      await this.pass({ trigger, patient: true });
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      const { code, message } = asAgentError(thrown);
      this.#options.machine.log.error({ code, err: thrown }, message);
    }
  }

  async #pass(order: OrderedPass, onDone?: (action: Action) => void): Promise<PassReport> {
    const full = completeOrder(order, this.#config);
    const events = onDone === undefined ? {} : { onDone };
    const ended = this.#service.pass();
    try {
      const report = await this.#agent.pass(full, events, this.#stopping.signal);
      // A wrong approval ID is the order's mistake: it says nothing about how the agent is.
      if (report.findings.some(({ code }) => code === "APPROVAL_UNKNOWN")) return report;
      const wrote = this.#state.lease.leader;
      this.#state = afterPass(this.#state, report);
      if (report.mayWrite && !wrote) this.#say("WRITER", "this node writes");
      if (full.approve !== undefined) {
        this.#say("CHANGES_APPROVED", `held changes were let through by ${full.approve.by}`);
      }
      if (report.plan !== undefined) this.#lastSync = report;
      this.#teller.pass(report, [...this.#daily.findings, ...this.#postman.findings]);
      for (const rotation of report.rotations) this.#follow(rotation);
      await this.#daily.look(this.#agent, this.#stopping.signal);
      this.#noteCredential();
      this.#postman.look(this.#state);
      return report;
    } catch (thrown) {
      if (this.#stopping.signal.aborted) throw thrown;
      const { code } = asAgentError(thrown);
      const names = full.realms.map(({ name }) => name);
      this.#state = afterThrown(this.#state, names, code, this.#options.machine.clock.now());
      this.#counters.error(code);
      this.#postman.look(this.#state);
      throw thrown;
    } finally {
      ended();
      this.#tellService();
      giveMemoryBack();
    }
  }

  #noteCredential(): void {
    const { credentialEnds } = this.#daily;
    if (credentialEnds !== undefined) this.#state = { ...this.#state, credentialEnds };
  }

  #say(event: EventName, message: string): void {
    this.#options.machine.log.info({ event }, message);
  }

  #follow(rotation: PassReport["rotations"][number]): void {
    const { log, clock } = this.#options.machine;
    rotation.then(
      (outcome) => {
        const ofApp = this.#config.realms.filter(({ clientId }) => clientId === outcome.clientId);
        const names = ofApp.map(({ name }) => name);
        this.#state = afterRotation(this.#state, outcome, names, clock.now());
        this.#teller.rotation(outcome.findings);
        this.#postman.look(this.#state);
        for (const realm of outcome.ok ? outcome.written : []) {
          const fields = { event: "SECRET_RENEWED", realm, keyId: outcome.keyId } as const;
          log.info(fields, "the client secret was renewed");
        }
        this.#tellService();
      },
      () => undefined,
    );
  }

  #stateNow(): HealthState {
    const realms = new Map(
      [...this.#state.realms].map(([name, realm]) => {
        const configured = this.#config.realms.find((one) => one.name === name);
        const rotating = this.#memory.rotations.running(configured?.clientId ?? "") !== undefined;
        const rotated = configured?.rotate ?? false;
        return [name, { ...realm, secret: { ...realm.secret, rotating, rotated } }];
      }),
    );
    const findings = new Map(this.#state.findings);
    for (const { code } of this.#postman.findings) findings.set(code, 1);
    return { ...this.#state, realms, findings };
  }
}

type Events = NonNullable<Parameters<typeof createAgent>[3]>;
