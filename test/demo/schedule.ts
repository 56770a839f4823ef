/** The daemon's schedule on the demo's clock. */
import type { StartSchedule } from "../../src/daemon/schedule.js";
import type { Clock } from "../../src/clock.js";

const MINUTE = 60_000;

/** What the story knows of the schedule beside the daemon. */
export interface Rounds {
  readonly start: StartSchedule;
  /** How many ticks have been given and done. */
  done(): number;
}

/**
 * Every N minutes, as cron means it: at each Nth minute of the hour, UTC. However many were missed
 * while the clock leapt, one is made up for.
 */
export function storySchedule(clock: Clock): Rounds {
  let done = 0;
  const start: StartSchedule = ({ cron }, tick) => {
    const every = everyMinutes(cron) * MINUTE;
    const stop = new AbortController();
    const run = async (): Promise<void> => {
      for (;;) {
        const due = Math.floor(clock.now() / every + 1) * every;
        await clock.sleep(due - clock.now(), stop.signal);
        await tick(clock.now() - due < every ? "schedule" : "missed");
        done += 1;
      }
    };
    const ended = run().catch(() => undefined);
    return {
      stop: async () => {
        stop.abort();
        await ended;
      },
    };
  };
  return { start, done: () => done };
}

function everyMinutes(cron: string): number {
  const found = /^\*\/(\d+) \* \* \* \*$/.exec(cron)?.[1];
  if (found === undefined) throw new RangeError(`the demo's schedule knows no "${cron}"`);
  return Number(found);
}
