import { execFile } from "node:child_process";

export interface Said {
  /** The exit code; null where a signal ended the program. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A rotation takes its minute and more; a program that hangs is all that this is for. */
const LONGEST_MS = 600_000;
const LARGEST_OUTPUT = 64 * 1024 * 1024;

/** Runs a program to its end, while everything else goes on. Its input is empty. */
export function program(name: string, args: readonly string[]): Promise<Said> {
  return new Promise((resolve, reject) => {
    const limits = { timeout: LONGEST_MS, maxBuffer: LARGEST_OUTPUT };
    const child = execFile(name, args, { cwd: "/", ...limits }, (error, out, err) => {
      const ran = error === null || child.exitCode !== null || child.signalCode !== null;
      if (ran) resolve({ code: child.exitCode, out, err });
      else reject(new Error(`${name} could not be run`, { cause: error }));
    });
    child.stdin?.end();
  });
}
