/** Debian's promtool on what prometheus/ holds: rules, scrape configuration, every alert's cases. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { CASES, healthy } from "./cases.js";
import type { Case } from "./cases.js";
import { needPromtool, promtool } from "./promtool.js";

t.setTimeout(600_000);
needPromtool();

const FOLDER = fileURLToPath(new URL("../../prometheus/", import.meta.url));
const RULES = join(FOLDER, "alerts.yml");
const dir = mkdtempSync(join(tmpdir(), "pve-entra-promtool-"));
t.teardown(() => rmSync(dir, { recursive: true, force: true }));

const alerts = [...readFileSync(RULES, "utf8").matchAll(/^ +- alert: (\w+)$/gm)].map(
  ([, name]) => name ?? "",
);

t.test("promtool check rules", async (t) => {
  const { code, text } = promtool(["check", "rules", RULES]);
  t.equal(code, 0, text);
  t.match(text, `SUCCESS: ${alerts.length + 2} rules found`);
});

t.test("promtool check config: the example, and its variant without a token", async (t) => {
  const example = readFileSync(join(FOLDER, "scrape.yml"), "utf8").replace(
    /^ {2}- \/usr\/share\S+$/m,
    `  - ${RULES}`,
  );
  const [, commented = ""] = /^( {2}# - job_name[^]*?\n)\n/m.exec(example) ?? [];
  const local = `scrape_configs:\n${commented.replace(/^ {2}# /gm, "  ")}`;
  t.match(local, '- targets: ["127.0.0.1:9646"]');
  for (const text of [example, local]) {
    const file = join(dir, "prometheus.yml");
    writeFileSync(file, text);
    const said = promtool(["check", "config", "--syntax-only", file]);
    t.equal(said.code, 0, said.text);
  }
});

for (const one of CASES) {
  t.test(one.name, async (t) => {
    const file = join(dir, "case.yml");
    // JSON is YAML, too.
    writeFileSync(file, JSON.stringify(asPromtool(one)));
    const { code, text } = promtool(["test", "rules", file]);
    t.equal(code, 0, text);
  });
}

t.test("every alert fires in one of the cases, and no case expects another", async (t) => {
  const fired = new Set(CASES.flatMap(({ firing }) => Object.values(firing).flat()));
  t.strictSame([...fired].sort(), [...alerts].sort());
});

t.test("a wrong expectation is noticed", async (t) => {
  const file = join(dir, "wrong.yml");
  const wrong: Case = { name: "wrong", but: {}, firing: { "1h": ["EntraNoPass"] } };
  writeFileSync(file, JSON.stringify(asPromtool(wrong)));
  t.not(promtool(["test", "rules", file]).code, 0);
});

function asPromtool({ name, but, firing }: Case): object {
  const all = Object.entries({ ...healthy(), ...but });
  return {
    rule_files: [RULES],
    evaluation_interval: "1m",
    tests: [
      {
        name,
        interval: "1m",
        input_series: all.flatMap(([key, values]) =>
          values === null ? [] : [{ series: series(key), values }],
        ),
        promql_expr_test: Object.entries(firing).map(([time, names]) => ({
          expr: 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0',
          eval_time: time,
          exp_samples: names.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
        })),
      },
    ],
  };
}

const PER_NODE =
  /^(up|build_info|leader|credential_|user_database_|config_reload_success|errors_total)/;

/** `leader pve1` as Prometheus stores it. */
function series(key: string): string {
  const [, name = "", labels, node = ""] = /^(\w+)(?:\{(.*)\})? (\w+)$/.exec(key) ?? [];
  const all = [
    'job="pve-entra-agent"',
    `instance="${node}:9646"`,
    `cluster="${node === "other" ? "potsdam" : "berlin"}"`,
    ...(PER_NODE.test(name) ? [] : ['realm="entra"']),
    ...(labels === undefined ? [] : [labels]),
  ];
  return `${name === "up" ? "up" : `pve_entra_agent_${name}`}{${all.join(", ")}}`;
}
