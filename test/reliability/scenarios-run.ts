/** Runs the program within this process, and a scenario step by step. */
import type { Test } from "tap";
import { createLog } from "../../src/log.js";
import { main } from "../../src/main.js";
import { machineOf } from "../support/machine.js";
import { startSite } from "../support/site.js";
import type { Site } from "../support/site.js";
import type { Scenario, Stage, Step } from "./scenario.js";

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** One command line of the real program, with the site's clock. Its log goes to `site.logLines`. */
export async function runProgram(site: Site, argv: readonly string[]): Promise<Ran> {
  let out = "";
  let err = "";
  const { clock, logLines } = site;
  const write = (line: string): void => void logLines.push(line);
  const exit = await main([...argv, "--config", site.configFile], {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    terminal: false,
    version: "0.0.0-test",
    // Root's id alone: the program must not change the user of the test's own process.
    uid: 0,
    onSignal: () => () => undefined,
    machine: machineOf(clock, {
      log: createLog({ clock, format: "json", level: "debug", write }),
      // No daemon of this machine: the socket is looked for in the site's own folder.
      env: { RUNTIME_DIRECTORY: site.dir },
    }),
  });
  return { exit, out, err };
}

/** A site as the scenario begins, its journal in nobody's hands. */
export async function startStage(t: Test, scenario: Scenario): Promise<Stage> {
  const site = await startSite(t, scenario.options);
  site.journal.close();
  const parts = scenario.build(site);
  site.configure(parts);
  return { site, parts, printed: "" };
}

/** What happens before the program runs; gives its arguments. */
export function prepareStep(stage: Stage, step: Step): readonly string[] {
  step.prepare?.(stage);
  stage.site.configure(stage.parts);
  return step.command(stage);
}

export async function runStep(stage: Stage, step: Step): Promise<Ran> {
  const ran = await runProgram(stage.site, prepareStep(stage, step));
  stage.printed = ran.out;
  return ran;
}
