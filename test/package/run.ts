import { spawnSync } from "node:child_process";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

const LARGEST_OUTPUT = 256 * 1024 * 1024;

/** Runs a program to its end and gives what it said, whatever its exit code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Ran {
  const { cwd, env = process.env, input = "" } = options;
  const ran = spawnSync(program, [...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env,
    input,
    encoding: "utf8",
    maxBuffer: LARGEST_OUTPUT,
  });
  if (ran.error !== undefined) throw ran.error;
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

/** The same, but anything other than exit code 0 is an error that holds the end of what it said. */
export function must(program: string, args: readonly string[], options: RunOptions = {}): string {
  const { code, out, err } = run(program, args, options);
  if (code === 0) return out;
  const said = `${out}\n${err}`.slice(-4000);
  throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${said}`);
}
