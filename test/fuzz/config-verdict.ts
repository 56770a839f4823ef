/** Loads a hostile configuration; an error has to be one that says where, and echoes no secret. */
import { writeFileSync } from "node:fs";
import { loadConfig } from "../../src/config/load.js";
import { ConfigError } from "../../src/config/problems.js";
import { exitOf } from "../../src/exit.js";
import { PLANTED } from "./hostile-toml.js";

/** `good`, or the error's code. Throws where the outcome is neither. */
export function loadOutcome(file: string, bytes: Buffer | string): string {
  writeFileSync(file, bytes);
  try {
    loadConfig(file, { env: {} });
    return "good";
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    const wrong = whatIsWrong(thrown);
    if (wrong !== undefined) throw new Error(wrong, { cause: thrown });
    return thrown.code;
  }
}

function whatIsWrong(error: ConfigError): string | undefined {
  if (exitOf(error) !== 78) return `exit ${exitOf(error)}`;
  if (error.problems.length === 0) return "an error about nothing";
  if (error.message.includes(PLANTED)) return "a secret's value is echoed";
  if (/^\s+at .*:\d+:\d+\)?$/m.test(error.message)) return "a stack trace";
  if (error.message.length > 200_000) return `${error.message.length} characters`;
  const nowhere = error.problems.find(
    ({ line, column }) =>
      !(Number.isSafeInteger(line) && line > 0 && Number.isSafeInteger(column) && column > 0),
  );
  return nowhere === undefined ? undefined : `${nowhere.line}:${nowhere.column} is no place`;
}
