/** Runs the daemon until somebody kills this process. */
import { once } from "node:events";
import { fastClock } from "../../src/clock.js";
import { startDaemon } from "../../src/daemon/start.js";
import { silentLog } from "../../src/log.js";
import { NODE } from "./machine.js";
import { storySchedule } from "./schedule.js";

const [configFile = ""] = process.argv.slice(2);
// Whoever started this is gone: nobody would kill it any more.
process.once("disconnect", () => process.exit(1));
process.send?.("ready");
const [{ now, rate }] = (await once(process, "message")) as [{ now: number; rate: number }];
const clock = fastClock(rate, now);
await startDaemon({
  configFile,
  machine: { clock, log: silentLog, ...NODE, random: Math.random, env: {} },
  version: "0.1.0",
  startSchedule: storySchedule(clock).start,
});
