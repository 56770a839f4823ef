#!/usr/bin/env node
/** The front door: arguments to a command, errors to an exit code. */
import { randomInt } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import type { User } from "./as-user.js";
import { systemClock } from "./clock.js";
import { COMMANDS } from "./commands/index.js";
import { helpText, parseCommandLine } from "./commands/arguments.js";
import { errorText } from "./commands/findings.js";
import type { Io } from "./commands/io.js";
import { asAgentError } from "./errors.js";
import { EXIT, exitOf } from "./exit.js";
import { createLog } from "./log.js";
import { outlive } from "./streams.js";
import { openDaemonLog } from "./systemd/daemon-log.js";

/** Runs one command line and gives the exit code. Never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    const parsed = parseCommandLine(argv, COMMANDS);
    switch (parsed.kind) {
      case "help":
        io.out(helpText(COMMANDS, parsed.command));
        return EXIT.done;
      case "version":
        io.out(`${io.version}\n`);
        return EXIT.done;
      case "run": {
        const run = await parsed.command.load();
        return await run(parsed.args, io);
      }
    }
  } catch (thrown) {
    io.err(errorText(asAgentError(thrown)));
    return exitOf(thrown);
  }
}

/** The real machine. A command's answer goes to standard output, so the log of all but `run` does not. */
async function realIo(argv: readonly string[]): Promise<Io> {
  const { stdout, stderr, env } = process;
  const quiet = { level: "warn" as const, format: "line" as const };
  const asText = { ...quiet, write: (line: string) => void stderr.write(line) };
  const uid = process.getuid?.();
  const own = argv[0] === "run" ? await openDaemonLog(argv, env, systemClock) : undefined;
  const log = own?.log ?? createLog({ clock: systemClock, ...asText });
  return {
    out: (text) => void stdout.write(text),
    err: own?.err ?? ((text) => void stderr.write(text)),
    terminal: stdout.isTTY && env["NO_COLOR"] === undefined,
    version: versionOf(),
    uid: env[FOR_ROOT] === "1" ? 0 : uid,
    ...(uid === 0 && { again: (user, more) => again(argv, user, more) }),
    onSignal,
    machine: {
      clock: systemClock,
      log,
      // PVE names a node by the first label of its host name.
      nodeName: hostname().split(".")[0] ?? "",
      machineId: machineId(),
      random: () => randomInt(2 ** 32) / 2 ** 32,
      env,
    },
  };
}

function onSignal(listener: (signal: "stop" | "reload") => void): () => void {
  const stop = (): void => listener("stop");
  const reload = (): void => listener("reload");
  process.on("SIGTERM", stop).on("SIGINT", stop).on("SIGHUP", reload);
  return () => void process.off("SIGTERM", stop).off("SIGINT", stop).off("SIGHUP", reload);
}

/**
 * Root gave the command that this process runs as another user. Whoever could say so falsely is the
 * service's user, who may write approvals into the journal as it is.
 */
const FOR_ROOT = "PVE_ENTRA_AGENT_FOR_ROOT";

async function again(
  argv: readonly string[],
  user: User,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? "", ...argv];
  // Loaded on use: with it come child processes, which no other command has, and least the daemon.
  const { runAsUser } = await import("./as-user.js");
  const stop = new AbortController();
  const unhook = onSignal((signal) => signal === "stop" && stop.abort());
  try {
    return await runAsUser(user, program, { ...env, [FOR_ROOT]: "1" }, stop.signal);
  } finally {
    unhook();
  }
}

/** machine-id(5); a machine without one is told by its name alone. */
function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}

/** Written into the bundle (scripts/package/bundle.ts), beside which there is no package.json. */
declare const BUNDLED_VERSION: string | undefined;

function versionOf(): string {
  if (typeof BUNDLED_VERSION === "string") return BUNDLED_VERSION;
  const file = new URL("../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version;
}

/** Started as a program, be it by way of a link such as /usr/bin/pve-entra-agent. */
function isProgram(): boolean {
  const [, started] = process.argv;
  if (started === undefined) return false;
  try {
    return realpathSync(started) === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}

if (isProgram()) {
  const argv = process.argv.slice(2);
  let lost = false;
  outlive(process.stderr);
  outlive(process.stdout, (code) => {
    // The daemon's log is no answer that somebody waits for.
    if (argv[0] === "run") return;
    lost = true;
    process.exitCode = EXIT.failed;
    process.stderr.write(`pve-entra-agent: the answer could not be written (${code})\n`);
  });
  const exit = await main(argv, await realIo(argv));
  process.exitCode = lost ? EXIT.failed : exit;
}
