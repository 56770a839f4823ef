/** What the installed service costs, beside the least that a server on the same Node costs. */
import type { Test } from "tap";
import type { Node } from "./node.js";
import { dropIn, HEALTH_PORT, UNIT, untilState } from "./service.js";
import { setTimeout as sleep } from "node:timers/promises";
import { PEOPLE } from "./story.js";
import type { Story } from "./story.js";

/** Starts of each, in turns; the ratio in the middle counts. */
const STARTS = 7;
/** Whatever a pass leaves behind in timers and connections is over by then. */
const SETTLE_MS = 8_000;
/** Looks at the memory of both, at this distance; the smallest counts, for an idle one only shrinks. */
const LOOKS = 4;
const BETWEEN_LOOKS_MS = 2_000;
/** Times a bare server. */
const HIGHEST_MEMORY = 1.5;
/**
 * Times a bare server, systemd's work on the sandbox included. The aim, and no assertion: two times,
 * be they of one run, tell as much of the machine. What the answer waits for is a test of the bundle.
 */
const LATEST_ANSWER = 3;

/** Before all else that the machine does: the service, the bare server and who waits for them. */
const FIRST_IN_LINE = "[Service]\nCPUSchedulingPolicy=rr";
const FIRST_IN_LINE_BY_HAND = ["chrt", "--rr", "1"];

const BARE_UNIT = "pve-entra-bare.service";
const BARE_PORT = 9746;
const PLACE = "/usr/local/lib/pve-entra-bench";
const BARE = `require("node:http")
  .createServer((request, response) => response.end("{}"))
  .listen(${BARE_PORT}, "127.0.0.1");
`;

/** A minute or more: what is not there by then does not come. */
const MOST_REFUSALS = 30_000;

/** Waits inside for the first answer, and tells how long after the start of the unit it came. */
const FIRST_ANSWER = `
const { request } = require("node:http");
const { execFileSync } = require("node:child_process");
const [unit, port] = process.argv.slice(2);
execFileSync("systemctl", ["restart", "--no-block", unit]);
let refusals = 0;
const ask = () =>
  request({ host: "127.0.0.1", port, path: "/health", agent: false }, (answer) => {
    answer.resume().on("end", () => {
      // The clock of systemd's stamps is the one of hrtime: CLOCK_MONOTONIC.
      const answered = Number(process.hrtime.bigint() / 1000n);
      const property = "-pExecMainStartTimestampMonotonic";
      const began = execFileSync("systemctl", ["show", "--value", property, unit]);
      process.stdout.write(String((answered - Number(began)) / 1000));
    });
  }).on("error", (error) => {
    if (++refusals > ${MOST_REFUSALS}) throw error;
    setTimeout(ask, 2);
  }).end();
ask();
`;

export async function measured(t: Test, { node }: Story): Promise<void> {
  node.write(`${PLACE}/bare.cjs`, BARE);
  node.write(`${PLACE}/first-answer.cjs`, FIRST_ANSWER);
  const unit = `${FIRST_IN_LINE}\nExecStart=/usr/bin/node ${PLACE}/bare.cjs\n`;
  node.write(`/etc/systemd/system/${BARE_UNIT}`, unit);
  await dropIn(node, "bench", FIRST_IN_LINE);
  const answers: Pair[] = [];
  for (let n = 0; n < STARTS; n += 1) {
    answers.push({
      bare: await firstAnswer(node, BARE_UNIT, BARE_PORT),
      service: await firstAnswer(node, UNIT, HEALTH_PORT),
    });
  }
  await untilState(node, "ok");
  await sleep(SETTLE_MS);
  const memories: Pair[] = [];
  for (let n = 0; n < LOOKS; n += 1) {
    if (n > 0) await sleep(BETWEEN_LOOKS_MS);
    memories.push({
      bare: await residentMb(node, BARE_UNIT),
      service: await residentMb(node, UNIT),
    });
  }
  await node.must("systemctl", "stop", BARE_UNIT);
  await node.must("rm", "-r", `/etc/systemd/system/${BARE_UNIT}`, PLACE);
  await dropIn(node, "bench");
  await node.must("systemctl", "restart", UNIT);
  await untilState(node, "ok");
  const [memory, answer] = [least(memories), middle(answers)];
  const figures = [
    `idle at ${PEOPLE} people: ${said(memory, "MB")}; at most ${HIGHEST_MEMORY} times`,
    `first answer: ${said(answer, "ms")}; the aim is ${LATEST_ANSWER} times`,
  ] as const;
  // A report of what went well shows no name of an assertion.
  for (const figure of figures) console.error(figure);
  t.ok(ratio(memory) <= HIGHEST_MEMORY, figures[0]);
}

/** Milliseconds from the start of the process to its first answer. */
async function firstAnswer(node: Node, unit: string, port: number): Promise<number> {
  await node.run("systemctl", "stop", unit);
  const script = ["node", `${PLACE}/first-answer.cjs`, unit, String(port)];
  return Number(await node.must(...FIRST_IN_LINE_BY_HAND, ...script));
}

/** VmRSS of proc(5). */
async function residentMb(node: Node, unit: string): Promise<number> {
  const pid = await node.must("systemctl", "show", "--value", "-pMainPID", unit);
  const status = await node.must("cat", `/proc/${pid.trim()}/status`);
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return Number(kb) / 1024;
}

interface Pair {
  readonly service: number;
  readonly bare: number;
}

function least(pairs: readonly Pair[]): Pair {
  return {
    bare: Math.min(...pairs.map(({ bare }) => bare)),
    service: Math.min(...pairs.map(({ service }) => service)),
  };
}

function middle(pairs: readonly Pair[]): Pair {
  const sorted = pairs.toSorted((a, b) => ratio(a) - ratio(b));
  const pair = sorted[Math.floor(sorted.length / 2)];
  if (pair === undefined) throw new Error("nothing was measured");
  return pair;
}

function ratio({ service, bare }: Pair): number {
  return service / bare;
}

function said(pair: Pair, unit: string): string {
  const { service, bare } = pair;
  const times = `${ratio(pair).toFixed(2)} times`;
  return `${service.toFixed(0)} ${unit}, ${times} the ${bare.toFixed(0)} ${unit} of a bare server`;
}
