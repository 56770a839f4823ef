import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { cronSchedule } from "../src/daemon/schedule.js";
import { silentLog } from "../src/log.js";
import { until } from "./support/daemon-bed.js";

t.setTimeout(120_000);

t.test("node-cron gives ticks, never two at once, until it is stopped", async (t) => {
  let running = 0;
  let most = 0;
  let ticks = 0;
  const schedule = cronSchedule(
    // Seconds are node-cron's own; the configuration takes five fields only.
    { cron: "* * * * * *", jitterSeconds: 0 },
    async () => {
      running += 1;
      ticks += 1;
      most = Math.max(most, running);
      await sleep(1_500);
      running -= 1;
    },
    silentLog,
  );
  await until("a second tick", () => ticks >= 2);
  await schedule.stop();
  const seen = ticks;
  t.ok(seen >= 2);
  t.equal(most, 1);
  await sleep(1_500);
  t.equal(ticks, seen, "stopped is stopped");
});

/** The machine's clock, which a test may set; the one that only grows goes on. */
function settableClock(t: { teardown(done: () => void): unknown }): (aheadMs: number) => void {
  const Real = Date;
  let ahead = 0;
  globalThis.Date = class extends Real {
    constructor(...given: readonly (string | number | Date)[]) {
      super(...((given.length === 0 ? [Real.now() + ahead] : given) as [number]));
    }
    static override now(): number {
      return Real.now() + ahead;
    }
  } as DateConstructor;
  t.teardown(() => (globalThis.Date = Real));
  return (aheadMs) => (ahead = aheadMs);
}

const HOUR = 3_600_000;
const EVERY_SECOND = { cron: "* * * * * *", jitterSeconds: 0 };

t.test("a clock that is set back an hour makes no hour without a tick", async (t) => {
  const setAhead = settableClock(t);
  const triggers: string[] = [];
  const tick = async (trigger: string): Promise<void> => void triggers.push(trigger);
  const schedule = cronSchedule(EVERY_SECOND, tick, silentLog, 50);
  t.teardown(() => schedule.stop());
  setAhead(-HOUR);
  await until("a tick at once", () => triggers.includes("missed"));
  const seen = triggers.length;
  await until("and the next as ever", () => triggers.length > seen);
  t.equal(triggers.at(-1), "schedule");
});

t.test("a clock that is set forward, and a process that was stopped, make one tick", async (t) => {
  const setAhead = settableClock(t);
  const triggers: string[] = [];
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const tick = async (trigger: string): Promise<void> => {
    triggers.push(trigger);
    await ended;
  };
  // Never looked at: node-cron meets the step itself, as it meets the end of a SIGSTOP.
  const schedule = cronSchedule(EVERY_SECOND, tick, silentLog, 24 * HOUR);
  t.teardown(() => schedule.stop());
  setAhead(HOUR);
  await until("it is made up for", () => triggers.length > 0);
  await sleep(1_500);
  t.strictSame(triggers, ["missed"]);
  end();
});
