/**
 * The lease by configuration: `[cluster] writer` names the node that writes. Without it a node
 * writes only while PVE says that it is alone, asked at start and every hour.
 */
import type { Clock } from "../clock.js";
import { asAgentError } from "../errors.js";
import type { Lease, LeaseAnswer } from "./lease.js";

export interface ConfiguredWriterOptions {
  /** `[cluster] writer`. */
  readonly writer?: string;
  /** This machine's name; PVE calls a node by the first label of its host name. */
  readonly nodeName: string;
  /** The names of the cluster's nodes, as PVE lists them. */
  readonly nodes: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly clock: Pick<Clock, "monotonic">;
}

const ASK_AGAIN_MS = 60 * 60 * 1000;

export function configuredWriter(options: ConfiguredWriterOptions): Lease {
  const { writer } = options;
  if (writer === undefined) return whileAlone(options);
  const answer = byName(writer, options.nodeName);
  return { check: async () => answer };
}

function byName(writer: string, nodeName: string): LeaseAnswer {
  if (label(writer) === label(nodeName)) return { mayWrite: true };
  return {
    mayWrite: false,
    leader: writer,
    finding: {
      code: "CLUSTER_STANDBY",
      message: `node ${writer} is the writer, this is ${label(nodeName)}`,
    },
  };
}

/** Only "alone" is remembered for an hour: anything else is asked again at the next pass. */
function whileAlone(options: ConfiguredWriterOptions): Lease {
  let aloneAt: number | undefined;
  return {
    check: async (signal) => {
      const now = options.clock.monotonic();
      if (aloneAt !== undefined && now - aloneAt < ASK_AGAIN_MS) return { mayWrite: true };
      aloneAt = undefined;
      const answer = await askPve(options, signal);
      if (answer.mayWrite) aloneAt = now;
      return answer;
    },
  };
}

async function askPve(options: ConfiguredWriterOptions, signal: AbortSignal): Promise<LeaseAnswer> {
  try {
    const nodes = await options.nodes(signal);
    if (nodes.length === 1) return { mayWrite: true };
    return noWriter(`the cluster has ${nodes.length} nodes (${nodes.join(", ")})`);
  } catch (error) {
    signal.throwIfAborted();
    return noWriter(`PVE did not say how many nodes there are: ${asAgentError(error).message}`);
  }
}

function noWriter(why: string): LeaseAnswer {
  return {
    mayWrite: false,
    finding: { code: "CLUSTER_NO_WRITER", message: `${why}, and [cluster] writer is not set` },
  };
}

/** Host names know no case, and PVE's node names none of their domain. */
function label(name: string): string {
  return (name.split(".")[0] ?? name).toLowerCase();
}
