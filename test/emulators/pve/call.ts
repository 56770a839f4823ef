import type { EmulatorClock } from "../common/clock.js";
import type { Check } from "./checks.js";
import type { Access } from "./permissions.js";
import type { Params, RawParams, Schema } from "./schema.js";
import type { PveState } from "./state.js";
import type { Sessions } from "./auth.js";

/** What every method of the API works on. */
export interface World {
  state: PveState;
  sessions: Sessions;
  clock: EmulatorClock;
  /** Names of the cluster's nodes; this one is the first. */
  nodes: string[];
}

/** A call whose caller is known and whose parameters are not verified yet: what permission checks see. */
export interface Call extends World {
  /** Userid or full token id; nobody where the method is open to the world. */
  who: string | undefined;
  access: Access;
  raw: RawParams;
  /** Names of parameters that came in the path: bytes, where others are text. */
  fromPath: Set<string>;
}

/** A call that may go ahead. */
export interface Permitted extends Call {
  /** Userid or full token id; empty for the world. */
  caller: string;
  params: Params;
}

export interface Method {
  /** Done by pvedaemon as root; the others pveproxy answers itself. */
  protected?: boolean;
  /** false: with a ticket alone, not with an API token. */
  tokens?: boolean;
  /** "world": also without credentials, "all": whoever is signed in. */
  permission: "world" | "all" | Check;
  parameters: Schema;
  run(call: Permitted): unknown;
}

/** The methods of one path, by HTTP method. */
export type Methods = Partial<Record<"GET" | "POST" | "PUT" | "DELETE", Method>>;
