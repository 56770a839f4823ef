import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { cronSchedule } from "../src/daemon/schedule.js";
import { silentLog } from "../src/log.js";

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
  for (let tries = 0; ticks < 2 && tries < 200; tries += 1) await sleep(50);
  await schedule.stop();
  const seen = ticks;
  t.ok(seen >= 2);
  t.equal(most, 1);
  await sleep(1_500);
  t.equal(ticks, seen, "stopped is stopped");
});
