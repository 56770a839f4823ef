/**
 * `/metrics`: the state and the counters in Prometheus' text format. Names and labels are a
 * contract (DESIGN.md, Health): test/golden/metrics.txt holds them all. What is not known has no
 * series, rather than a zero that somebody would alert on.
 */
import { Counter, Gauge, Registry } from "prom-client";
import type { Counters, Sum } from "./counters.js";
import type { HealthState, RealmHealth } from "./state.js";

const PREFIX = "pve_entra_agent_";
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Everything as text. A registry is made for each answer, so that no series outlives its cause. */
export async function renderMetrics(state: HealthState, counters: Counters): Promise<string> {
  const registry = new Registry();
  agent(registry, state);
  secrets(registry, state);
  passes(registry, state);
  people(registry, state);
  sums(registry, counters);
  return registry.metrics();
}

function agent(registry: Registry, state: HealthState): void {
  const build = gauge(registry, "build_info", "The version, as a label.", ["version"]);
  build.set({ version: state.version }, 1);
  single(registry, "leader", "1 on the node that writes.", Number(state.lease.leader));
  single(
    registry,
    "credential_expiry_timestamp_seconds",
    "When the agent's own credential for Entra ends.",
    seconds(state.credentialEnds),
  );
  single(
    registry,
    "user_database_bytes",
    "Estimated size of PVE's user database.",
    state.database?.bytes,
  );
  single(
    registry,
    "user_database_limit_bytes",
    "The most that PVE's user database may have; nothing is added above 80 % of it.",
    state.database?.limit,
  );
  single(
    registry,
    "config_reload_success",
    "0 while the configuration on disk is bad and an older one is in force.",
    Number(state.reload.ok),
  );
}

function secrets(registry: Registry, state: HealthState): void {
  perRealm(
    registry,
    state,
    "secret_expiry_timestamp_seconds",
    "When the realm's client secret ends.",
    ({ secret }) => seconds(secret.expires),
  );
  perRealm(
    registry,
    state,
    "secret_renewal_timestamp_seconds",
    "When the realm's client secret is due to be renewed; only where rotate = true.",
    ({ secret }) => (secret.rotated === true ? seconds(secret.renewAt) : undefined),
  );
  perRealm(
    registry,
    state,
    "secret_accepted",
    "1 if Entra accepts the realm's client secret, 0 if it refuses it.",
    ({ secret }) => (secret.accepted === undefined ? undefined : Number(secret.accepted)),
  );
  perRealm(
    registry,
    state,
    "rotation_last_success_timestamp_seconds",
    "When the realm last got a new client secret.",
    ({ secret }) => seconds(secret.lastRotation),
  );
}

function passes(registry: Registry, state: HealthState): void {
  perRealm(
    registry,
    state,
    "pass_last_success_timestamp_seconds",
    "When a pass over the realm last ended well.",
    ({ sync }) => seconds(sync.lastSuccess),
  );
  perRealm(
    registry,
    state,
    "pass_success",
    "1 if the last pass over the realm ended well.",
    ({ sync }) => (sync.ok === undefined ? undefined : Number(sync.ok)),
  );
  perRealm(
    registry,
    state,
    "pass_duration_seconds",
    "How long the last pass over the realm took.",
    ({ sync }) => seconds(sync.durationMs),
  );
}

function people(registry: Registry, state: HealthState): void {
  perRealm(registry, state, "held_changes", "Changes that the guard holds.", (r) => r.sync.held);
  perRealm(
    registry,
    state,
    "skipped_people",
    "People of mapped groups who are given nothing.",
    ({ sync }) => sync.skipped,
  );
  perRealm(
    registry,
    state,
    "kept_people",
    "People who left every mapping and keep their account.",
    ({ sync }) => sync.kept,
  );
  perRealm(
    registry,
    state,
    "unmanaged_users",
    "Users of the realm without mark and mapping.",
    ({ sync }) => sync.unmanaged,
  );
  const members = gauge(registry, "group_members", "People of the realm in a mapped PVE group.", [
    "realm",
    "group",
  ]);
  for (const [realm, { sync }] of state.realms) {
    for (const [group, count] of sync.groupMembers) members.set({ realm, group }, count);
  }
}

function sums(registry: Registry, counters: Counters): void {
  count(registry, "changes_total", "Changes made in PVE.", ["realm", "action"], counters.changes);
  count(
    registry,
    "requests_total",
    "Requests sent, by the status of their answer.",
    ["system", "method", "status"],
    counters.requests,
  );
  count(registry, "errors_total", "Coded errors and warnings.", ["code"], counters.errors);
}

function gauge(registry: Registry, name: string, help: string, labelNames: string[]): Gauge {
  return new Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] });
}

function single(registry: Registry, name: string, help: string, value: number | undefined): void {
  // prom-client starts a gauge without labels at 0, which would be a date in 1970.
  if (value !== undefined) gauge(registry, name, help, []).set(value);
}

function perRealm(
  registry: Registry,
  state: HealthState,
  name: string,
  help: string,
  read: (realm: RealmHealth) => number | undefined,
): void {
  const series = gauge(registry, name, help, ["realm"]);
  for (const [realm, health] of state.realms) {
    const value = read(health);
    if (value !== undefined) series.set({ realm }, value);
  }
}

function count<L extends object>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: (keyof L & string)[],
  counted: readonly Sum<L>[],
): void {
  const counter = new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
  for (const { labels, count: value } of counted) {
    counter.inc(labels as Partial<Record<keyof L & string, string>>, value);
  }
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
