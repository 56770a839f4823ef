/** What the installed service costs, beside the least that a server on the same Node costs. */
import type { Test } from "tap";
import type { Node } from "./node.js";
import { HEALTH_PORT, UNIT, untilState } from "./service.js";
import { setTimeout as sleep } from "node:timers/promises";
import { PEOPLE } from "./story.js";
import type { Story } from "./story.js";

const ROUNDS = 3;
/** Whatever a pass leaves behind in timers and connections is over by then. */
const SETTLE_MS = 6_000;
const HIGHEST_MEMORY = 1.5;
const LATEST_ANSWER = 3;

const BARE_UNIT = "pve-entra-bare.service";
const BARE_PORT = 9746;
const BARE = `require("node:http")
  .createServer((request, response) => response.end("{}"))
  .listen(${BARE_PORT}, "127.0.0.1");
`;

/** Waits inside for the first answer, and tells how long after the start of the unit it came. */
const FIRST_ANSWER = `
const { request } = require("node:http");
const { execFileSync } = require("node:child_process");
const [unit, port] = process.argv.slice(2);
execFileSync("systemctl", ["restart", "--no-block", unit]);
const ask = () =>
  request({ host: "127.0.0.1", port, path: "/health", agent: false }, (answer) => {
    answer.resume().on("end", () => {
      // The clock of systemd's stamps is the one of hrtime: CLOCK_MONOTONIC.
      const answered = Number(process.hrtime.bigint() / 1000n);
      const property = "-pExecMainStartTimestampMonotonic";
      const began = execFileSync("systemctl", ["show", "--value", property, unit]);
      process.stdout.write(String((answered - Number(began)) / 1000));
    });
  }).on("error", () => setTimeout(ask, 2)).end();
ask();
`;

interface Figures {
  readonly residentKb: number;
  readonly firstAnswerMs: number;
}

export async function measured(t: Test, { node }: Story): Promise<void> {
  node.write("/usr/local/lib/pve-entra-bench/bare.cjs", BARE);
  node.write("/usr/local/lib/pve-entra-bench/first-answer.cjs", FIRST_ANSWER);
  const unit = `[Service]\nExecStart=/usr/bin/node /usr/local/lib/pve-entra-bench/bare.cjs\n`;
  node.write(`/etc/systemd/system/${BARE_UNIT}`, unit);
  await node.must("systemctl", "daemon-reload");
  const services: Figures[] = [];
  const bares: Figures[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bares.push(await measure(node, BARE_UNIT, BARE_PORT, async () => undefined));
    services.push(await measure(node, UNIT, HEALTH_PORT, () => untilState(node, "ok")));
  }
  await node.must("systemctl", "stop", BARE_UNIT);
  await node.must("rm", "-r", `/etc/systemd/system/${BARE_UNIT}`, "/usr/local/lib/pve-entra-bench");
  const memory = beside(services, bares, ({ residentKb }) => residentKb / 1024);
  const answer = beside(services, bares, ({ firstAnswerMs }) => firstAnswerMs);
  t.ok(memory.ratio <= HIGHEST_MEMORY, `idle at ${PEOPLE} people: ${said(memory, "MB")}`);
  t.ok(answer.ratio <= LATEST_ANSWER, `first answer: ${said(answer, "ms")}`);
}

async function measure(
  node: Node,
  unit: string,
  port: number,
  untilIdle: () => Promise<unknown>,
): Promise<Figures> {
  await node.run("systemctl", "stop", unit);
  const script = "/usr/local/lib/pve-entra-bench/first-answer.cjs";
  const firstAnswerMs = Number(await node.must("node", script, unit, String(port)));
  await untilIdle();
  await sleep(SETTLE_MS);
  const pid = await node.must("systemctl", "show", "--value", "-pMainPID", unit);
  const status = await node.must("cat", `/proc/${pid.trim()}/status`);
  const [, residentKb] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return { residentKb: Number(residentKb), firstAnswerMs };
}

interface Beside {
  readonly service: number;
  readonly bare: number;
  readonly ratio: number;
}

function beside(
  services: readonly Figures[],
  bares: readonly Figures[],
  pick: (figures: Figures) => number,
): Beside {
  const [service, bare] = [median(services.map(pick)), median(bares.map(pick))];
  return { service, bare, ratio: service / bare };
}

function said({ service, bare, ratio }: Beside, unit: string): string {
  return `${service.toFixed(0)} ${unit}, ${ratio.toFixed(2)} times the ${bare.toFixed(0)} ${unit} of a bare server`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
