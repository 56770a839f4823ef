/** The machine that tests give the program: a node `pve1` with nothing random and no environment. */
import type { Machine } from "../../src/agent.js";
import type { Clock } from "../../src/clock.js";
import { silentLog } from "../../src/log.js";

export const NODE = { nodeName: "pve1", machineId: "0123456789abcdef0123456789abcdef" };

export function machineOf(clock: Clock, more: Partial<Machine> = {}): Machine {
  return { clock, log: silentLog, ...NODE, random: () => 0, env: {}, ...more };
}
