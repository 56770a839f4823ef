/** Starts worlds beside this process and speaks to them. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Recorded } from "./recorder.js";
import type { WorldFacts, WorldOptions } from "./world.js";
import type { WorldOrder, WorldReply } from "./world-process.js";

export interface RemoteWorld {
  readonly facts: WorldFacts;
  move(person: number): Promise<void>;
  /** The requests since the last time. */
  take(): Promise<readonly Recorded[]>;
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("world-process.ts", import.meta.url));

/** Throws when the process ends before it has answered. */
export async function startRemoteWorld(options: WorldOptions): Promise<RemoteWorld> {
  const child = fork(PROGRAM, { execArgv: ["--import", "tsx"] });
  const ended = once(child, "exit");
  const ask = async <K extends WorldReply["kind"]>(
    order: WorldOrder,
    kind: K,
  ): Promise<Extract<WorldReply, { kind: K }>> => {
    const answer = once(child, "message");
    child.send(order);
    const early = ended.then(() => {
      throw new Error("a world ended by itself");
    });
    const [reply] = (await Promise.race([answer, early])) as [WorldReply];
    if (reply.kind !== kind) throw new Error(`a world answered ${JSON.stringify(reply)}`);
    return reply as Extract<WorldReply, { kind: K }>;
  };
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    await ended;
  };
  try {
    const { facts } = await ask({ kind: "start", options }, "started");
    return {
      facts,
      move: async (person) => void (await ask({ kind: "move", person }, "moved")),
      take: async () => (await ask({ kind: "take" }, "taken")).requests,
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
