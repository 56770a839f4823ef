/** The reading functions of `src/entra/` over recorded answers, some of which the test changes. */
import { createDirectory } from "../../src/entra/directory.js";
import { createGraph } from "../../src/entra/graph.js";
import { createSsoApp } from "../../src/entra/application.js";
import { createNetwork } from "../../src/entra/network.js";
import type { Answer, Network, Outgoing } from "../../src/entra/network.js";
import type { DirectoryPort, SsoAppPort } from "../../src/ports.js";
import type { ObjectId, Question } from "../../src/decide/facts.js";
import { silentLog } from "../../src/log.js";
import { never, NOW, sleepyClock } from "../entra-bed.js";
import type { Bed } from "../entra-bed.js";
import { createTokens } from "../../src/entra/tokens.js";

export interface Reading {
  readonly directory: DirectoryPort;
  readonly app: SsoAppPort;
}

/** Everything that a pass reads, over any network. Waits take no time. */
export function readingOver(network: Network, origin: string, appId: string): Reading {
  const clock = sleepyClock();
  const given = { token: `x.${Buffer.from("{}").toString("base64url")}.`, lifetimeMs: 3_600_000 };
  const tokens = createTokens(async () => given, clock, never);
  const common = { clock, random: () => 0, log: silentLog };
  const graph = createGraph({ origin, network, tokens, ...common });
  return {
    directory: createDirectory({ graph, tokens, ...common }, network.serverTime),
    app: createSsoApp(graph, appId, clock),
  };
}

/** One answer and what it was given to. */
export interface Exchange {
  readonly outgoing: Outgoing;
  readonly answer: Answer;
}

/** What an honest emulator answers to `work`, in order. */
export async function recorded(
  bed: Bed,
  token: string,
  work: (reading: Reading) => Promise<unknown>,
  appId: string,
): Promise<readonly Exchange[]> {
  const { config } = bed;
  const network = createNetwork({
    clock: sleepyClock(),
    origins: [config.graph],
    env: {},
    ...(config.caFile === undefined ? {} : { caFile: config.caFile }),
  });
  const exchanges: Exchange[] = [];
  const recorder: Network = {
    ...network,
    async exchange(outgoing, signal) {
      const headers = { ...outgoing.headers, authorization: `Bearer ${token}` };
      const answer = await network.exchange({ ...outgoing, headers }, signal);
      exchanges.push({ outgoing, answer });
      return answer;
    },
  };
  try {
    await work(readingOver(recorder, config.graph, appId));
  } finally {
    await network.close();
  }
  return exchanges;
}

const NOT_THERE = { error: { code: "Request_ResourceNotFound", message: "no" } };

/** Every answer that was really given, after the test changed it. */
export interface Replay {
  readonly network: Network;
  readonly served: Exchange[];
}

/** Answers as recorded, each through `change`; what was never recorded is not found. */
export function replay(
  exchanges: readonly Exchange[],
  change: (answer: Answer, at: number) => Answer,
): Replay {
  const known = new Map(exchanges.map((one, at) => [keyOf(one.outgoing), { ...one, at }]));
  const served: Exchange[] = [];
  return {
    served,
    network: {
      async exchange(outgoing) {
        const found = known.get(keyOf(outgoing));
        const answer = found ? change(found.answer, found.at) : unknownAnswer(outgoing);
        served.push({ outgoing, answer });
        return answer;
      },
      serverTime: () => ({ now: NOW, localOffsetMs: 0 }),
      close: async () => undefined,
    },
  };
}

function keyOf({ method, url, body }: Outgoing): string {
  return `${method} ${url.pathname}${url.search} ${body ?? ""}`;
}

function unknownAnswer({ url, body }: Outgoing): Answer {
  if (!url.pathname.endsWith("/$batch")) {
    return { status: 404, headers: {}, text: JSON.stringify(NOT_THERE) };
  }
  const { requests } = JSON.parse(body ?? "") as { requests: { id: string }[] };
  const responses = requests.map(({ id }) => ({ id, status: 404, headers: {}, body: NOT_THERE }));
  return { status: 200, headers: {}, text: JSON.stringify({ responses }) };
}

export function askAbout(id: string, groups: readonly string[]): Question {
  return { who: { by: "id", id: id as ObjectId }, groups: groups as readonly ObjectId[] };
}
