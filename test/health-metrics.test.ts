import { readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { Counters, UNKNOWN_REALM } from "../src/health/index.js";
import type { HealthState } from "../src/health/index.js";
import { renderMetrics } from "../src/health/metrics.js";
import { well } from "./health-common.js";

const GOLDEN = new URL("golden/metrics.txt", import.meta.url);

/** Every name of DESIGN.md, Health, with its labels: a contract. */
const CONTRACT = [
  "build_info{version}",
  "leader",
  "secret_expiry_timestamp_seconds{realm}",
  "secret_renewal_timestamp_seconds{realm}",
  "secret_accepted{realm}",
  "credential_expiry_timestamp_seconds",
  "pass_last_success_timestamp_seconds{realm}",
  "pass_success{realm}",
  "pass_duration_seconds{realm}",
  "rotation_last_success_timestamp_seconds{realm}",
  "changes_total{realm,action}",
  "held_changes{realm}",
  "skipped_people{realm}",
  "kept_people{realm}",
  "unmanaged_users{realm}",
  "group_members{realm,group}",
  "user_database_bytes",
  "user_database_limit_bytes",
  "requests_total{system,method,status}",
  "errors_total{code}",
  "config_reload_success",
];

function counted(): Counters {
  const counters = new Counters();
  for (let n = 0; n < 3; n++) counters.change("entra", "join");
  counters.change("entra", "disable-user");
  counters.request("pve", "GET", 200);
  counters.request("pve", "GET", 200);
  counters.request("pve", "PUT", 596);
  counters.request("entra", "POST", undefined);
  counters.error("GUARD_HELD");
  return counters;
}

/** `name{label,label}` of every series, each once. */
function shapes(text: string): Set<string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Set(
    lines.map((line) => {
      const [, name, labels] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
      const names = [...(labels ?? "").matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, l]) => l);
      return names.length > 0 ? `${name}{${names.join(",")}}` : String(name);
    }),
  );
}

t.test("the whole output is the golden file", async (t) => {
  const text = await renderMetrics(well, counted());
  // `TAP_SNAPSHOT=1` writes it anew; the difference is then for the reviewer to see.
  if (process.env["TAP_SNAPSHOT"] === "1") writeFileSync(GOLDEN, text);
  t.equal(text, readFileSync(GOLDEN, "utf8"));
});

t.test("names and labels are exactly the contract's", async (t) => {
  const text = await renderMetrics(well, counted());
  t.strictSame(
    [...shapes(text)].sort(),
    CONTRACT.map((shape) => `pve_entra_agent_${shape}`).sort(),
  );
});

t.test("what is not known has no series", async (t) => {
  const { version, startedAt, observed, lease, reload, findings } = well;
  const realms = new Map([["entra", UNKNOWN_REALM]]);
  const state: HealthState = { version, startedAt, observed, lease, reload, findings, realms };
  const text = await renderMetrics(state, new Counters());
  t.strictSame(
    [...shapes(text)].sort(),
    [
      "build_info{version}",
      "config_reload_success",
      "held_changes{realm}",
      "kept_people{realm}",
      "leader",
      "skipped_people{realm}",
      "unmanaged_users{realm}",
    ].map((shape) => `pve_entra_agent_${shape}`),
  );
});

t.test("a realm or group that is gone leaves no series behind", async (t) => {
  const counters = new Counters();
  await renderMetrics(well, counters);
  const text = await renderMetrics({ ...well, realms: new Map() }, counters);
  t.notMatch(text, /entra"/);
});

t.test("label values cannot forge lines", async (t) => {
  const state: HealthState = { ...well, version: '1"} 1\nforged{} 2\\' };
  const text = await renderMetrics(state, new Counters());
  t.match(text, 'build_info{version="1\\"} 1\\nforged{} 2\\\\"} 1');
  t.notMatch(text, /^forged/m);
});
