/** The machine that tests give the program: a node `pve1` with nothing random and a bare environment. */
import { fileURLToPath } from "node:url";
import type { Machine } from "../../src/agent.js";
import type { Clock } from "../../src/clock.js";
import { silentLog } from "../../src/log.js";

export const NODE = { nodeName: "pve1", machineId: "0123456789abcdef0123456789abcdef" };

/**
 * The CA that the machine trusts, and nobody uses. To parse the 150 of the real one takes longer than
 * most of what a test does, and each site has a CA of its own.
 */
export const ENV = { SSL_CERT_FILE: fileURLToPath(new URL("one-ca.pem", import.meta.url)) };

export function machineOf(clock: Clock, more: Partial<Machine> = {}): Machine {
  return { clock, log: silentLog, ...NODE, random: () => 0, env: ENV, ...more };
}
