/** Undisturbed, every step ends as it says, does something, and leaves nothing for the next pass. */
import t from "tap";
import { SCENARIOS } from "./scenarios.js";
import { runProgram, runStep, startStage } from "./scenarios-run.js";
import { say } from "./size.js";

t.setTimeout(300_000);

for (const scenario of SCENARIOS) {
  t.test(scenario.name, async (t) => {
    const stage = await startStage(t, scenario);
    const { site } = stage;
    const foreign = (): readonly string[] =>
      site.pve
        .userCfg()
        .split("\n")
        .filter((line) => /oscar@pve|@manual/.test(line));
    for (const step of scenario.steps) {
      const [pve, entra] = [site.pve.log.last(), site.entra.log.last()];
      const ran = await runStep(stage, step);
      t.equal(ran.exit, step.exit, `${step.name}: ${ran.out}${ran.err}`);
      const requests = [
        ...site.pve.log.entries({ after: pve }),
        ...site.entra.log.entries({ after: entra }),
      ];
      const writes = requests.filter(({ method }) => method !== "GET").length;
      say(`${scenario.name}, ${step.name}: ${requests.length} requests, ${writes} no GET`);
      t.ok(site.pve.log.count({ after: pve, path: "/access/" }) > 0);
      if (step.name !== "the clean-up") {
        const written = site.pve.log.entries({ after: pve }).some(({ method }) => method !== "GET");
        t.ok(written, `${step.name} writes`);
      }
    }
    t.ok(foreign().length > 0);
    const after = site.pve.log.last();
    const last = scenario.steps.at(-1);
    const next = await runProgram(site, ["sync", "--json"]);
    t.equal(next.exit, last?.exit, next.out);
    t.strictSame(
      site.pve.log.entries({ after }).filter(({ method }) => method !== "GET"),
      [],
      "the next pass writes nothing",
    );
    t.strictSame(site.entra.violations, []);
  });
}
