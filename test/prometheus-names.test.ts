/**
 * Alerts and dashboard against what `/metrics` really serves: every name, every label. promtool
 * cannot know them; test/prometheus/ has what it can.
 */
import { readFileSync } from "node:fs";
import t from "tap";
import { dashboard, PANELS } from "../scripts/dashboard.js";
import { ERRORS } from "../src/errors.js";

const text = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const GOLDEN = text("golden/metrics.txt");
const RULES = text("../prometheus/alerts.yml");

/** What the scrape adds to every series. */
const SCRAPED = ["job", "instance", "cluster"];

/** Name to labels, of every metric that there is. */
const METRICS = new Map<string, readonly string[]>(
  [...GOLDEN.matchAll(/^(pve_entra_agent_\w+)(?:\{(.*)\})? /gm)].map(([, name = "", labels]) => [
    name,
    [...(labels ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label ?? ""),
  ]),
);

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly severity: string;
  readonly annotations: string;
}

/** Of our own file alone: the layout of alerts.yml is as strict as prettier makes it. */
const ALERTS: readonly Alert[] = RULES.split(/^ {6}- (?=alert: )/m)
  .slice(1)
  .map((block) => ({
    name: /^alert: (\w+)$/m.exec(block)?.[1] ?? "",
    expr: folded(/^ {8}expr: ([^]*?)^ {8}for: \d+[mh]$/m.exec(block)?.[1] ?? ""),
    severity: /^ {10}severity: (\w+)$/m.exec(block)?.[1] ?? "",
    annotations: /^ {8}annotations:\n([^]*)/m.exec(block)?.[1] ?? "",
  }));
/** Series that the rules record: name to the labels that are left of them. */
const RECORDED = new Map<string, readonly string[]>([
  ["pve_entra_agent:pass_interval_seconds", []],
  ["pve_entra_agent:writer", []],
]);

function folded(yaml: string): string {
  return yaml.replace(/^>-/, "").replace(/\s+/g, " ").trim();
}

interface Named {
  readonly metrics: readonly { readonly name: string; readonly labels: readonly string[] }[];
  /** In `by`, `on`, `group_left` and their like. */
  readonly clauses: readonly string[];
  /** Labels that the result may have. */
  readonly left: readonly string[];
}

/** The names in an expression of PromQL, without its texts. */
function namesIn(expr: string): Named {
  const selectors = [...expr.matchAll(/\b(pve_entra_agent[\w:]*|up)(?:\{([^}]*)\})?/g)];
  const metrics = selectors.map(([, name = "", inside]) => ({
    name,
    labels: [...(inside ?? "").matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, one]) => one ?? ""),
  }));
  const lists = [
    ...expr.matchAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g),
  ].map(([, word = "", list = ""]) => ({ word, labels: list.split(/[\s,]+/).filter(Boolean) }));
  const by = lists.find(({ word }) => word === "by");
  const joined = lists.filter(({ word }) => word === "group_left").flatMap(({ labels }) => labels);
  const [first] = metrics;
  const own = by?.labels ?? [...(METRICS.get(first?.name ?? "") ?? []), ...SCRAPED];
  return {
    metrics,
    clauses: lists.flatMap(({ labels }) => labels),
    left: [...own, ...joined],
  };
}

/** What is wrong with the names of an expression. */
function wrongIn(expr: string): readonly string[] {
  const { metrics, clauses } = namesIn(expr);
  const all = new Set([...SCRAPED, ...metrics.flatMap(({ name }) => METRICS.get(name) ?? [])]);
  const names = metrics.flatMap(({ name, labels }) => {
    if (RECORDED.has(name)) return [];
    const known = name === "up" ? [] : METRICS.get(name);
    if (known === undefined) return [`no metric ${name}`];
    return labels
      .filter((label) => !known.includes(label) && !SCRAPED.includes(label))
      .map((label) => `${name} has no label ${label}`);
  });
  const strays = clauses.filter((label) => !all.has(label)).map((label) => `no label ${label}`);
  return [...names, ...strays, ...(metrics.length === 0 ? ["no metric at all"] : [])];
}

t.test("what this file looks for is found", async (t) => {
  t.ok(METRICS.size >= 21);
  t.ok(ALERTS.length >= 13);
  t.ok(ALERTS.every(({ name, expr, severity }) => name !== "" && expr !== "" && severity !== ""));
  t.strictSame(wrongIn("pve_entra_agent_leader == 1"), []);
  t.strictSame(wrongIn("pve_entra_agent_leadr == 1"), ["no metric pve_entra_agent_leadr"]);
  t.strictSame(wrongIn('pve_entra_agent_leader{realm="x"}'), [
    "pve_entra_agent_leader has no label realm",
  ]);
  t.strictSame(wrongIn("sum by (code) (pve_entra_agent_leader)"), ["no label code"]);
  t.strictSame(wrongIn("1"), ["no metric at all"]);
});

