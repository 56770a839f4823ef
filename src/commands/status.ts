import { DEFAULT_FILE, loadConfig } from "../config/load.js";
import type { Config } from "../config/types.js";
import { controlSocket, daemonListens, serviceSocket, statusOfDaemon } from "../control/index.js";
import { statusOf } from "../daemon/status.js";
import type { StatusView } from "../daemon/status.js";
import { jsonText } from "../decide/text.js";
import { EXIT } from "../exit.js";
import { UNKNOWN_REALM } from "../health/index.js";
import type { HealthState, RealmHealth } from "../health/index.js";
import { readJournal } from "../journal/index.js";
import type { Args, Io, Run } from "./io.js";
import { statusText } from "./status-text.js";

export const status: Run = async (args, io) => {
  const { env } = io.machine;
  let config: Config;
  try {
    config = loadConfig(args.config, { env });
  } catch (thrown) {
    // The service goes on with the configuration before: that this one is bad must not hide how it is.
    if (args.config === DEFAULT_FILE) {
      const view = await ofDaemon(serviceSocket(env)).catch(() => undefined);
      if (view !== undefined) show(view, args, io);
    }
    throw thrown;
  }
  const socket = controlSocket(config.state.dir, env);
  const view = (await daemonListens(socket)) ? await ofDaemon(socket) : fromJournal(config, io);
  show(view, args, io);
  return view.health.state === "failing" || !view.running ? EXIT.failed : EXIT.done;
};

async function ofDaemon(socket: string): Promise<StatusView> {
  return (await statusOfDaemon(socket)) as StatusView;
}

function show(view: StatusView, { json }: Args, io: Io): void {
  io.out(json ? `${jsonText(view, 2)}\n` : statusText(view, io.terminal));
}

/** Without a daemon nobody knows how things are now; the journal knows how they were. */
function fromJournal(config: Config, io: Io): StatusView {
  const { clock, log, nodeName, machineId } = io.machine;
  const journal = readJournal({ dir: config.state.dir, clock, log, nodeName, machineId });
  try {
    const last = journal.lastPasses();
    const realms = config.realms.map(({ name }): [string, RealmHealth] => {
      const pass = last.get(name);
      return [name, { ...UNKNOWN_REALM, sync: { ...UNKNOWN_REALM.sync, ...pass } }];
    });
    const state: HealthState = {
      version: io.version,
      startedAt: clock.now(),
      observed: false,
      lease: { leader: false },
      reload: { ok: true },
      realms: new Map(realms),
      findings: new Map(),
    };
    return statusOf(state, undefined, journal.findings, false);
  } finally {
    journal.close();
  }
}
