import type { EmulatorClock } from "../common/clock.js";
import type { Directory } from "./directory.js";
import type { Random } from "./random.js";
import type { Role } from "./roles.js";
import type { Settings } from "./settings.js";
import type { SigningKey } from "./login/signing-key.js";
import type { EntraWorld } from "./world/index.js";

/** What login and Graph share. The URLs are known once the server listens. */
export interface Service {
  tenantId: string;
  domain: string;
  loginUrl: string;
  graphUrl: string;
  clock: EmulatorClock;
  /** The clock by which assertions of certificates are judged; MSAL dates them by the machine's. */
  assertionNow(): number;
  random: Random;
  directory: Directory;
  settings: Settings;
  world: EntraWorld;
  key: SigningKey;
  /** Seconds that an access token lasts. */
  tokenLifetime: number;
}

/** Who a Graph request speaks for. */
export interface Caller {
  appId: string;
  /** Object id of the app's service principal. */
  principalId: string;
  roles: ReadonlySet<Role>;
}

/** A request, whole and read; nothing of it is decoded yet. */
export interface Incoming {
  method: string;
  /** Path without the query, as sent. */
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | undefined>>;
  /** The body as text, "" if there is none. */
  body: string;
}

/** An answer before it is sent. `body` is JSON unless it is a string. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body?: unknown;
}
