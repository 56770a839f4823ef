/** What `sync` and `rotate` do, be it in the daemon or in a process of their own. */
import type { Config } from "../config/types.js";
import type { Action } from "../decide/plan.js";
import { planView } from "../decide/plan-view.js";
import { describe } from "../decide/render.js";
import { AgentError } from "../errors.js";
import type { Emit, ExitCode, Order } from "../control/index.js";
import { isFailure } from "../pass/pass.js";
import type { PassOrder, PassReport } from "../pass/pass.js";
import type { RotationOutcome } from "../pass/rotate-tools.js";
import { verdict } from "../pass/verdict.js";
import { EXIT, worst } from "../exit.js";
import type { Exit } from "../exit.js";

/** A pass as an order asks for it; what is left out is the usual. */
export type OrderedPass = Partial<Omit<PassOrder, "realms" | "rotate">> & {
  readonly trigger: string;
  /** Names of realms; absent: all. */
  readonly realms?: readonly string[];
  readonly rotate?: boolean;
};

/** Where passes are to be had. */
export interface Passes {
  readonly config: Config;
  pass(order: OrderedPass, onDone?: (action: Action) => void): Promise<PassReport>;
}

/**
 * Completes an order with what it leaves out. Realms that share an SSO app are looked at together
 * whichever of them is named: a decision that knew only some would take the secret that another
 * one uses for one that nobody uses. Throws USAGE for a realm that is not configured.
 */
export function completeOrder(order: OrderedPass, config: Config): PassOrder {
  const { realms: names, rotate, ...rest } = order;
  const unknown = names?.find((name) => !config.realms.some((realm) => realm.name === name));
  if (unknown !== undefined) {
    throw new AgentError("USAGE", `the configuration has no realm ${unknown}`);
  }
  const named = config.realms.filter(({ name }) => names?.includes(name) ?? true);
  const apps = new Set(named.map(({ clientId }) => clientId));
  const realms = config.realms.filter(({ clientId }) => apps.has(clientId));
  return {
    dry: false,
    secretsOnly: false,
    ...rest,
    realms,
    rotate: new Set(rotate === true ? realms.map(({ name }) => name) : []),
  };
}

/** Does one order and tells what happens. The rotations that it sets going are waited for. */
export async function carryOut(order: Order, passes: Passes, emit: Emit): Promise<ExitCode> {
  let written = 0;
  const onDone = (action: Action): void => {
    written += 1;
    emit({ type: "progress", text: action.changes.map(describe).join("; "), done: written });
  };
  const report = await passes.pass(passFor(order, passes.config), onDone);
  for (const finding of report.findings) emit({ type: "finding", finding });
  if (report.plan !== undefined) {
    emit({ type: "plan", plan: planView(report.plan, report.secrets) });
  }
  if (!report.mayWrite) return EXIT.failed;
  const outcomes = await rotationsOf(report, emit);
  const rotated = outcomes.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
  const exits: Exit[] = [verdict(withoutRenewed(report, outcomes), false), rotated];
  if (order.kind === "rotate" && report.rotations.length === 0) {
    emit({ type: "progress", text: "nothing was rotated: see the findings" });
    exits.push(EXIT.failed);
  }
  return worst(exits);
}

function passFor(order: Order, config: Config): OrderedPass {
  if (order.kind === "sync") {
    const { approve, by } = order;
    return {
      trigger: "sync",
      ...(approve === undefined ? {} : { approve: { id: approve, by: by ?? "root" } }),
    };
  }
  const rotated = config.realms.filter(({ rotate }) => rotate).map(({ name }) => name);
  const realms = order.realm === undefined ? rotated : [order.realm];
  return { trigger: "rotate", realms, rotate: true, secretsOnly: true };
}

async function rotationsOf(report: PassReport, emit: Emit): Promise<readonly RotationOutcome[]> {
  if (report.rotations.length === 0) return [];
  emit({ type: "progress", text: "a new client secret is made and proved; this takes a minute" });
  const outcomes = await Promise.all(report.rotations);
  for (const { findings, ok, written } of outcomes) {
    for (const finding of findings) emit({ type: "finding", finding });
    if (ok) emit({ type: "progress", text: `the client secret of ${written.join(", ")} is new` });
  }
  return outcomes;
}

/** A refused secret is no failure of an order any more that ended with a new one in its place. */
function withoutRenewed(report: PassReport, outcomes: readonly RotationOutcome[]): PassReport {
  const renewed = new Set(outcomes.flatMap(({ ok, written }) => (ok ? written : [])));
  const realms = [...report.realms].map(([name, realm]): [string, typeof realm] => {
    const others = realm.findings.filter(({ code }) => code !== "SECRET_REFUSED");
    return [name, renewed.has(name) ? { ...realm, ok: !others.some(isFailure) } : realm];
  });
  return { ...report, realms: new Map(realms) };
}