t.test("every alert looks at metrics and labels that are there", async (t) => {
  for (const { name, expr } of ALERTS) t.strictSame(wrongIn(expr), [], name);
});

t.test("every alert says how bad it is, what it means, and where to read on", async (t) => {
  for (const { name, expr, severity, annotations } of ALERTS) {
    t.ok(["critical", "warning"].includes(severity), `${name}: ${severity}`);
    t.match(annotations, /^ {10}summary: "[^"]+"$/m, name);
    t.match(annotations, /^ {10}description: >-\n {12}\S/m, name);
    t.match(annotations, `runbook: docs/operate.md#${name.toLowerCase()}\n`, name);
    const shown = [...annotations.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? "");
    const { left } = namesIn(expr);
    t.strictSame(
      shown.filter((label) => !left.includes(label) && expr.includes("pve_entra_agent")),
      [],
      `${name} shows labels that it has`,
    );
  }
});

t.test("docs/monitoring.md: every alert has its row, with its severity", async (t) => {
  const rows = [...text("../docs/monitoring.md").matchAll(/^\| `(Entra\w+)` +\| (\w+) +\|/gm)];
  t.strictSame(
    rows.map(([, name, severity]) => [name, severity]),
    ALERTS.map(({ name, severity }) => [name, severity]),
  );
});

t.test("docs/operate.md: every alert has its section", async (t) => {
  const headings = [...text("../docs/operate.md").matchAll(/^### (Entra\w+)$/gm)];
  t.strictSame(
    headings.map(([, name]) => name),
    ALERTS.map(({ name }) => name),
  );
});

t.test("every panel looks at metrics and labels that are there, and names them", async (t) => {
  for (const { title, queries } of PANELS) {
    for (const { expr, legend } of queries) {
      t.strictSame(wrongIn(expr), [], title);
      const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? "");
      const { left } = namesIn(expr);
      t.ok(shown.length > 0 && shown.every((label) => left.includes(label)), `${title}: ${legend}`);
    }
  }
});

t.test("the variables above the dashboard come from labels that are there", async (t) => {
  const written = JSON.stringify(dashboard());
  const variables = [...written.matchAll(/label_values\(((?:[^()"\\]|\\")*), (\w+)\)/g)];
  t.equal(variables.length, 4, "each is written twice");
  for (const [, selector = "", label = ""] of variables) {
    const expr = selector.replaceAll('\\"', '"');
    t.strictSame(wrongIn(expr), []);
    t.ok(namesIn(expr).left.includes(label), label);
  }
});

t.test("every metric is looked at by an alert or a panel", async (t) => {
  const exprs = [
    ...ALERTS.map(({ expr }) => expr),
    ...PANELS.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
  ];
  const used = new Set(exprs.flatMap((expr) => namesIn(expr).metrics.map(({ name }) => name)));
  t.strictSame(
    [...METRICS.keys()].filter((name) => !used.has(name)),
    [],
  );
});

t.test("prometheus/dashboard.json is what scripts/dashboard.ts writes", async (t) => {
  t.strictSame(JSON.parse(text("../prometheus/dashboard.json")), dashboard());
});

t.test("every error makes EntraAgentErrorsRising, or something else speaks of it", async (t) => {
  const { expr = "" } = ALERTS.find(({ name }) => name === "EntraAgentErrorsRising") ?? {};
  const pattern = /code=~"([^"]+)"/.exec(expr)?.[1] ?? "";
  const matches = new RegExp(`^(?:${pattern})$`);
  const elsewhere = [
    // Alerts of their own.
    "CONFIG_RELOAD_FAILED",
    "CLUSTER_NO_WRITER",
    "GUARD_HELD",
    "SECRET_REFUSED",
    // No trouble at all.
    "CLUSTER_STANDBY",
    "STOPPING",
    // The daemon does not start, or the command says it.
    "USAGE",
    "CONFIG_UNREADABLE",
    "CONFIG_SYNTAX",
    "CONFIG_INVALID",
    "CONFIG_UNSAFE",
    "NODE_LOCKED",
    "HEALTH_LISTEN",
    "APPROVAL_UNKNOWN",
    "APPROVAL_NOT_ROOT",
  ];
  const errors = Object.entries(ERRORS).filter(([, { level }]) => level === "error");
  t.strictSame(
    errors
      .map(([code]) => code)
      .filter((code) => !matches.test(code))
      .sort(),
    elsewhere.sort(),
  );
});
