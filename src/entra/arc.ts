import type { INetworkModule } from "@azure/msal-node";
import { AgentError } from "../errors.js";
import { createWitness } from "./msal-network.js";
import type { Network } from "./network.js";
import { afterThrow, tokenAnswer } from "./token-request.js";
import type { TokenAnswer } from "./token-request.js";

/**
 * MSAL keeps the first network module that it ever sees for managed identities in a static field,
 * for as long as the process lives. So it gets one that passes everything on to the request at
 * hand; after the configuration was loaded again the network is another one.
 */
let current: INetworkModule | undefined;
const passingOn: INetworkModule = {
  sendGetRequestAsync: (url, options) => atHand().sendGetRequestAsync(url, options),
  sendPostRequestAsync: (url, options) => atHand().sendPostRequestAsync(url, options),
};

function atHand(): INetworkModule {
  if (current === undefined) throw new AgentError("INTERNAL", "no managed identity request is on");
  return current;
}

/** The requests take turns, for they share `current`. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Asks the Azure Arc agent of this machine for a token of the machine's own identity. It listens on
 * loopback and answers only to who may read a key file of the group `himds`.
 * @param network one that reaches this machine only
 * Throws only the signal's reason.
 */
export function requestArcToken(
  network: Network,
  graph: string,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const request = last.then(() => requestOne(network, graph, signal));
  last = request.catch(() => undefined);
  return request;
}

async function requestOne(
  network: Network,
  graph: string,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const { ManagedIdentityApplication, ManagedIdentitySourceNames } =
    await import("@azure/msal-node");
  const witness = createWitness(network, signal);
  current = witness.module;
  try {
    const identity = new ManagedIdentityApplication({
      system: { networkClient: passingOn, disableInternalRetries: true },
    });
    if (identity.getManagedIdentitySource() !== ManagedIdentitySourceNames.AZURE_ARC) {
      return refused("the Azure Arc agent (azcmagent) is not installed on this machine");
    }
    const result = await identity.acquireToken({ resource: graph, forceRefresh: true });
    return tokenAnswer(result.accessToken, result.expiresOn);
  } catch (thrown) {
    signal.throwIfAborted();
    return codeOf(thrown) === "unable_to_read_secret_file"
      ? refused("the key file of the Azure Arc agent cannot be read: join the group himds")
      : afterArcThrow(thrown, witness);
  } finally {
    current = undefined;
  }
}

/** The 401 that the Arc agent begins with is a challenge, not the reason of what comes after it. */
function afterArcThrow(thrown: unknown, witness: ReturnType<typeof createWitness>): TokenAnswer {
  const challenged = witness.failure() === undefined && witness.answer()?.status === 401;
  const code = codeOf(thrown);
  return challenged && code !== undefined
    ? refused(`the Azure Arc agent's challenge cannot be met: ${code}`)
    : afterThrow(thrown, witness, []);
}

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("errorCode" in thrown)) return undefined;
  return typeof thrown.errorCode === "string" ? thrown.errorCode : undefined;
}

function refused(message: string): TokenAnswer {
  return { kind: "refused", status: 401, codes: [], message };
}
