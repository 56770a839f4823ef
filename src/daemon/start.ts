/** How the daemon comes up: whoever asks for its health has an answer before it has loaded itself. */
import type { Machine } from "../agent.js";
import { loadConfig } from "../config/load.js";
import type { Config } from "../config/types.js";
import { asAgentError, ERRORS } from "../errors.js";
import { Counters, createHealth } from "../health/index.js";
import type { HealthState } from "../health/index.js";
import { openJournal } from "../journal/index.js";
import type { Journal } from "../journal/index.js";
import { acquireNodeLock } from "../node-lock.js";
import type { NodeLock } from "../node-lock.js";
import type { Service } from "../systemd/index.js";
import type { Daemon } from "./daemon.js";
import { HealthDoor } from "./health-door.js";
import { knownRealms } from "./known-realms.js";
import type { StartSchedule } from "./schedule.js";

export interface DaemonOptions {
  readonly configFile: string;
  readonly machine: Machine;
  readonly version: string;
  /** Absent: node-cron on the machine's clock. */
  readonly startSchedule?: StartSchedule;
  /** Absent: nobody listens. */
  readonly service?: Service;
}

/** What a daemon stands on from its start to its end. */
export interface Ground {
  readonly config: Config;
  readonly lock: NodeLock;
  readonly journal: Journal;
}

/**
 * Starts everything and returns; the first pass is under way then. Throws what makes a start
 * impossible: a ConfigError, NODE_LOCKED, JOURNAL_TOO_NEW, JOURNAL_UNWRITABLE, HEALTH_LISTEN.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  try {
    return await started(options);
  } catch (thrown) {
    // While it waits for the next start, systemctl status shows no line of the log.
    const { code, next } = asAgentError(thrown);
    options.service?.status(`not started: ${code}: ${ERRORS[code].summary} ${next}`);
    throw thrown;
  }
}

async function started(options: DaemonOptions): Promise<Daemon> {
  const config = loadConfig(options.configFile, { env: options.machine.env });
  const lock = acquireNodeLock(config.state.dir);
  try {
    const { clock, log, nodeName, machineId } = options.machine;
    const journal = openJournal({ dir: config.state.dir, clock, log, nodeName, machineId });
    try {
      return await begun(options, { config, lock, journal });
    } catch (thrown) {
      journal.close();
      throw thrown;
    }
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

async function begun(options: DaemonOptions, ground: Ground): Promise<Daemon> {
  const { config, journal } = ground;
  const counters = new Counters();
  const first: HealthState = {
    version: options.version,
    startedAt: options.machine.clock.now(),
    observed: false,
    lease: { leader: false },
    reload: { ok: true },
    realms: knownRealms(config, journal),
    findings: new Map(),
  };
  let daemon: Daemon | undefined;
  const state = (): HealthState => daemon?.state() ?? first;
  const { log } = options.machine;
  const health = new HealthDoor(
    (door) => createHealth({ state, counters, config: door, log }),
    config.health,
  );
  await health.listen();
  try {
    const { Daemon } = await import("./daemon.js");
    daemon = new Daemon(options, ground, { counters, health, first });
    await daemon.begin();
    return daemon;
  } catch (thrown) {
    // Whatever still listens would keep a process alive that does nothing.
    await health.close();
    throw thrown;
  }
}
