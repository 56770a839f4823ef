/**
 * The real program as a process whose time runs faster, in step with emulators in another one:
 * `FAST_CLOCK` is `<virtual start>,<real start>,<rate>`, both in milliseconds since 1970.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../src/clock.js";
import { createLog } from "../../src/log.js";
import { main } from "../../src/main.js";
import type { EmulatorClock } from "../emulators/common/clock.js";

/** A running clock for emulators, and the text that makes a process keep the same time. */
export function sharedClock(rate: number): Clock & EmulatorClock & { readonly env: string } {
  const real = Date.now();
  const clock = follow(real, real, rate);
  const still = (): never => {
    throw new Error("a clock that several processes share cannot be set");
  };
  return { ...clock, rate, set: still, advance: still, env: `${real},${real},${rate}` };
}

function follow(start: number, real: number, rate: number): Clock {
  const now = (): number => Math.floor(start + (Date.now() - real) * rate);
  return {
    now,
    monotonic: () => now() - start,
    sleep: async (ms, signal) => {
      await delay(ms / rate, undefined, signal ? { signal } : {});
    },
  };
}

async function asProcess(): Promise<number> {
  const [start = 0, real = 0, rate = 1] = (process.env["FAST_CLOCK"] ?? "").split(",").map(Number);
  const clock = follow(start, real, rate);
  const argv = process.argv.slice(2);
  const write = (line: string): void => void process.stderr.write(line);
  return main(argv, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    terminal: false,
    version: "0.0.0-test",
    uid: process.getuid?.(),
    onSignal: (listener) => {
      process.on("SIGTERM", () => listener("stop")).on("SIGHUP", () => listener("reload"));
      return () => undefined;
    },
    machine: {
      clock,
      log: createLog({ clock, format: "json", level: "debug", write }),
      nodeName: "pve1",
      machineId: "0123456789abcdef0123456789abcdef",
      random: () => 0,
      env: process.env,
    },
  });
}

if (process.argv[1] === import.meta.filename) process.exitCode = await asProcess();
