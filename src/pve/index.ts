/** Everything that speaks to Proxmox VE, behind one port. */
import { proxmoxApi } from "proxmox-api";
import type { Proxmox } from "proxmox-api";
import type { Clock } from "../clock.js";
import { readCa, readPveToken } from "../config/secrets.js";
import type { PveConfig } from "../config/types.js";
import type { UserId } from "../decide/facts.js";
import type { AccessPort } from "../ports.js";
import { accessPort } from "./access-port.js";
import { createEngine } from "./engine.js";
import type { EngineOptions, RequestNote } from "./engine.js";
import type { Log } from "./log.js";

export type { RequestNote } from "./engine.js";

export interface PveDeps {
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
  /** Called once for each request that was sent. */
  readonly onRequest?: (note: RequestNote) => void;
  /** For `SSL_CERT_FILE`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For tests: shorter deadlines, smaller answers. */
  readonly limits?: Pick<EngineOptions, "readTimeoutMs" | "writeTimeoutMs" | "maxAnswerBytes">;
}

export interface Pve extends AccessPort {
  /** Ends all connections; what is under way ends as a read that failed or an unknown outcome. */
  close(): Promise<void>;
}

/**
 * Speaks to PVE as the configuration says. Nothing is sent yet. Reads `ca_file` now, the token file
 * for each request; throws CREDENTIAL_INVALID or CONFIG_UNSAFE where one does not hold what it should.
 */
export function createPve(config: PveConfig, deps: PveDeps): Pve {
  const engine = createEngine({
    url: config.url,
    tokenId: config.tokenId,
    token: () => readPveToken(config.tokenFile),
    ...peerOf(config),
    env: deps.env,
    ...deps.limits,
    clock: deps.clock,
    log: deps.log,
    ...(deps.onRequest === undefined ? {} : { onRequest: deps.onRequest }),
  });
  const api = (signal: AbortSignal): Proxmox.Api => proxmoxApi(engine.requestable(signal));
  const ownUser = config.tokenId.slice(0, config.tokenId.lastIndexOf("!")) as UserId;
  return { ...accessPort(api, ownUser), close: () => engine.close() };
}

function peerOf(config: PveConfig): Pick<EngineOptions, "serverName" | "ca" | "fingerprint"> {
  return {
    ...(config.serverName === undefined ? {} : { serverName: config.serverName }),
    ...(config.caFile === undefined ? {} : { ca: readCa(config.caFile) }),
    ...(config.fingerprint === undefined ? {} : { fingerprint: config.fingerprint }),
  };
}
