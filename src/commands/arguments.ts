/** The command line, to a command with its arguments. */
import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { DEFAULT_FILE } from "../config/load.js";
import { wrapped } from "../decide/text.js";
import { AgentError } from "../errors.js";
import { EXIT_MEANINGS } from "../exit.js";
import type { Args, Command } from "./io.js";

/** Of the help, in characters. */
const WIDTH = 90;

type Options = NonNullable<ParseArgsConfig["options"]>;

const COMMON: Options = {
  config: { type: "string", short: "c" },
  help: { type: "boolean", short: "h" },
};
const ANSWERING: Options = { json: { type: "boolean" } };

/** What the help, the manual and the completions say of the options that commands have in common. */
export const COMMON_OPTIONS: readonly (readonly [option: string, help: string])[] = [
  ["--config FILE", `the configuration (${DEFAULT_FILE})`],
  ["--json", "the answer as JSON"],
  ["--help", "this text"],
];
/** A command that gives no answer has none as JSON either. */
export function commonOptions({ answers }: Command): typeof COMMON_OPTIONS {
  return COMMON_OPTIONS.filter(([option]) => answers !== false || option !== "--json");
}

/** Instead of a command. */
export const VERSION_OPTION = ["--version", "the version"] as const;

export type Parsed =
  | { readonly kind: "help"; readonly command?: Command }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly command: Command; readonly args: Args };

/** Throws USAGE with a sentence that says what is wrong. */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): Parsed {
  const [first, ...rest] = argv;
  if (first === undefined) throw new AgentError("USAGE", "a command is missing");
  if (first === "--version") return { kind: "version" };
  if (first === "--help" || first === "-h" || first === "help") return helpFor(rest[0], commands);
  const command = commandNamed(first, commands);
  const { values, positionals } = parse(command, rest);
  if (values["help"] === true) return { kind: "help", command };
  const extra = positionals[0];
  if (extra !== undefined) throw new AgentError("USAGE", `${first} takes no argument "${extra}"`);
  const texts = Object.entries(values).filter((pair): pair is [string, string] => {
    return typeof pair[1] === "string" && pair[0] !== "config";
  });
  const config = values["config"];
  return {
    kind: "run",
    command,
    args: {
      config: typeof config === "string" ? config : DEFAULT_FILE,
      json: values["json"] === true,
      values: Object.fromEntries(texts),
    },
  };
}

/** The help of the whole program, or of one command. */
export function helpText(commands: readonly Command[], command?: Command): string {
  if (command === undefined) {
    const names = commands.map(({ name, summary }) => [name, summary] as const);
    return [
      "Usage: pve-entra-agent <command> [--config FILE] [--json]",
      "",
      "Keeps Microsoft Entra ID sign-in on Proxmox VE working.",
      "",
      "Commands:",
      ...columns(names),
      "",
      "Options:",
      ...columns([...COMMON_OPTIONS, VERSION_OPTION]),
      "",
      ...wrapped(`Exit codes: ${EXIT_MEANINGS.map((row) => row.join(" ")).join(", ")}.`, WIDTH),
      "",
    ].join("\n");
  }
  const own = Object.entries(command.options).map(
    ([name, { value, help }]) =>
      [value === undefined ? `--${name}` : `--${name} ${value}`, help] as const,
  );
  return [
    `Usage: pve-entra-agent ${command.name} [options]`,
    "",
    `${command.summary}.`,
    "",
    "Options:",
    ...columns([...own, ...commonOptions(command)]),
    "",
  ].join("\n");
}

function helpFor(name: string | undefined, commands: readonly Command[]): Parsed {
  if (name === undefined || name.startsWith("-")) return { kind: "help" };
  return { kind: "help", command: commandNamed(name, commands) };
}

function commandNamed(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const known = commands.map((command) => command.name).join(", ");
  throw new AgentError("USAGE", `"${name}" is no command; there are ${known}`);
}

function parse(command: Command, argv: readonly string[]): ReturnType<typeof parseArgs> {
  const own = Object.entries(command.options).map(([name, { value }]) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const) },
  ]);
  const answering = command.answers === false ? {} : ANSWERING;
  try {
    return parseArgs({
      args: [...argv],
      options: { ...COMMON, ...answering, ...(Object.fromEntries(own) as Options) },
      allowPositionals: true,
      strict: true,
    });
  } catch (thrown) {
    const said = thrown instanceof Error ? (thrown.message.split(".")[0] ?? "") : String(thrown);
    throw new AgentError("USAGE", `${command.name}: ${said}`, { cause: thrown });
  }
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
