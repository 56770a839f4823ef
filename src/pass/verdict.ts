/** What a pass means for the shell. */
import { rotates } from "../decide/render.js";
import { EXIT, worst } from "../exit.js";
import type { Exit } from "../exit.js";
import type { PassReport } from "./pass.js";

/** @param dry `plan`: what is still to be done is an answer of its own */
export function verdict(report: PassReport, dry: boolean): Exit {
  const exits: Exit[] = [...report.realms.values()].map(({ ok }) => (ok ? EXIT.done : EXIT.failed));
  const { plan } = report;
  if ((plan?.holds.length ?? 0) > 0) exits.push(EXIT.held);
  if (!dry) return worst(exits);
  const changes = (plan?.actions.length ?? 0) > 0 || rotates(report.secrets);
  return worst([...exits, changes ? EXIT.changesWait : EXIT.done]);
}
