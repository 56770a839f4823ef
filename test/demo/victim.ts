/** A daemon in a process of its own, to be killed. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Play } from "./play.js";

export interface Victim {
  /** Ends it at once (SIGKILL). */
  kill(): void;
  /** Settles when it is dead; rejects when it ended otherwise. */
  readonly ended: Promise<void>;
}

export function startVictim({ clock, stage }: Play): Victim {
  const child = fork(
    fileURLToPath(new URL("victim-process.ts", import.meta.url)),
    [stage.configFile],
    { execArgv: ["--import", "tsx"], stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  // It asks for the time when it is ready: starting takes minutes of the story.
  child.once("message", () => child.send({ now: clock.now(), rate: clock.rate }));
  const ended = once(child, "exit").then(([code, signal]) => {
    if (signal !== "SIGKILL") throw new Error(`the daemon ended by itself (${String(code)})`);
  });
  return { kill: () => void child.kill("SIGKILL"), ended };
}
