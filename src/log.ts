/** The log: pino, one line an event; to the journal with its fields, or as text. */
import { inspect } from "node:util";
import { pino } from "pino";
import type { Clock } from "./clock.js";
import { AgentError } from "./errors.js";
import { printable } from "./decide/text.js";
import { redact, redactDeep } from "./redact.js";
import type { EventName } from "./systemd/message-ids.js";

/** What a line says beside its message. `event` makes it one that people search for. */
export interface LogFields {
  readonly event?: EventName;
  readonly [name: string]: unknown;
}

type Write = (fields: LogFields, message: string) => void;

/** What the rest of the program needs of a logger. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** The same log with these fields in every line. */
  child(fields: Record<string, unknown>): Log;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogFormat = "json" | "line";

export interface LogOptions {
  readonly level?: LogLevel;
  /** Absent: readable lines on a terminal, JSON everywhere else. */
  readonly format?: LogFormat;
  readonly clock: Pick<Clock, "now">;
  /** Where lines go; absent: standard output. */
  readonly write?: (line: string) => void;
  /** Takes lines as they are, free of secrets, instead of `format` and `write`. */
  readonly sink?: (line: LogLine) => void;
}

/**
 * Makes the log. Whatever comes in, what goes out has no secret, no control and no bidi character
 * in it: every line passes through one place (`safe`) before it is written.
 */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stdout.write(line));
  const format = options.format ?? (process.stdout.isTTY ? "line" : "json");
  const sink = options.sink ?? ((line: LogLine) => write(FORMATS[format](line)));
  return pino(
    {
      level: options.level ?? "info",
      base: null,
      messageKey: "message",
      formatters: { level: (level) => ({ level }) },
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      serializers: { err: describeError },
    },
    { write: (line: string) => sink(safe(line)) },
  );
}

/** Nothing is logged: for tests. */
export const silentLog: Log = createLog({
  level: "silent",
  format: "json",
  clock: { now: () => 0 },
  write: () => undefined,
});

/** `level`, `time`, `message`, and the fields. */
export type LogLine = Readonly<Record<string, unknown>>;

const FORMATS: Record<LogFormat, (line: LogLine) => string> = {
  json: (line) => `${printable(JSON.stringify(line))}\n`,
  line: (line) => `${readable(line)}\n`,
};

function safe(line: string): LogLine {
  return redactDeep(JSON.parse(line)) as LogLine;
}

/** `warn   A mass change is held. (entra, GUARD_HELD)`, further fields behind it. */
function readable(line: LogLine): string {
  const { level, message, realm, code, ...others } = line;
  const rest: Record<string, unknown> = others;
  delete rest["time"];
  delete rest["event"];
  const tags = [realm, code].filter((tag) => typeof tag === "string");
  const more = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const text = [
    String(level).padEnd(5),
    typeof message === "string" ? message : "",
    ...(tags.length > 0 ? [`(${tags.join(", ")})`] : []),
    ...more,
  ].join(" ");
  return printable(text);
}

const CAUSES = 5;

/** An error as plain data: codes and messages down its causes; a stack only where it is a bug. */
function describeError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const foreseen = thrown instanceof AgentError && thrown.code !== "INTERNAL";
  return {
    ...("code" in thrown ? { code: thrown.code } : {}),
    message: thrown.message,
    ...(foreseen ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined ? {} : { causes: causesOf(thrown) }),
  };
}

function causesOf(error: Error): readonly string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < CAUSES;) {
    causes.push(cause instanceof Error ? cause.message : redact(inspect(cause)));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}
