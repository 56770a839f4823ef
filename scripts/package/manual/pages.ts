/** The manual: three pages, made from what the program itself is made of. */
import { COMMANDS } from "../../../src/commands/index.js";
import { REFERENCE } from "../../../src/config/keys.js";
import { ERRORS } from "../../../src/errors.js";
import { newestChange, version } from "../project.js";
import { commandPage } from "./command.js";
import { configPage } from "./config.js";
import { daemonPage } from "./daemon.js";

export interface CodeRow {
  readonly code: string;
  readonly level: string;
  readonly summary: string;
  readonly next: string;
}

/** Each page by the name of its file. Its date is that of the newest change, not of the build. */
export function manualPages(): Readonly<Record<string, string>> {
  const edition = { date: newestChange().date, version: version() };
  const codes = Object.entries(ERRORS).map(([code, row]) => ({ code, ...row }));
  return {
    "pve-entra-agent.1": commandPage(COMMANDS, edition),
    "pve-entra-agent.toml.5": configPage(REFERENCE, edition),
    "pve-entra-agent.8": daemonPage(codes, edition),
  };
}
