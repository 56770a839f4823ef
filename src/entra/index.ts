import type { Clock } from "../clock.js";
import type { EntraConfig } from "../config/types.js";
import type { ServerTime } from "../decide/facts.js";
import type { DirectoryPort, SecretProbePort, SsoAppPort } from "../ports.js";
import { createSsoApp } from "./application.js";
import { credentialEnd } from "./credential-end.js";
import { createDirectory } from "./directory.js";
import { createGraph } from "./graph.js";
import type { Log } from "./log.js";
import { createNetwork } from "./network.js";
import type { OnRequest } from "./network.js";
import { createProbe } from "./probe.js";
import { authorityOf, createSignIn } from "./sign-in.js";
import { createTokens } from "./tokens.js";

export type { Log } from "./log.js";
export type { OnRequest } from "./network.js";

export interface EntraOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1): spreads retries. */
  readonly random: () => number;
  /** Called once for every request to Microsoft, for `requests_total{system="entra"}`. */
  readonly onRequest?: OnRequest;
  /** For `HTTPS_PROXY`, `NO_PROXY` and `SSL_CERT_FILE`; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Real milliseconds for one whole exchange; 30 s by default. */
  readonly timeoutMs?: number;
}

/** All that speaks to Microsoft. */
export interface EntraPorts {
  readonly directory: DirectoryPort;
  ssoApp(clientId: string): SsoAppPort;
  readonly probe: SecretProbePort;
  /** Entra's time as of its latest answer, whoever asked. */
  readonly serverTime: () => ServerTime | undefined;
  /** When the agent's own credential ends; see `credential-end.ts`. */
  credentialEnd(signal: AbortSignal): Promise<number | undefined>;
  /** Ends every request that is under way. */
  close(): Promise<void>;
}

/** Where the Azure Arc agent listens unless the environment says otherwise. */
const ARC_ORIGIN = "http://127.0.0.1:40342";

/** Opens nothing and signs in nowhere before the first request. */
export function createEntra(config: EntraConfig, options: EntraOptions): EntraPorts {
  const { clock, random, log } = options;
  const env = options.env ?? process.env;
  const wire = {
    clock,
    env,
    ...(options.onRequest && { onRequest: options.onRequest }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  };
  const network = createNetwork({
    ...wire,
    origins: [config.authority, config.graph],
    ...(config.caFile !== undefined && { caFile: config.caFile }),
    ...(config.proxy !== undefined && { proxy: config.proxy }),
  });
  const local = createNetwork({ ...wire, origins: [arcOrigin(env.IDENTITY_ENDPOINT)] });
  const stop = new AbortController();
  const signIn = createSignIn({ config, network, local, clock, random, log });
  const tokens = createTokens(signIn, clock, stop.signal);
  const graph = createGraph({ origin: config.graph, network, tokens, clock, random, log });
  const ssoApp = (clientId: string): SsoAppPort => createSsoApp(graph, clientId, clock);
  const ownApp = ssoApp(config.clientId);
  return {
    directory: createDirectory({ graph, tokens, clock, random, log }, network.serverTime),
    ssoApp,
    probe: createProbe(network, authorityOf(config)),
    serverTime: network.serverTime,
    credentialEnd: (signal) => credentialEnd(config, ownApp, signal),
    async close() {
      stop.abort(new Error("closed"));
      await Promise.all([network.close(), local.close()]);
    },
  };
}

/** The machine's identity is asked of this machine alone, whatever the environment says. */
function arcOrigin(endpoint: string | undefined): string {
  const url = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const ours = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+)$/.test(url.hostname);
  return ours ? url.origin.replace("localhost", "127.0.0.1") : ARC_ORIGIN;
}
