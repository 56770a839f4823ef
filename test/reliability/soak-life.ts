/** A daemon that lives a long life in compressed time, over a world in another process. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import type { Test } from "tap";
import type { Clock } from "../../src/clock.js";
import { runOnDaemon, controlSocket } from "../../src/control/index.js";
import type { ControlEvent, Order } from "../../src/control/index.js";
import { startDaemon } from "../../src/daemon/start.js";
import type { Daemon } from "../../src/daemon/daemon.js";
import { createLog } from "../../src/log.js";
import { byHand, until } from "../support/daemon-bed.js";
import { machineOf } from "../support/machine.js";
import type { Orders, Place } from "./soak-world.js";

export interface Life {
  readonly daemon: Daemon;
  readonly stateDir: string;
  readonly logFile: string;
  readonly clock: Clock;
  /** One tick of the schedule: a whole pass. */
  tick(): Promise<void>;
  /** Time goes by, for the daemon and the world alike. */
  advance(ms: number): Promise<void>;
  /**
   * Resolves once no rotation is under way. One takes a quarter of an hour of the world's time:
   * days that went by within it would be no life that anybody leads.
   */
  quiet(): Promise<void>;
  /** An order over the control socket; gives its events, the last one `done`. */
  order(order: Order): Promise<readonly ControlEvent[]>;
  world<K extends keyof Orders>(
    order: K,
    ...argument: Parameters<Orders[K]>
  ): Promise<ReturnType<Orders[K]>>;
  /** Stops the daemon; the world stays until the test ends. */
  end(): Promise<void>;
}

const WORLD = new URL("./soak-world.ts", import.meta.url);

export async function startLife(t: Test, seed: number): Promise<Life> {
  const child = fork(WORLD, {
    execArgv: ["--import", "tsx"],
    env: { ...process.env, SEED: `${seed}` },
  });
  t.teardown(async () => {
    if (child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.disconnect();
    await gone;
  });
  const { ask, ready } = wire(child);
  const { configFile, dir, now } = (await ready) as Place;
  const clock = worldClock(now, (time) => ask("time", time));
  const logFile = join(dir, "agent.log");
  const schedule = byHand();
  const daemon = await startDaemon({
    configFile,
    version: "0.0.0-test",
    startSchedule: schedule.start,
    machine: machineOf(clock, {
      log: createLog({ clock, format: "json", write: (line) => appendFileSync(logFile, line) }),
    }),
  });
  const stateDir = daemon.config.state.dir;
  const end = (): Promise<void> => daemon.stop();
  t.teardown(end);
  return {
    ...{ daemon, stateDir, logFile, clock, end },
    tick: () => schedule.tick(),
    advance: (ms) => clock.sleep(ms),
    quiet: () => until("the rotation's end", () => !isRotating(daemon)),
    order: async (order) => {
      const events: ControlEvent[] = [];
      for await (const event of runOnDaemon(controlSocket(stateDir, {}), order)) events.push(event);
      return events;
    },
    world: (order, ...argument) => ask(order, ...argument) as Promise<never>,
  };
}

function isRotating(daemon: Daemon): boolean {
  return Object.values(daemon.status().health.realms).some(({ secret }) => secret.rotating);
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Questions to the world's process; 0 is what it says by itself, once it is ready. */
function wire(child: ChildProcess): {
  readonly ask: (order: keyof Orders, argument?: unknown) => Promise<unknown>;
  readonly ready: Promise<unknown>;
} {
  const open = new Map<number, Waiting>();
  const expect = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => open.set(id, { resolve, reject }));
  child.on("message", ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    const waiting = open.get(id);
    open.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`the world: ${error}`));
  });
  child.once("exit", (code) => {
    for (const { reject } of open.values()) reject(new Error(`the world ended (${code})`));
  });
  let last = 0;
  return {
    ready: expect(0),
    ask: (order, argument) => {
      last += 1;
      const answer = expect(last);
      child.send({ id: last, order, argument });
      return answer;
    },
  };
}

/** Stands still; whoever sleeps moves it on, here and in the world. */
function worldClock(start: number, tell: (now: number) => Promise<unknown>): Clock {
  let current = start;
  return {
    now: () => current,
    monotonic: () => current - start,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      current += ms;
      await tell(current);
    },
  };
}
