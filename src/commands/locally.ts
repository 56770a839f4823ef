/** Passes in a process of their own, where no daemon runs. */
import { createAgent } from "../agent.js";
import type { Config } from "../config/types.js";
import { completeOrder } from "../daemon/orders.js";
import type { Passes } from "../daemon/orders.js";
import { AgentError } from "../errors.js";
import { openJournal, readJournal } from "../journal/index.js";
import { acquireNodeLock } from "../node-lock.js";
import { findingsText } from "./findings.js";
import type { Io } from "./io.js";

/** Runs `work` under this node's lock. Throws NODE_LOCKED and others. */
export async function locally<T>(
  config: Config,
  io: Io,
  work: (passes: Passes) => Promise<T>,
): Promise<T> {
  const lock = acquireNodeLock(config.state.dir);
  const { clock, log, nodeName, machineId } = io.machine;
  try {
    const journal = openJournal({ dir: config.state.dir, clock, log, nodeName, machineId });
    try {
      return await withAgent(config, io, journal, work);
    } finally {
      journal.close();
    }
  } finally {
    lock.release();
  }
}

/** Runs `work` on a private copy of the journal: whatever it does, nothing of it stays. */
export async function readOnly<T>(
  config: Config,
  io: Io,
  work: (passes: Passes) => Promise<T>,
): Promise<T> {
  const { clock, log, nodeName, machineId } = io.machine;
  const journal = readJournal({ dir: config.state.dir, clock, log, nodeName, machineId });
  try {
    return await withAgent(config, io, journal, work);
  } catch (thrown) {
    // A pass reports them; one that could not be begun, or not be ended, has no report.
    io.err(findingsText(journal.findings));
    throw thrown;
  } finally {
    journal.close();
  }
}

async function withAgent<T>(
  config: Config,
  io: Io,
  journal: Parameters<typeof createAgent>[1],
  work: (passes: Passes) => Promise<T>,
): Promise<T> {
  const agent = createAgent(config, journal, io.machine);
  const stop = new AbortController();
  const unhook = io.onSignal((signal) => {
    if (signal !== "stop") return;
    stop.abort(new AgentError("STOPPING", "told to stop"));
    // A rotation outlives its pass, but not the process: it ends where it stands, too.
    void agent.close({ abort: true });
  });
  try {
    return await work({
      config,
      pass: (order, onDone) =>
        agent.pass(
          completeOrder(order, config),
          onDone === undefined ? {} : { onDone },
          stop.signal,
        ),
    });
  } finally {
    unhook();
    await agent.close({ abort: true });
  }
}
