import { loadConfig } from "../config/load.js";
import { planView } from "../decide/plan-view.js";
import { ansiPaint, plainPaint, renderPlan } from "../decide/render.js";
import { jsonText } from "../decide/text.js";
import { EXIT } from "../exit.js";
import { verdict } from "../pass/verdict.js";
import type { Command } from "./io.js";
import { findingsText } from "./findings.js";
import { readOnly } from "./locally.js";
import { withProgress } from "./progress.js";

export const plan: Command = {
  name: "plan",
  summary: "Shows what the next pass would do and why; writes nothing",
  options: {},
  async run({ config: file, json }, io) {
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
    if (json) io.out(`${jsonText(planView(report.plan, report.secrets), 2)}\n`);
    else io.out(renderPlan(report.plan, report.secrets, io.terminal ? ansiPaint : plainPaint));
    return verdict(report, true);
  },
};
