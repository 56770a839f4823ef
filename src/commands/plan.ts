import { loadConfig } from "../config/load.js";
import { unique } from "../decide/decide.js";
import { planView } from "../decide/plan-view.js";
import type { Plan } from "../decide/plan.js";
import { ansiPaint, plainPaint, renderPlan } from "../decide/render.js";
import { jsonText } from "../decide/text.js";
import type { Finding } from "../errors.js";
import { EXIT } from "../exit.js";
import type { PassReport } from "../pass/pass.js";
import { verdict } from "../pass/verdict.js";
import { redact, redactDeep } from "../redact.js";
import type { Run } from "./io.js";
import { findingsText } from "./findings.js";
import { readOnly } from "./locally.js";
import { withProgress } from "./progress.js";

/** No plan as JSON nests deeper. */
const DEPTH = 16;

export const plan: Run = async ({ config: file, json }, io) => {
  const config = loadConfig(file, { env: io.machine.env });
  const report = await readOnly(config, io, (passes) =>
    withProgress(io, "looking at Entra and Proxmox VE", () =>
      passes.pass({ trigger: "plan", dry: true }),
    ),
  );
  if (report.plan === undefined) {
    io.err(findingsText(report.findings));
    return EXIT.failed;
  }
  const told = { ...report.plan, findings: findingsOf(report, report.plan) };
  if (json) io.out(`${jsonText(redactDeep(planView(told, report.secrets), DEPTH), 2)}\n`);
  else io.out(renderPlan(told, report.secrets, io.terminal ? ansiPaint : plainPaint));
  return verdict(report, true);
};

/** All that bears on the exit code: of the plan, and of what the pass met beside it. */
function findingsOf(report: PassReport, plan: Plan): Plan["findings"] {
  const key = ({ code, realm, message }: Finding): string => `${code}|${realm}|${message}`;
  const ofSecrets = new Set(report.secrets.flatMap(({ findings }) => findings.map(key)));
  const beside = report.findings.filter((finding) => !ofSecrets.has(key(finding)));
  const all = unique([...plan.findings, ...beside]);
  return all.map((finding) => ({ ...finding, message: redact(finding.message) }));
}
