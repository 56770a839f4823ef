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

/** Long enough for who tries again every few milliseconds, and nothing beside a start. */
const OPEN_FIRST_MS = 20;

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
  readonly counters: Counters;
  /** Open. */
  readonly health: HealthDoor;
  /** How things are before the first pass. */
  readonly first: HealthState;
}

/**
 * Starts everything and returns; the first pass is under way then. Throws what makes a start
 * impossible: a ConfigError, NODE_LOCKED, JOURNAL_TOO_NEW, JOURNAL_UNWRITABLE, HEALTH_LISTEN, and
 * CREDENTIAL_INVALID or CONFIG_UNSAFE for a credential that is no use. Nothing of it is left then.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const undo: (() => unknown)[] = [];
  try {
    return await started(options, undo);
  } catch (thrown) {
    // The last first: the journal is closed before another may have it.
    for (const step of undo.reverse()) await step();
    options.service?.status(`not started: ${whyNot(thrown)}`);
    throw thrown;
  }
}

/**
 * For systemctl status, which shows no line of the log while the next start is waited for, and none
 * that journald has not come to yet: of a bad configuration the first mistake, else what to do.
 */
function whyNot(thrown: unknown): string {
  const { code, next, message } = asAgentError(thrown);
  const [first = ""] = message.split("\n");
  return `${code}: ${code.startsWith("CONFIG_") ? first : ERRORS[code].summary} ${next}`;
}

/** @param undo what to do, backwards, should the start not be possible after all */
async function started(options: DaemonOptions, undo: (() => unknown)[]): Promise<Daemon> {
  const { clock, log, nodeName, machineId, env } = options.machine;
  const config = loadConfig(options.configFile, { env });
  const lock = acquireNodeLock(config.state.dir);
  undo.push(() => lock.release());
  const journal = openJournal({ dir: config.state.dir, clock, log, nodeName, machineId });
  undo.push(() => journal.close());

  const counters = new Counters();
  const first: HealthState = {
    version: options.version,
    startedAt: clock.now(),
    observed: false,
    lease: { leader: false },
    reload: { ok: true },
    realms: knownRealms(config, journal),
    findings: new Map(),
  };
  let state = (): HealthState => first;
  const health = new HealthDoor(
    (door) => createHealth({ state: () => state(), counters, config: door, log }),
    config.health,
  );
  await health.listen();
  undo.push(() => health.close());
  // What comes next keeps the thread for a tenth of a second; whoever tries again and again whether
  // the door is open finds it open before.
  await clock.sleep(OPEN_FIRST_MS);

  const { Daemon } = await import("./daemon.js");
  const daemon = new Daemon(options, { config, lock, journal, counters, health, first });
  state = () => daemon.state();
  await daemon.begin();
  return daemon;
}
