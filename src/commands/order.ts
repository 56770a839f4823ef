/** Hands an order to the running daemon, or does it here, and shows what happens. */
import { loadConfig } from "../config/load.js";
import { controlSocket, daemonListens, runOnDaemon, worded } from "../control/index.js";
import type { ControlEvent, Emit, Order } from "../control/index.js";
import { carryOut } from "../daemon/orders.js";
import { counted, jsonText, printable } from "../decide/text.js";
import { AgentError } from "../errors.js";
import { EXIT } from "../exit.js";
import { asService } from "./as-service.js";
import { findingText } from "./findings.js";
import { heldLines } from "./held-text.js";
import type { Args, Io } from "./io.js";
import { locally } from "./locally.js";
import type { PlanView } from "../decide/plan-view.js";

export async function order(given: Order, args: Args, io: Io): Promise<number> {
  const config = loadConfig(args.config, { env: io.machine.env });
  const socket = controlSocket(config.state.dir, io.machine.env);
  const print = shower(args, io);
  let writes = 0;
  const show: Emit = (event) => {
    if (event.type === "progress" && event.done !== undefined) writes = event.done;
    print(worded(event));
  };
  const finish = (event: Done): number => {
    const good = given.kind === "sync" ? `done: ${writesText(writes)}` : "done";
    return ending(event, good, args, io);
  };
  if (!(await daemonListens(socket))) {
    const exitOfAnother = await asService(config, io);
    if (exitOfAnother !== undefined) return exitOfAnother;
    const exit = await locally(config, io, (passes) => carryOut(given, passes, show));
    return finish({ type: "done", exit });
  }
  for await (const event of runOnDaemon(socket, given)) {
    if (event.type === "done") return finish(event);
    show(event);
  }
  throw new AgentError("CONTROL_UNREACHABLE", "the daemon broke off");
}

function shower({ json }: Args, io: Io): Emit {
  if (json) return (event) => io.out(`${jsonText(event)}\n`);
  return (event) => {
    if (event.type === "progress") {
      const count = event.done === undefined ? "" : `${event.done}. `;
      io.out(`${count}${printable(event.text)}\n`);
    } else if (event.type === "finding") {
      io.out(findingText(event.finding));
    } else {
      io.out(summaryOf(event.plan as PlanView));
    }
  };
}

/** What is left after the pass: the plan itself was shown line by line as it was done. */
function summaryOf(plan: PlanView): string {
  const lines = [
    ...(plan.held.length === 0 ? [] : ["held:\n"]),
    ...heldLines(plan.held.map(({ text, because }) => ({ what: text, why: because }))).map(
      (line) => `  ${line}\n`,
    ),
    ...plan.waiting.map(
      (waiting) =>
        `waits: ${printable(waiting.changes.map(({ text }) => text).join("; "))}\n` +
        `  for ${printable(waiting.for)}\n`,
    ),
    ...(plan.approval_id === null
      ? []
      : [`To let the held changes through: pve-entra-agent sync --approve ${plan.approval_id}\n`]),
  ];
  return lines.join("");
}

type Done = ControlEvent & { type: "done" };

/** @param good what to say where all went well */
function ending(event: Done, good: string, { json }: Args, io: Io): number {
  if (json) io.out(`${jsonText(event)}\n`);
  else if (event.code !== undefined) io.err(`${event.code}: ${printable(event.message ?? "")}\n`);
  else if (event.exit === EXIT.done) io.out(`${good}\n`);
  else io.out(`${WORDS[event.exit] ?? "failed"}\n`);
  return event.exit;
}

function writesText(writes: number): string {
  return writes === 0 ? "nothing to write" : counted(writes, "write", "writes");
}

const WORDS: Readonly<Record<number, string>> = {
  [EXIT.failed]: "failed: see above",
  [EXIT.held]: "held: some changes wait for an approval",
};
