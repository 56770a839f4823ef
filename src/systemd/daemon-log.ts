/** The log of `run`: the journal where systemd gave us to it, readable lines or JSON elsewhere. */
import type { Clock } from "../clock.js";
import { createLog } from "../log.js";
import type { Log } from "../log.js";
import { openDatagrams } from "./datagram.js";
import { goesToJournal, JOURNAL_SOCKET, journalSink } from "./journal.js";

export interface DaemonLog {
  readonly log: Log;
  /** Where the reason goes for which the program ends; absent: standard error. */
  readonly err?: (text: string) => void;
}

/** @param argv the command line: `--json-log` means JSON, whoever listens */
export async function openDaemonLog(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<DaemonLog> {
  if (argv.includes("--json-log")) {
    const log = createLog({ clock, format: "json" });
    return { log, err: (text) => sayWhy(text, log) };
  }
  if (!goesToJournal(env)) return { log: createLog({ clock }) };
  const send = await openDatagrams();
  const write = (text: string): void => void process.stdout.write(text);
  const log = createLog({ clock, sink: journalSink({ socket: JOURNAL_SOCKET, send, write }) });
  return {
    log,
    err: (text) => {
      setTimeout(() => undefined, LINGER_MS);
      sayWhy(text, log);
    },
  };
}

/**
 * journald asks /proc whose an entry is when it comes to it. Of a process that is gone by then it
 * does not know the unit, and `journalctl -u` would not say why the start has failed. On a busy
 * machine half a second was not always enough.
 */
const LINGER_MS = 2_000;

/** An entry a line; the first one is the event. */
function sayWhy(text: string, log: Log): void {
  const [first, ...rest] = text.split("\n").filter((line) => line.trim() !== "");
  if (first === undefined) return;
  log.error({ event: "START_FAILED" }, first);
  for (const line of rest) log.error({}, line);
}
