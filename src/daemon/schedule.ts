/** When passes begin: by `[schedule]`, in UTC, never two at once. */
import cron from "node-cron";
import type { ScheduleConfig } from "../config/types.js";
import type { Log } from "../log.js";

export interface Schedule {
  stop(): Promise<void>;
  /** By when the next tick comes, ms since 1970, jitter and all; absent: ticks come by hand. */
  nextDue?(): number | undefined;
}

/** Starts giving ticks; a tick that is still running when the next is due swallows that one. */
export type StartSchedule = (
  config: ScheduleConfig,
  tick: (trigger: "schedule" | "missed") => Promise<void>,
  log: Log,
) => Schedule;

/**
 * node-cron on the machine's clock. A run that was missed while the process was stopped or asleep
 * is made up for at once: one run, however many were missed.
 */
export const cronSchedule: StartSchedule = (config, tick, log) => {
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
  return {
    nextDue: () => {
      const next = task.getNextRun();
      return next === null ? undefined : next.getTime() + config.jitterSeconds * 1000;
    },
    stop: async () => {
      await task.destroy();
    },
  };
};
