import { startDaemon } from "../daemon/daemon.js";
import type { Daemon } from "../daemon/daemon.js";
import { EXIT } from "../exit.js";
import { openService } from "../systemd/index.js";
import type { Command } from "./io.js";

export const run: Command = {
  name: "run",
  summary: "Runs the daemon (systemd starts this)",
  options: {},
  async run({ config }, io) {
    // Signals are ours from the first moment to the last: left to themselves they kill, be it the
    // second one of an impatient stop in the middle of a write.
    let daemon: Daemon | undefined;
    let stopped = false;
    let stop = (): void => undefined;
    const unhook = io.onSignal((signal) => {
      if (signal === "reload") {
        void daemon?.reload();
        return;
      }
      stopped = true;
      stop();
    });
    try {
      daemon = await startDaemon({
        configFile: config,
        machine: io.machine,
        version: io.version,
        service: await openService(io.machine.env),
      });
      await new Promise<void>((resolve) => {
        stop = resolve;
        if (stopped) resolve();
      });
      await daemon.stop();
    } finally {
      unhook();
    }
    return EXIT.done;
  },
};
