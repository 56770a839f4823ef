import { startDaemon } from "../daemon/daemon.js";
import { EXIT } from "../exit.js";
import type { Command } from "./io.js";

export const run: Command = {
  name: "run",
  summary: "Runs the daemon (systemd starts this)",
  options: {},
  async run({ config }, io) {
    const daemon = await startDaemon({
      configFile: config,
      machine: io.machine,
      version: io.version,
    });
    await new Promise<void>((resolve) => {
      const unhook = io.onSignal((signal) => {
        if (signal === "reload") {
          void daemon.reload();
          return;
        }
        unhook();
        void daemon.stop().then(resolve);
      });
    });
    return EXIT.done;
  },
};
