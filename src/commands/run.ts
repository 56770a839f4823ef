import { isConfigured } from "../config/configured.js";
import type { Daemon } from "../daemon/daemon.js";
import { Waiting } from "../daemon/unconfigured.js";
import { EXIT } from "../exit.js";
import { openService } from "../systemd/index.js";
import type { Run } from "./io.js";

export const run: Run = async ({ config: configFile }, io) => {
  // Signals are ours from the first moment to the last: left to themselves they kill, be it the
  // second one of an impatient stop in the middle of a write. A reload waits for what it reloads.
  let early = false;
  let reload = async (): Promise<void> => void (early = true);
  const reloadBy = (own: () => Promise<void>): void => {
    reload = own;
    if (early) void reload();
    early = false;
  };
  let stop = (): void => undefined;
  const stopped = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  const unhook = io.onSignal((signal) => (signal === "reload" ? void reload() : stop()));
  const service = await openService(io.machine.env);
  const { machine, version } = io;
  const start = async (): Promise<Daemon> => {
    const { startDaemon } = await import("../daemon/start.js");
    return startDaemon({ configFile, machine, version, service });
  };
  try {
    let daemon: Daemon | undefined;
    if (isConfigured(configFile)) daemon = await start();
    else {
      const waiting = new Waiting({ configFile, log: machine.log, service, start });
      waiting.begin();
      reloadBy(() => waiting.reload());
      const unrest = keepAlive();
      await Promise.race([waiting.started, stopped]).finally(unrest);
      daemon = await waiting.end();
      early = waiting.missed;
    }
    reloadBy(async () => daemon?.reload());
    await stopped;
    service.stopping();
    await daemon?.stop();
  } finally {
    service.end();
    unhook();
  }
  return EXIT.done;
};

/** Who waits for a signal alone would end: Node counts no signal as work. */
function keepAlive(): () => void {
  const timer = setInterval(() => undefined, 2 ** 30);
  return () => clearInterval(timer);
}
