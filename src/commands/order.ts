/** Hands an order to the running daemon, or does it here, and shows what happens. */
import { loadConfig } from "../config/load.js";
import { controlSocket, daemonListens, runOnDaemon } from "../control/index.js";
import type { ControlEvent, Emit, Order } from "../control/index.js";
import { carryOut } from "../daemon/orders.js";
import { printable } from "../decide/text.js";
import { AgentError } from "../errors.js";
import { EXIT } from "../exit.js";
import { findingText } from "./findings.js";
import type { Args, Io } from "./io.js";
import { locally } from "./locally.js";
import type { PlanView } from "../decide/plan-view.js";

export async function order(given: Order, args: Args, io: Io): Promise<number> {
  const config = loadConfig(args.config, { env: io.machine.env });
  const socket = controlSocket(config.state.dir, io.machine.env);
  const show = shower(args, io);
  if (!(await daemonListens(socket))) {
    const exit = await locally(config, io, (passes) => carryOut(given, passes, show));
    return finish({ type: "done", exit }, args, io);
  }
  for await (const event of runOnDaemon(socket, given)) {
    if (event.type === "done") return finish(event, args, io);
    show(event);
  }
  throw new AgentError("CONTROL_UNREACHABLE", "the daemon broke off");
}

function shower({ json }: Args, io: Io): Emit {
  if (json) return (event) => io.out(`${JSON.stringify(event)}\n`);
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
    ...plan.held.map(({ text, because }) => `held: ${printable(text)}\n  ${printable(because)}\n`),
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

function finish(event: ControlEvent & { type: "done" }, { json }: Args, io: Io): number {
  if (json) io.out(`${JSON.stringify(event)}\n`);
  else if (event.code !== undefined) io.err(`${event.code}: ${printable(event.message ?? "")}\n`);
  else io.out(`${WORDS[event.exit] ?? "failed"}\n`);
  return event.exit;
}

const WORDS: Readonly<Record<number, string>> = {
  [EXIT.done]: "done",
  [EXIT.failed]: "failed: see above",
  [EXIT.held]: "held: some changes wait for an approval",
};
