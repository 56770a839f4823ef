/** promtool on what a running agent serves, and a real Prometheus' parser on every panel's query. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { PANELS } from "../../scripts/dashboard.js";
import { byHand, feel, startOn, until } from "../support/daemon-bed.js";
import { mapping, startSite } from "../support/site.js";
import { needPromtool, promtool } from "./promtool.js";

t.setTimeout(600_000);
needPromtool();

const names = (text: string): string[] => [
  ...new Set([...text.matchAll(/^(pve_entra_agent_\w+)[{ ]/gm)].map(([, name]) => name ?? "")),
];

t.test("/metrics of a running agent, with everything in it: promtool check metrics", async (t) => {
  const site = await startSite(t);
  site.journal.close();
  const people = ["ada", "bob", "eve"].map((name) => site.addUser(name));
  const guest = site.entra.world.addGuest({ mail: "guest@home.example" }).id;
  const group = site.group("Operators", [...people, guest]);
  site.configure({ groups: mapping("ops", group) });
  const schedule = byHand();
  const daemon = await startOn(site, schedule);
  t.teardown(() => daemon.stop());
  await schedule.tick();
  await daemon.pass({ trigger: "rotate", rotate: true, secretsOnly: true });
  for (const id of people) site.entra.world.leave(group, id);
  await schedule.tick();
  await until("the rotation is done", () => {
    const { realms } = daemon.status().health;
    return typeof realms["entra"]?.secret.last_rotation === "string";
  });
  await schedule.tick();
  const { metrics } = await feel(daemon.healthUrl);
  const said = promtool(["check", "metrics"], metrics);
  t.equal(said.code, 0, said.text);
  t.equal(said.text, "", "not even a hint");
  const golden = readFileSync(new URL("../golden/metrics.txt", import.meta.url), "utf8");
  t.strictSame(names(metrics).sort(), names(golden).sort(), "every metric there is was there");
});

t.test("promtool check metrics finds something where there is something", async (t) => {
  const wrong = "# HELP a_total x\n# TYPE a_total gauge\na_total 1\n";
  t.not(promtool(["check", "metrics"], wrong).code, 0);
});

t.test("every query of the dashboard is PromQL", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "pve-entra-panels-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const check = (exprs: readonly string[]): ReturnType<typeof promtool> => {
    const rules = exprs.map((expr, at) => ({ record: `panel:${at}`, expr }));
    const file = join(dir, "panels.yml");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    return promtool(["check", "rules", file]);
  };
  const exprs = PANELS.flatMap(({ queries }) => queries.map(({ expr }) => expr));
  const said = check(exprs);
  t.equal(said.code, 0, said.text);
  t.match(said.text, `${exprs.length} rules found`);
  t.not(check(["sum by (pve_entra_agent_leader"]).code, 0);
});
