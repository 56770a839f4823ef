import type { Log } from "../log.js";

/** A bad configuration: a line of the log for each line of the message, the first one is the event. */
export function reloadFailed(log: Log, message: string): void {
  const code = "CONFIG_RELOAD_FAILED";
  const [first = "", ...rest] = message.split("\n");
  log.error({ event: "RELOAD_FAILED", code }, first);
  for (const line of rest) if (line.trim() !== "") log.error({ code }, line);
}
