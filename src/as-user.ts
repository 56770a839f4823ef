/** This program once more, as another user. */
import { spawn } from "node:child_process";
import { AgentError } from "./errors.js";
import { EXIT } from "./exit.js";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Of util-linux, which every Debian has; by its path, for root runs it. */
const SETPRIV = "/usr/bin/setpriv";

const OURS: ReadonlySet<number> = new Set(Object.values(EXIT));

/**
 * Runs this program as `user`, with no group beside the user's own and no way back, and gives its
 * exit code. It shares standard output and standard error. In a process of its own, for Node refuses
 * setuid(2) and setgroups(2) where io_uring might be in use (CVE-2024-22017): Debian 13's always does.
 *
 * @param program its path and its arguments
 * @param env beside what this process has
 * @param stop passes the wish to stop on to it
 * @throws CONTROL_UNREACHABLE where it cannot be started, or does not come to its end
 */
export async function runAsUser(
  { uid, gid }: User,
  program: readonly string[],
  env: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<number> {
  const as = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--no-new-privs"];
  // Once this process is killed there is nobody who would tell it to stop.
  const child = spawn(SETPRIV, [...as, "--pdeathsig=TERM", "--", ...program], {
    env: { ...process.env, ...env },
    // A session of its own: in root's it could type into root's terminal (TIOCSTI, ioctl_tty(2)).
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const pass = (): void => void child.kill("SIGTERM");
  stop.addEventListener("abort", pass);
  try {
    return await new Promise((resolve, reject) => {
      const fail = (what: string, cause?: unknown): void => {
        reject(new AgentError("CONTROL_UNREACHABLE", `no daemon runs, and ${what}`, { cause }));
      };
      child.once("error", (cause) => fail(`${SETPRIV} cannot be started`, cause));
      child.once("exit", (code, signal) => {
        if (code !== null && OURS.has(code)) resolve(code);
        else fail(`what did this without it was ended by ${signal ?? `exit code ${code}`}`);
      });
    });
  } finally {
    stop.removeEventListener("abort", pass);
  }
}
