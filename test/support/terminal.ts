/** Runs the front door in this process and keeps what it prints. */
import { main } from "../../src/main.js";
import type { Io } from "../../src/commands/io.js";
import type { Site } from "./site.js";
import { machineOf } from "./machine.js";

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export type RunCommand = (argv: readonly string[], more?: Partial<Io>) => Promise<Ran>;

/** Root's id alone, and no `again`: the state folder belongs to whoever runs the tests. */
export function terminalOf(site: Site): RunCommand {
  return async (argv, more = {}) => {
    let out = "";
    let err = "";
    const exit = await main([...argv, "--config", site.configFile], {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      terminal: false,
      version: "0.0.0-test",
      uid: 0,
      onSignal: () => () => undefined,
      machine: machineOf(site.clock),
      ...more,
    });
    return { exit, out, err };
  };
}
