/** What a suite costs. */
import { readFileSync } from "node:fs";

/** Ticks a second of the figures in /proc (sysconf(3), CLK_TCK; 100 on every Linux in use). */
const TICKS = 100;

/** CPU seconds of this process and its children that have ended; of itself alone without /proc. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + ofChildren();
}

/** cutime and cstime of proc_pid_stat(5); the name before them may hold spaces. */
function ofChildren(): number {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[13]) + Number(fields[14])) / TICKS;
  } catch {
    return 0;
  }
}
