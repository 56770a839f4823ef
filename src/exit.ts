/** How the program ends: a contract with scripts and with systemd. */
import { asAgentError } from "./errors.js";
import type { ErrorCode } from "./errors.js";

export const EXIT = {
  done: 0,
  failed: 1,
  changesWait: 2,
  held: 3,
  usage: 64,
  config: 78,
} as const;

/** Each in the words of the help and of the manual. */
export const EXIT_MEANINGS: readonly (readonly [code: Exit, meaning: string])[] = [
  [EXIT.done, "done or nothing to do"],
  [EXIT.failed, "failed"],
  [EXIT.changesWait, "(plan) changes wait"],
  [EXIT.held, "held by the guard"],
  [EXIT.usage, "wrong usage"],
  [EXIT.config, "wrong configuration"],
];

export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** Over several realms the first of these that occurs is the program's. */
const WORST_FIRST: readonly Exit[] = [78, 64, 1, 3, 2, 0];

export function worst(exits: readonly Exit[]): Exit {
  return WORST_FIRST.find((exit) => exits.includes(exit)) ?? EXIT.done;
}

const CODES: Partial<Record<ErrorCode, Exit>> = {
  USAGE: EXIT.usage,
  CONFIG_INVALID: EXIT.config,
  CONFIG_SYNTAX: EXIT.config,
  CONFIG_UNREADABLE: EXIT.config,
  CONFIG_UNSAFE: EXIT.config,
  CREDENTIAL_INVALID: EXIT.config,
  GUARD_HELD: EXIT.held,
};

/** What an error that ends a command means for the shell. */
export function exitOf(thrown: unknown): Exit {
  return CODES[asAgentError(thrown).code] ?? EXIT.failed;
}
