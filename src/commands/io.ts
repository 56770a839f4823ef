/** What a command has of the world around it: given by `main.ts`, or by a test. */
import type { Machine } from "../agent.js";
import type { User } from "../as-user.js";

export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard output is a terminal: colours, and progress on standard error. */
  readonly terminal: boolean;
  readonly machine: Machine;
  readonly version: string;
  /** The user id of whoever gave the command; undefined where there is no such thing. */
  readonly uid: number | undefined;
  /**
   * Runs the same command line once more as another user, with `env` beside its own, and gives its
   * exit code. Absent: this process is not root's.
   */
  readonly again?: (user: User, env: Readonly<Record<string, string>>) => Promise<number>;
  /** Calls back at SIGTERM, SIGINT (`stop`) and SIGHUP (`reload`); returns what ends that. */
  readonly onSignal: (listener: (signal: "stop" | "reload") => void) => () => void;
}

/** One command of the front door. `help` and later the manual are made from this. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Beside `--config`, `--json` and `--help`, which commands have in common. */
  readonly options: Readonly<Record<string, CommandOption>>;
  /** False: it gives no answer that `--json` could change. */
  readonly answers?: false;
  /** On use: most of the program is behind one command or another. */
  load(): Promise<Run>;
}

/** Does what the command is for, and gives the exit code. Throws an AgentError. */
export type Run = (args: Args, io: Io) => Promise<number>;

export interface CommandOption {
  /** What stands for the value in the help: `ID`, `NAME`; absent: there is none to give. */
  readonly value?: string;
  readonly help: string;
}

export interface Args {
  readonly config: string;
  readonly json: boolean;
  /** Of options with a value. */
  readonly values: Readonly<Record<string, string | undefined>>;
}
