/** When passes begin: by `[schedule]`, in UTC, never two at once. */
import cron from "node-cron";
import type { ScheduleConfig } from "../config/types.js";
import type { Log } from "../log.js";

export interface Schedule {
  stop(): Promise<void>;
  /** By when the next tick comes, ms since 1970, jitter and all; absent: ticks come by hand. */
  nextDue?(): number | undefined;
}

type Tick = (trigger: "schedule" | "missed") => Promise<void>;

/** Starts giving ticks; a tick that is still running when the next is due swallows that one. */
export type StartSchedule = (config: ScheduleConfig, tick: Tick, log: Log) => Schedule;

/** How often the machine's clock is compared with the one that only grows. */
const LOOK_MS = 30_000;
/** A smaller step moves the next tick by no more than itself. */
const STEP_MS = 10_000;

/**
 * node-cron on the machine's clock. What was missed while the process was stopped or asleep is made
 * up for at once: one run, however many were missed. A clock that was set is such a gap, too: after
 * one that was set back node-cron would wait until it has caught up, be it a year.
 *
 * @param lookMs real milliseconds between two looks at the clock; absent: half a minute
 */
export function cronSchedule(
  config: ScheduleConfig,
  tick: Tick,
  log: Log,
  lookMs: number = LOOK_MS,
): Schedule {
  const one = neverTwo(tick);
  let task = tasked(config, one, log);
  const endLooking = whenSet(lookMs, (stepMs) => {
    const way = stepMs < 0 ? "back" : "forward";
    log.info({}, `the clock was set ${way} by ${Math.round(Math.abs(stepMs) / 1000)} s`);
    void task.destroy();
    task = tasked(config, one, log);
    void one("missed");
  });
  return {
    nextDue: () => {
      const next = task.getNextRun();
      return next === null ? undefined : next.getTime() + config.jitterSeconds * 1000;
    },
    stop: async () => {
      endLooking();
      await task.destroy();
    },
  };
}

/** node-cron tells of each missed run by itself, and then of the one that is due. */
function neverTwo(tick: Tick): Tick {
  let running = false;
  return async (trigger) => {
    if (running) return;
    running = true;
    await tick(trigger).finally(() => (running = false));
  };
}

function tasked(config: ScheduleConfig, tick: Tick, log: Log): ReturnType<typeof cron.schedule> {
  const task = cron.schedule(config.cron, () => tick("schedule"), {
    name: "pass",
    timezone: "UTC",
    noOverlap: true,
    maxRandomDelay: config.jitterSeconds * 1000,
    suppressMissedWarning: true,
    logger: {
      info: (message) => log.debug({}, message),
      warn: (message) => log.debug({}, message),
      debug: (message) => log.debug({}, String(message)),
      error: (message) => log.error({}, String(message)),
    },
  });
  task.on("execution:missed", () => tick("missed"));
  return task;
}

/** Calls back when the machine's clock has made a step, in milliseconds; returns what ends that. */
function whenSet(lookMs: number, changed: (stepMs: number) => void): () => void {
  const ahead = (): number => Date.now() - performance.now();
  let before = ahead();
  const timer = setInterval(() => {
    const step = ahead() - before;
    before += step;
    if (Math.abs(step) >= STEP_MS) changed(step);
  }, lookMs).unref();
  return () => clearInterval(timer);
}
