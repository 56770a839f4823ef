/**
 * The lease by configuration: `[cluster] writer` names the node that writes. Without it a node
 * writes only while PVE says that it is alone. What PVE said is asked again after an hour.
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
/**
 * After a boot PVE lists its own node alone until corosync has told pmxcfs(8) of the others
 * (get_nodelist in PVE's Cluster.pm; not measured how long).
 */
const SETTLE_MS = 10 * 60 * 1000;

export function configuredWriter(options: ConfiguredWriterOptions): Lease {
  const { writer, nodeName } = options;
  if (writer === undefined) return whileAlone(options);
  if (label(writer) === label(nodeName)) return { check: async () => ({ mayWrite: true }) };
  return standby(writer, options);
}

/**
 * A name that is none of the cluster's, a node that was removed say, would make every node a
 * contented standby. Beside a cluster that this machine is no node of, nothing is known of its name.
 */
function standby(writer: string, { nodeName, nodes, clock }: ConfiguredWriterOptions): Lease {
  const own = label(nodeName);
  const answer: LeaseAnswer = {
    mayWrite: false,
    leader: writer,
    finding: { code: "CLUSTER_STANDBY", message: `node ${writer} is the writer, this is ${own}` },
  };
  let knownAt: number | undefined;
  let aloneSince: number | undefined;
  return {
    check: async (signal) => {
      const now = clock.monotonic();
      if (knownAt !== undefined && now - knownAt < ASK_AGAIN_MS) return answer;
      knownAt = undefined;
      const all = await nodes(signal).catch(() => undefined);
      signal.throwIfAborted();
      if (all === undefined) return answer;
      const labels = all.map(label);
      aloneSince = labels.length > 1 ? undefined : (aloneSince ?? now);
      if (labels.includes(own) && !labels.includes(label(writer))) {
        if (aloneSince !== undefined && now - aloneSince < SETTLE_MS) return answer;
        return noWriter(
          `[cluster] writer is ${writer}, and the cluster's nodes are ${all.join(", ")}`,
        );
      }
      knownAt = now;
      return answer;
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
    const names = nodes.join(", ");
    return noWriter(`the cluster has ${nodes.length} nodes (${names}), and ${NOT_SET}`);
  } catch (error) {
    signal.throwIfAborted();
    const why = asAgentError(error).message;
    return noWriter(`PVE did not say how many nodes there are: ${why}, and ${NOT_SET}`);
  }
}

const NOT_SET = "[cluster] writer is not set";

function noWriter(message: string): LeaseAnswer {
  return { mayWrite: false, finding: { code: "CLUSTER_NO_WRITER", message } };
}

/** Host names know no case, and PVE's node names none of their domain. */
function label(name: string): string {
  return (name.split(".")[0] ?? name).toLowerCase();
}
