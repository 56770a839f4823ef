/** Completions for bash and zsh, from the table that `--help` is made of. */
import { commonOptions, VERSION_OPTION } from "../../src/commands/arguments.js";
import { COMMANDS } from "../../src/commands/index.js";
import type { Command } from "../../src/commands/io.js";

const PROGRAM = "pve-entra-agent";

interface Option {
  readonly flag: string;
  /** What stands for its value; absent: it has none. */
  readonly value: string | undefined;
  readonly help: string;
}

/** For /usr/share/bash-completion/completions. */
export function bashCompletion(commands: readonly Command[] = COMMANDS): string {
  const options = commands.map(
    (command) => `    ${command.name}) words="${flagsOf(command).join(" ")}" ;;`,
  );
  const top = [...commands.map(({ name }) => name), "--help", VERSION_OPTION[0]].join(" ");
  const free = valueFlags(commands).filter((flag) => flag !== "--config");
  return `# bash completion for ${PROGRAM}

_pve_entra_agent() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  case $previous in
    --config)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    ${free.join("|")}) return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "${top}" -- "$current")
    return
  fi
  case \${COMP_WORDS[1]} in
${options.join("\n")}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _pve_entra_agent ${PROGRAM}
`;
}

/** For /usr/share/zsh/vendor-completions. */
export function zshCompletion(commands: readonly Command[] = COMMANDS): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map((command) => {
    const specs = optionsOf(command).map((option) => ` \\\n        ${quoted(spec(option))}`);
    return `    ${command.name})\n      _arguments${specs.join("")}\n      ;;`;
  });
  return `#compdef ${PROGRAM}

_pve_entra_agent() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}

_pve_entra_agent "$@"
`;
}

function optionsOf(command: Command): readonly Option[] {
  const own = Object.entries(command.options).map(([name, { value, help }]) => ({
    flag: `--${name}`,
    value,
    help,
  }));
  const common = commonOptions(command).map(([option, help]) => {
    const [flag = "", value] = option.split(" ");
    return { flag, value, help };
  });
  return [...own, ...common];
}

function flagsOf(command: Command): readonly string[] {
  return optionsOf(command).map(({ flag }) => flag);
}

function valueFlags(commands: readonly Command[]): readonly string[] {
  const all = commands.flatMap(optionsOf).filter(({ value }) => value !== undefined);
  return [...new Set(all.map(({ flag }) => flag))];
}

/** As _arguments of zshcompsys(1) wants it: brackets and colons have a meaning. */
function spec({ flag, value, help }: Option): string {
  const text = `${flag}[${help.replace(/[[\]:\\]/g, "\\$&")}]`;
  if (value === undefined) return text;
  return `${text}:${value}:${flag === "--config" ? "_files" : ""}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
