/** A real Prometheus in the node's network, with the scrape example and the alerts of the package. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { atEnd } from "./at-end.js";
import { membersOf } from "./first-sync.js";
import type { Node } from "./node.js";
import { HEALTH_PORT } from "./service.js";
import { PEOPLE, upnOf } from "./story.js";
import type { Story } from "./story.js";
import { until } from "./until.js";

const SHIPPED = "/usr/share/pve-entra-agent/prometheus";
const PORT = 9090;
/** More than the guard lets go at once. */
const LEAVERS = 40;

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export async function watched(t: Test, { node, outside, lab }: Story): Promise<void> {
  const stop = startPrometheus(node, lab.dir);
  const [target] = await until("the agent is scraped", async () => {
    const { activeTargets } = await ask<{ activeTargets: readonly { health: string }[] }>(
      node,
      "targets",
    );
    return activeTargets.some(({ health }) => health === "up") && activeTargets;
  });
  t.match(target, { health: "up", labels: { job: "pve-entra-agent", cluster: "berlin" } });
  const members = Array.from({ length: LEAVERS }, (_, n) => upnOf(PEOPLE - 1 - n));
  await outside.entra({ do: "leave", group: "PVE Operators", members });
  const held = await node.run("pve-entra-agent", "sync");
  t.equal(held.code, 3, "so many leave that the guard holds them");
  const alert = await until("the alert fires", async () => firing(node, "EntraChangesHeld"));
  t.equal(alert.labels["realm"], "entra");
  t.match(alert.annotations["summary"], /^\d+ changes of realm entra are held$/);

  const [approval] = /--approve [0-9a-f]{8,}/.exec(held.out) ?? ["--approve nothing"];
  await node.must("pve-entra-agent", "sync", ...approval.split(" "));
  const { userCfg } = await outside.files();
  t.equal(membersOf(userCfg, "pve-operators").length, PEOPLE - LEAVERS, "approved, they are out");
  stop();
}

/** The files of the package, but for the address, how often, and how long an alert waits. */
function startPrometheus(node: Node, scratch: string): () => void {
  const dir = join(scratch, "prometheus");
  mkdirSync(dir);
  const alerts = join(dir, "alerts.yml");
  const sooner = node
    .read(`${SHIPPED}/alerts.yml`)
    .replaceAll(/^( *)for: \d+[smhd]$/gm, "$1for: 0s")
    .replaceAll(/^( *)interval: \d+[smhd]$/gm, "$1interval: 1s");
  writeFileSync(alerts, sooner);
  const token = join(dir, "token");
  writeFileSync(token, "not looked at on loopback\n");
  const config = node
    .read(`${SHIPPED}/scrape.yml`)
    .replaceAll(/^( *)scrape_interval: \d+[smhd]$/gm, "$1scrape_interval: 1s")
    .replace(/^( *- targets:) .*$/m, `$1 ["127.0.0.1:${HEALTH_PORT}"]`)
    .replace(/^( *credentials_file:) .*$/m, `$1 ${token}`)
    .replace(`${SHIPPED}/alerts.yml`, alerts);
  writeFileSync(join(dir, "prometheus.yml"), config);
  const [program, ...args] = node.inItsNetwork([
    "prometheus",
    `--config.file=${join(dir, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(dir, "data")}`,
    `--web.listen-address=127.0.0.1:${PORT}`,
    "--log.level=warn",
  ]);
  const child = spawn(program, args, { cwd: "/", stdio: ["ignore", "inherit", "inherit"] });
  return atEnd(() => void child.kill("SIGKILL"));
}

async function firing(node: Node, name: string): Promise<Alert | undefined> {
  const { alerts } = await ask<{ alerts: readonly Alert[] }>(node, "alerts");
  return alerts.find(({ labels, state }) => labels["alertname"] === name && state === "firing");
}

/** Prometheus' HTTP API; until it is ready, an answer without anything in it. */
async function ask<T>(node: Node, what: string): Promise<T> {
  const url = `http://127.0.0.1:${PORT}/api/v1/${what}`;
  const { code, out } = await node.run("curl", "--silent", "--fail", "--max-time", "5", url);
  if (code !== 0) return { activeTargets: [], alerts: [] } as T;
  return (JSON.parse(out) as { data: T }).data;
}
