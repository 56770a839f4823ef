/**
 * The real program as a process that a harness drives: `main()` of src/main.ts with everything
 * that belongs to it, but for the machine's clock. It knows the time as last heard, and whoever
 * sleeps asks the harness, which moves the one clock of the whole world on.
 */
import type { Clock } from "../../src/clock.js";
import { createLog } from "../../src/log.js";
import { main } from "../../src/main.js";
import type { EndMessage, FromProgram, RunMessage, ToProgram } from "./process-messages.js";

function tell(message: FromProgram): void {
  process.send?.(message);
}

/** Never used twice: an answer may come when the run that asked is over. */
let sleeps = 0;

class HarnessClock implements Clock {
  #now = 0;
  #begin: number | undefined;
  readonly #asleep = new Map<number, () => void>();

  heard(now: number): void {
    this.#begin ??= now;
    this.#now = now;
  }

  awake(id: number): void {
    this.#asleep.get(id)?.();
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - (this.#begin ?? 0);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const id = (sleeps += 1);
      const abort = (): void => {
        this.#asleep.delete(id);
        reject(signal?.reason as Error);
      };
      this.#asleep.set(id, () => {
        this.#asleep.delete(id);
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      signal?.addEventListener("abort", abort, { once: true });
      tell({ kind: "sleep", id, ms });
    });
  }
}

async function run(order: RunMessage, clock: Clock): Promise<EndMessage> {
  let out = "";
  let err = "";
  const log: string[] = [];
  const write = (line: string): void => void log.push(line);
  const { nodeName, machineId, env } = order;
  const exit = await main(order.argv, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    terminal: false,
    version: "0.0.0-test",
    // Only root may approve. Root's id alone: the state folder belongs to whoever runs the tests.
    uid: 0,
    onSignal: () => () => undefined,
    machine: {
      ...{ clock, nodeName, machineId, env },
      log: createLog({ clock, format: "json", level: "debug", write }),
      random: () => 0,
    },
  });
  return { kind: "end", exit, out, err, log };
}

// Without the harness there is no time.
process.once("disconnect", () => process.exit(1));
let clock: HarnessClock | undefined;
process.on("message", (message: ToProgram) => {
  if (message.kind === "awake") {
    clock?.heard(message.now);
    clock?.awake(message.id);
    return;
  }
  if (message.kind !== "run") return;
  clock = new HarnessClock();
  clock.heard(message.now);
  void run(message, clock).then(tell);
});
tell({ kind: "ready" });
