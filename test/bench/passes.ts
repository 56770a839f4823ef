/** Passes of the agent beside their floor: the same requests without any logic. */
import { createAgent } from "../../src/agent.js";
import type { Agent } from "../../src/agent.js";
import { systemClock } from "../../src/clock.js";
import { loadConfig } from "../../src/config/load.js";
import { openJournal } from "../../src/journal/index.js";
import { silentLog } from "../../src/log.js";
import { createFloor } from "./floor.js";
import type { Floor } from "./floor.js";
import { makeSite } from "./site.js";
import { median } from "./median.js";
import type { WorldOptions } from "./world.js";
import { startRemoteWorld } from "./worlds.js";
import type { RemoteWorld } from "./worlds.js";

export type Story = "first sync" | "one change" | "no change";

export interface PassFigures {
  readonly people: number;
  readonly story: Story;
  /** Of which to each side. */
  readonly requests: { readonly entra: number; readonly pve: number };
  readonly writes: number;
  /** Milliseconds, the median of all rounds. */
  readonly agentMs: number;
  readonly floorMs: number;
  readonly ratio: number;
  /** Processor time of this process alone, without the emulators. */
  readonly agentCpuMs: number;
  readonly floorCpuMs: number;
  readonly rounds: number;
}

/** What was measured of one pass and of its floor. */
interface Round {
  readonly agent: Spent;
  readonly floor: Spent;
  readonly requests: PassFigures["requests"];
  readonly writes: number;
}

interface Spent {
  readonly ms: number;
  readonly cpuMs: number;
}

/** One agent and one floor, each before a world of its own. */
interface Track {
  readonly agent: Agent;
  readonly floor: Floor;
  readonly mine: RemoteWorld;
  readonly theirs: RemoteWorld;
}

const ROUNDS = 5;
/** A first sync of more people than this is long enough for once. */
const FEW_PEOPLE = 100;
const FIRST_ROUNDS = 3;

/** Runs the code once before it is measured, as a daemon has by its second pass. */
export async function warmUp(): Promise<void> {
  await oneWorld({ people: 20, costs: false }, 1);
}

export async function measurePasses(options: WorldOptions): Promise<readonly PassFigures[]> {
  const { people } = options;
  const all = new Map<Story, Round[]>();
  const worlds = people <= FEW_PEOPLE ? FIRST_ROUNDS : 1;
  for (let n = 0; n < worlds; n += 1) {
    for (const [story, rounds] of await oneWorld(options, ROUNDS)) {
      all.set(story, [...(all.get(story) ?? []), ...rounds]);
    }
  }
  return [...all].map(([story, rounds]) => figuresOf(people, story, rounds));
}

async function oneWorld(
  options: WorldOptions,
  rounds: number,
): Promise<ReadonlyMap<Story, readonly Round[]>> {
  return onTrack(options, async (track) => {
    const first = [await oneRound(track)];
    const change: Round[] = [];
    const none: Round[] = [];
    for (let n = 0; n < rounds; n += 1) {
      none.push(await oneRound(track));
      await Promise.all([track.mine.move(n), track.theirs.move(n)]);
      change.push(await oneRound(track));
    }
    return new Map<Story, readonly Round[]>([
      ["first sync", first],
      ["one change", change],
      ["no change", none],
    ]);
  });
}

async function oneRound({ agent, floor, mine, theirs }: Track): Promise<Round> {
  const agentSpent = await spent(() => onePass(agent));
  const requests = await mine.take();
  const floorSpent = await spent(() => floor.replay(requests));
  await theirs.take();
  const of = (system: string): typeof requests => requests.filter((one) => one.system === system);
  return {
    agent: agentSpent,
    floor: floorSpent,
    requests: { entra: of("entra").length, pve: of("pve").length },
    writes: of("pve").filter(({ method }) => method !== "GET").length,
  };
}

async function onePass(agent: Agent): Promise<void> {
  const order = {
    trigger: "bench",
    realms: agent.config.realms,
    rotate: new Set<string>(),
    dry: false,
    secretsOnly: false,
  };
  const { findings } = await agent.pass(order, {}, new AbortController().signal);
  if (findings.length > 0) throw new Error(`a pass found ${JSON.stringify(findings[0])}`);
}

/** Collects the garbage of what came before first, where node was started with --expose-gc. */
async function spent(work: () => Promise<void>): Promise<Spent> {
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 };
}

async function onTrack<T>(options: WorldOptions, work: (track: Track) => Promise<T>): Promise<T> {
  const closers: (() => Promise<void> | void)[] = [];
  try {
    const mine = await startRemoteWorld(options);
    closers.push(() => mine.close());
    const theirs = await startRemoteWorld(options);
    closers.push(() => theirs.close());
    const site = makeSite(mine.facts);
    closers.push(() => site.remove());
    const machine = {
      clock: systemClock,
      log: silentLog,
      nodeName: "pve1",
      machineId: "0123456789abcdef0123456789abcdef",
    };
    const journal = openJournal({ dir: site.stateDir, ...machine });
    closers.push(() => journal.close());
    const config = loadConfig(site.configFile, { env: {} });
    const agent = createAgent(config, journal, { ...machine, random: () => 0, env: {} });
    closers.push(() => agent.close({ abort: true }));
    const floor = createFloor(theirs.facts, mine.facts);
    closers.push(() => floor.close());
    return await work({ agent, floor, mine, theirs });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function figuresOf(people: number, story: Story, rounds: readonly Round[]): PassFigures {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const agentMs = of(({ agent }) => agent.ms);
  const floorMs = of(({ floor }) => floor.ms);
  return {
    people,
    story,
    requests: {
      entra: of(({ requests }) => requests.entra),
      pve: of(({ requests }) => requests.pve),
    },
    writes: of(({ writes }) => writes),
    agentMs,
    floorMs,
    ratio: agentMs / floorMs,
    agentCpuMs: of(({ agent }) => agent.cpuMs),
    floorCpuMs: of(({ floor }) => floor.cpuMs),
    rounds: rounds.length,
  };
}
