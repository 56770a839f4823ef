/**
 * The daemon as a process of its own, after its first pass and with nothing to do, beside a bare
 * `node:http` server on the same Node.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { buildProgram } from "./build.js";
import { median } from "./median.js";
import { makeSite } from "./site.js";
import { startRemoteWorld } from "./worlds.js";

export interface DaemonFigures {
  readonly people: number;
  /** Resident set of the idle process, kB. */
  readonly residentKb: Beside;
  /** From the start of the process to its first HTTP answer, milliseconds. */
  readonly firstAnswerMs: Beside;
  readonly rounds: number;
}

interface Beside {
  readonly daemon: number;
  readonly bare: number;
  readonly ratio: number;
}

/** One start of a process. */
interface Started {
  readonly firstAnswerMs: number;
  readonly residentKb: number;
}

const PEOPLE = 100;
const ROUNDS = 5;
/** A first sync of so few people has ended long before. */
const LONGEST_PASS_MS = 120_000;
const LOOK_EVERY_MS = 200;
/** Whatever a pass leaves behind in timers and connections is over by then. */
const SETTLE_MS = 8_000;

const BARE_SERVER = `
import { createServer } from "node:http";
const server = createServer((_request, response) => response.end("{}"));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  process.stdout.write(JSON.stringify({ health: "http://127.0.0.1:" + port }) + "\\n");
});
`;

export async function measureDaemon(): Promise<DaemonFigures> {
  const closers: (() => Promise<void> | void)[] = [];
  try {
    const program = await buildProgram();
    closers.push(() => program.remove());
    const world = await startRemoteWorld({ people: PEOPLE, costs: false });
    closers.push(() => world.close());
    const site = makeSite(world.facts);
    closers.push(() => site.remove());
    const run = [program.main, "run", "--config", site.configFile];
    const bare = ["--input-type=module", "-e", BARE_SERVER];
    const daemons: Started[] = [];
    const servers: Started[] = [];
    // The first start does the first sync; every other one finds nothing to do.
    await startOnce(run, hasPassed);
    for (let n = 0; n < ROUNDS; n += 1) {
      daemons.push(await startOnce(run, hasPassed));
      servers.push(await startOnce(bare, async () => true));
    }
    return {
      people: PEOPLE,
      residentKb: beside(daemons, servers, ({ residentKb }) => residentKb),
      firstAnswerMs: beside(daemons, servers, ({ firstAnswerMs }) => firstAnswerMs),
      rounds: ROUNDS,
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Starts a process, waits until it is ready and idle, looks at it, and ends it. */
async function startOnce(
  argv: readonly string[],
  isReady: (url: string) => Promise<boolean>,
): Promise<Started> {
  const began = performance.now();
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const kill = (): void => void child.kill("SIGTERM");
  process.once("exit", kill);
  try {
    const url = await addressOf(child);
    await answerOf(`${url}/health`);
    const firstAnswerMs = performance.now() - began;
    for (let waited = 0; !(await isReady(url)); waited += LOOK_EVERY_MS) {
      if (waited > LONGEST_PASS_MS) throw new Error("the daemon has not come to rest");
      await sleep(LOOK_EVERY_MS);
    }
    await sleep(SETTLE_MS);
    return { firstAnswerMs, residentKb: residentOf(child) };
  } finally {
    kill();
    process.off("exit", kill);
    await ended;
  }
}

/** The address that the process tells on its standard output. */
async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("the process has no output");
  const lines = createInterface({ input: stdout });
  for await (const line of lines) {
    const { health } = JSON.parse(line) as { health?: unknown };
    if (typeof health !== "string") continue;
    // Whatever else it says is read and dropped, so that it never waits for a reader.
    stdout.resume();
    return health;
  }
  throw new Error("the process ended before it listened");
}

async function hasPassed(url: string): Promise<boolean> {
  const health = (await answerOf(`${url}/health`)) as { state?: unknown };
  if (health.state === "degraded" || health.state === "failing") {
    throw new Error(`the daemon is ${health.state}: ${JSON.stringify(health)}`);
  }
  return health.state === "ok";
}

async function answerOf(url: string): Promise<unknown> {
  const { body } = await request(url, { headers: { connection: "close" } });
  return body.json();
}

/** VmRSS of proc(5). */
function residentOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kb === undefined) throw new Error("the process is gone");
  return Number(kb);
}

function beside(
  daemons: readonly Started[],
  servers: readonly Started[],
  pick: (started: Started) => number,
): Beside {
  const [daemon, bare] = [median(daemons.map(pick)), median(servers.map(pick))];
  return { daemon, bare, ratio: daemon / bare };
}
