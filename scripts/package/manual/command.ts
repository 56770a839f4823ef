import { COMMON_OPTIONS, commonOptions, VERSION_OPTION } from "../../../src/commands/arguments.js";
import type { Command } from "../../../src/commands/io.js";
import { EXIT_MEANINGS } from "../../../src/exit.js";
import {
  bold,
  heading,
  italic,
  opening,
  page,
  paragraph,
  seeAlso,
  subheading,
  tagged,
} from "./roff.js";
import type { Page } from "./roff.js";

type Edition = Pick<Page, "date" | "version">;

/** pve-entra-agent(1), from the table that `--help` is made of. */
export function commandPage(commands: readonly Command[], edition: Edition): string {
  return page(
    {
      name: "pve-entra-agent",
      section: 1,
      summary: "keep Microsoft Entra ID sign-in on Proxmox VE working",
      ...edition,
    },
    [
      heading("SYNOPSIS"),
      `${bold("pve-entra-agent")} ${italic("command")} [${bold("--config")} ${italic("FILE")}] [${bold("--json")}] [${italic("option")} ...]`,
      heading("DESCRIPTION"),
      opening(
        "The agent renews the client secret of a realm of Proxmox VE before it ends, gives people the groups and rights in Proxmox VE that their Entra groups say, takes them away when Entra does, and holds mass changes until somebody approves them.",
      ),
      paragraph(
        "Most of that is done by the daemon, which systemd starts: see pve-entra-agent(8). The commands ask it, or give it an order.",
      ),
      heading("COMMANDS"),
      ...commands.flatMap(commandParts),
      heading("OPTIONS"),
      opening("Every command has these:"),
      ...COMMON_OPTIONS.map(([option, text]) =>
        tagged(optionText(option), `${text}${exceptionsText(option, commands)}.`),
      ),
      paragraph("Instead of a command:"),
      tagged(optionText(VERSION_OPTION[0]), `${VERSION_OPTION[1]}.`),
      heading("EXIT STATUS"),
      ...EXIT_MEANINGS.map(([code, text]) => tagged(bold(String(code)), `${text}.`)),
      heading("FILES"),
      tagged(
        italic("/etc/pve-entra-agent/config.toml"),
        "The configuration, pve-entra-agent.toml(5).",
      ),
      seeAlso(["pve-entra-agent.toml", 5], ["pve-entra-agent", 8], ["pveum", 1]),
    ],
  );
}

function commandParts({ name, summary, options }: Command): readonly string[] {
  const own = Object.entries(options).map(([option, { value, help }]) =>
    tagged(optionText(value === undefined ? `--${option}` : `--${option} ${value}`), `${help}.`),
  );
  return [subheading(name), opening(`${summary}.`), ...own];
}

/** Which commands do without an option that the others have, in brackets. */
function exceptionsText(option: string, commands: readonly Command[]): string {
  const without = commands.filter((command) =>
    commonOptions(command).every(([common]) => common !== option),
  );
  return without.length === 0 ? "" : ` (but for ${without.map(({ name }) => name).join(", ")})`;
}

/** `--config FILE`: the option as it is typed, its value as a placeholder. */
function optionText(option: string): string {
  const [flag = "", value] = option.split(" ");
  return value === undefined ? bold(flag) : `${bold(flag)} ${italic(value)}`;
}
