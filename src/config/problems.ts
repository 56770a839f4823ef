import { AgentError } from "../errors.js";

/** Where something stands in the file; both count from 1, as editors do. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The very beginning: where a thing is reported that stands nowhere. */
export const TOP: Place = { line: 1, column: 1 };

/** The gravest first. */
const BY_GRAVITY = [
  "CONFIG_UNREADABLE",
  "CONFIG_SYNTAX",
  "CONFIG_INVALID",
  "CONFIG_UNSAFE",
  // Alone it is no mistake, and may end by itself.
  "ETC_PVE_ABSENT",
] as const;

export type ConfigCode = (typeof BY_GRAVITY)[number];

/** One thing that is wrong with the configuration. */
export interface Problem {
  readonly code: ConfigCode;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is wrong. Never a value from the file: somebody may have pasted a secret anywhere. */
  readonly message: string;
  /** What to write or do instead. */
  readonly instead: string;
}

/** A configuration of many thousand wrong lines is still a page to read. */
const MOST_SHOWN = 100;

/**
 * Everything that is wrong with a configuration, in the order of the file. The code is that of the
 * gravest kind found: what cannot be understood goes before what is only unsafe.
 */
export class ConfigError extends AgentError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const inOrder = problems.toSorted(byPlace);
    super(codeOf(inOrder), describe(inOrder));
    this.name = "ConfigError";
    this.problems = inOrder;
  }
}

/** `file:line:column: what is wrong; what to write instead`. */
function describeProblem(problem: Problem): string {
  const { file, line, column, message, instead } = problem;
  return `${file}:${line}:${column}: ${message}; ${instead}`;
}

/** Collects what is wrong while a file is read, so that all of it is told at once. */
export class Problems {
  readonly #found: Problem[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  add(place: Place, message: string, instead: string, code: ConfigCode = "CONFIG_INVALID"): void {
    const { line, column } = place;
    this.#found.push({ code, file: this.#file, line, column, message, instead });
  }

  get none(): boolean {
    return this.#found.length === 0;
  }

  toError(): ConfigError {
    return new ConfigError(this.#found);
  }
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

function codeOf(problems: readonly Problem[]): ConfigCode {
  return BY_GRAVITY.find((code) => problems.some((one) => one.code === code)) ?? "CONFIG_INVALID";
}

function describe(problems: readonly Problem[]): string {
  const lines = problems.slice(0, MOST_SHOWN).map(describeProblem);
  const rest = problems.length - lines.length;
  return (rest > 0 ? [...lines, `and ${rest} more`] : lines).join("\n");
}
