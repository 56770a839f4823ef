/** Puts the program together from one configuration. The only place where both sides meet. */
import type { Clock } from "./clock.js";
import { clusterId } from "./cluster/id.js";
import { configuredWriter } from "./cluster/configured-writer.js";
import type { Lease } from "./cluster/lease.js";
import type { Config } from "./config/types.js";
import type { Action, Plan } from "./decide/plan.js";
import { AgentError } from "./errors.js";
import { createEntra } from "./entra/index.js";
import type { EntraPorts } from "./entra/index.js";
import type { Journal } from "./journal/index.js";
import type { Log } from "./log.js";
import { KeyWatch } from "./pass/key-watch.js";
import { runPass } from "./pass/pass.js";
import type { PassOrder, PassReport } from "./pass/pass.js";
import { RotationSet } from "./pass/rotation-set.js";
import type { AccessPort } from "./ports.js";
import { createPve } from "./pve/index.js";
import { gracefulEntra, gracefulPve } from "./grace.js";

/** What the machine gives the program. */
export interface Machine {
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly machineId: string;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Real milliseconds over one exchange with either side; absent: 30 s, and 60 s for a write to
   * PVE. Tests shorten it: a server that stalls is met in real time, whatever the clock.
   */
  readonly deadlineMs?: number;
}

export interface RequestSeen {
  readonly system: "entra" | "pve";
  readonly method: string;
  /** HTTP status, or a word where there was none (`timeout`, `network`, …). */
  readonly status: string;
}

export interface AgentEvents {
  readonly onRequest?: (seen: RequestSeen) => void;
  readonly onPlan?: (plan: Plan) => void;
  readonly onDone?: (action: Action) => void;
}

/** What outlives a reload of the configuration: values of secrets not yet written, above all. */
export interface Memory {
  readonly rotations: RotationSet;
  /**
   * Who may write by the configuration in force, which may be newer than that of a pass or a
   * rotation under way. Absent: by the agent's own.
   */
  lease?: Lease;
}

export interface Agent {
  readonly config: Config;
  pass(order: PassOrder, events: AgentEvents, signal: AbortSignal): Promise<PassReport>;
  /** When the agent's own credential ends, ms since 1970; undefined where that is not known. */
  credentialEnd(signal: AbortSignal): Promise<number | undefined>;
  readonly lease: Lease;
  readonly rotations: RotationSet;
  /**
   * Closes every connection once the passes and rotations under way have ended: rotations by
   * themselves, or where they stand (`abort`). Who runs a pass ends it by its signal.
   */
  close(how: { readonly abort: boolean }): Promise<void>;
}

/**
 * Nothing is sent yet. Throws CREDENTIAL_INVALID or CONFIG_UNSAFE for a CA or token file that does
 * not hold what it should.
 */
export function createAgent(
  config: Config,
  journal: Journal,
  machine: Machine,
  events: AgentEvents = {},
  memory: Memory = { rotations: new RotationSet() },
): Agent {
  const { clock, log, random, env, deadlineMs } = machine;
  const entra = createEntra(config.entra, {
    clock,
    log: log.child({ system: "entra" }),
    random,
    env,
    ...(deadlineMs === undefined ? {} : { timeoutMs: deadlineMs }),
    onRequest: ({ method, status }) =>
      events.onRequest?.({ system: "entra", method, status: String(status) }),
  });
  const pve = createPve(config.pve, {
    clock,
    log: log.child({ system: "pve" }),
    env,
    ...(deadlineMs === undefined
      ? {}
      : { limits: { readTimeoutMs: deadlineMs, writeTimeoutMs: deadlineMs } }),
    onRequest: ({ method, status }) =>
      events.onRequest?.({ system: "pve", method, status: String(status) }),
  });
  const lease = configuredWriter({
    ...(config.cluster.writer === undefined ? {} : { writer: config.cluster.writer }),
    nodeName: machine.nodeName,
    nodes: (signal) => pve.nodes(signal),
    clock,
  });
  const tools = passTools(config, journal, machine, {
    entra: gracefulEntra(entra),
    pve: gracefulPve(pve),
    lease: { check: (signal) => (memory.lease ?? lease).check(signal) },
    memory,
  });
  const lasting = new AbortController();
  const passes = new Set<Promise<unknown>>();
  return {
    config,
    lease,
    rotations: memory.rotations,
    credentialEnd: (signal) => entra.credentialEnd(signal),
    pass: async (order, own, signal) => {
      const planned = (plan: Plan): void => {
        events.onPlan?.(plan);
        own.onPlan?.(plan);
      };
      const done = (action: Action): void => {
        events.onDone?.(action);
        own.onDone?.(action);
      };
      const running = runPass(order, { ...tools, planned, done }, signal, lasting.signal);
      passes.add(running);
      const report = await running.finally(() => passes.delete(running));
      // Whoever waits for a rotation sees its end; nobody has to.
      for (const rotation of report.rotations) rotation.catch(() => undefined);
      return report;
    },
    close: async ({ abort }) => {
      if (abort) lasting.abort(new AgentError("STOPPING", "the agent stops"));
      await Promise.allSettled([memory.rotations.idle(), ...passes]);
      await Promise.all([entra.close(), pve.close()]);
    },
  };
}

function passTools(
  config: Config,
  journal: Journal,
  { clock, random, env }: Machine,
  parts: { entra: EntraPorts; pve: AccessPort; lease: Lease; memory: Memory },
): Omit<Parameters<typeof runPass>[1], "planned" | "done"> {
  const { entra, pve, lease, memory } = parts;
  const now = (): number => entra.serverTime()?.now ?? clock.now();
  return {
    config,
    access: pve,
    realms: pve,
    directory: entra.directory,
    journal,
    lease,
    probe: entra.probe,
    ssoApp: (clientId) => entra.ssoApp(clientId),
    serverTime: entra.serverTime,
    clusterId: () => clusterId(config, env),
    rotations: memory.rotations,
    watch: new KeyWatch({ clock, probe: entra.probe, now }),
    clock,
    now,
    random,
  };
}
