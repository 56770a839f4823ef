import { createClock, type EmulatorClock } from "../common/clock.js";
import { carryOut, startControl } from "../common/control.js";
import { createFaults, type Faults } from "../common/faults.js";
import { type Arrived, createInterrupters, type Interrupters } from "../common/interrupt.js";
import { createLog, type RequestLog } from "../common/log.js";
import { issueForPlace, type Place } from "../common/place.js";
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  issueForLoopback,
} from "../common/tls.js";
import { Directory, type DirectorySnapshot, type Lag } from "./directory.js";
import { dump } from "./dump.js";
import { altered, substitute, textOf } from "./effects.js";
import { createGraph, type PartFault } from "./graph/index.js";
import { createLogin } from "./login/index.js";
import { createSigningKey } from "./login/signing-key.js";
import { userInfo } from "./login/userinfo.js";
import { ordersOf } from "./orders.js";
import { seededRandom } from "./random.js";
import { graphSchema, hasDescription } from "./schema.js";
import { type Host, startServer } from "./server.js";
import type { Answer, Incoming, Service } from "./service.js";
import { createSettings, restoreSettings, type Settings } from "./settings.js";
import { usualGraphBody, usualLoginBody } from "./usual-errors.js";
import { createWitness, type Violation } from "./witness.js";
import { createWorld, type EntraWorld } from "./world/index.js";

export type { AppIds, NewApp } from "./world/apps.js";
export type { EntraWorld } from "./world/index.js";
export type { Violation } from "./witness.js";
export { validateGraphResponse } from "./schema.js";

export interface EntraOptions {
  clock?: EmulatorClock;
  /** Signs the server's certificate; its own one by default. */
  authority?: Authority;
  /** Loopback by default. */
  place?: Place;
  /** Repeats ids, delays and choices of replica; 1 by default. */
  seed?: number;
  /** 5 by default, and at least. */
  replicas?: number;
  /** Seconds until a replica learns of a change; 4 to 90 by default, 0 to 0 for at once. */
  lag?: Lag;
  tenantId?: string;
  /** The tenant's domain; `contoso-emulated.onmicrosoft.com` by default. */
  domain?: string;
  /** Graph's resource units per ten seconds and app; `tenant`: Microsoft's; no limit by default. */
  budget?: number | "tenant";
  /** Seconds that an access token lasts; 3599 by default. */
  tokenLifetime?: number;
  /**
   * The time by which certificate assertions are judged, ms since 1970. MSAL dates them by the
   * machine's clock: a world with another time says `Date.now`. The emulator's clock by default.
   */
  assertionNow?: () => number;
  /** Holds every honest answer against the description. By default where the description is there. */
  validate?: boolean;
  /**
   * Connections for less: an address where there would be a name to look up, and TLS 1.2, which
   * resumes a session without another key exchange. For those who open a hundred thousand.
   */
  lean?: boolean;
}

export interface EntraEmulator {
  /** `https://localhost:port` (see `lean` and `place`); login and Graph live on one host. */
  authorityUrl: string;
  loginUrl: string;
  graphUrl: string;
  /** The issuer of the tenant's ID tokens: what a realm's `issuer-url` must be. */
  issuer: string;
  caPem: string;
  tenantId: string;
  control: { url: string };
  clock: EmulatorClock;
  faults: Faults;
  log: RequestLog;
  /** Told of every request as it is handled; may let it go unanswered. */
  interrupters: Interrupters;
  world: EntraWorld;
  /** Honest answers that break the description; tests assert that there are none. */
  violations: Violation[];
  /** Whether answers are held against the description. */
  validating: boolean;
  /** Whoever connects from now on meets another certificate; without one, the right one again. */
  showCertificate(other?: IssuedCertificate): void;
  /** Calls the listener after each Graph request that changed the tenant, before it is answered. */
  onWrite(listener: (request: Arrived) => void): () => void;
  /** The whole tenant and its chance as they are now; clock, log and ordered faults are left out. */
  snapshot(): EntraSnapshot;
  /** Goes back to a snapshot of this emulator. */
  restore(snapshot: EntraSnapshot): void;
  close(): Promise<void>;
}

/** A tenant at a moment. */
export interface EntraSnapshot {
  readonly directory: DirectorySnapshot;
  readonly settings: Settings;
  readonly chance: number;
}

const TENANT = "5e1f5e1f-0000-4000-8000-00000000e17a";
const DOMAIN = "contoso-emulated.onmicrosoft.com";
const LAG: Lag = { min: 4, max: 90 };
const FEWEST_REPLICAS = 5;

function partFault(service: Service, faults: Faults): PartFault {
  return async ({ method, path, body }, honest) => {
    const effect = faults.take(method, path, textOf(body));
    if (effect?.kind === "status" || effect?.kind === "json") {
      if (effect.kind === "status" && effect.withEffect) await honest();
      return substitute(effect, (status) => usualGraphBody(service, status));
    }
    const answer = await honest();
    return effect ? altered(effect, answer, `${service.graphUrl}${path}`) : answer;
  };
}

function isGraph(path: string): boolean {
  return path.startsWith("/v1.0/") || path.startsWith("/oidc/");
}

function createHost(service: Service, graph: Host["answer"], violations: Violation[]): Host {
  const login = createLogin(service);
  const route = (request: Incoming): Promise<Answer> => {
    if (request.path === "/oidc/userinfo") return userInfo(service, request);
    return isGraph(request.path) ? graph(request) : login(request);
  };
  return {
    async answer(request) {
      try {
        return await route(request);
      } catch (error) {
        // A mistake of the emulator: it must not pass for an answer of Microsoft's unnoticed.
        const { method, path } = request;
        violations.push({ method, path, status: 500, errors: [`the emulator: ${String(error)}`] });
        return { status: 500, headers: {}, body: usualGraphBody(service, 500) };
      }
    },
    usualBody: (path, status) =>
      isGraph(path) ? usualGraphBody(service, status) : usualLoginBody(service, status),
  };
}

async function createService(options: EntraOptions): Promise<Service> {
  const clock = options.clock ?? createClock();
  const random = seededRandom(options.seed ?? 1);
  const tenantId = options.tenantId ?? TENANT;
  const domain = options.domain ?? DOMAIN;
  const replicas = Math.max(options.replicas ?? FEWEST_REPLICAS, FEWEST_REPLICAS);
  const directory = new Directory({ clock, random, replicas, lag: options.lag ?? LAG });
  const settings = createSettings();
  const key = await createSigningKey(random.text(27, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"));
  return {
    ...{ tenantId, domain, clock, random, directory, settings, key },
    loginUrl: "",
    graphUrl: "",
    assertionNow: options.assertionNow ?? (() => clock.now()),
    tokenLifetime: options.tokenLifetime ?? 3599,
    world: createWorld({ tenantId, domain, clock, random, directory, settings }),
  };
}

/** Starts an emulated Entra ID tenant: login, Microsoft Graph and the control port. */
export async function startEntra(options: EntraOptions = {}): Promise<EntraEmulator> {
  const service = await createService(options);
  const { clock, world, directory } = service;
  const faults = createFaults();
  const log = createLog();
  const interrupters = createInterrupters();
  const listeners = new Set<(request: Arrived) => void>();
  const violations: Violation[] = [];
  const validating = options.validate ?? hasDescription();
  const witness = createWitness(validating ? graphSchema() : undefined, violations);
  const graph = createGraph(service, {
    budget: options.budget,
    witness,
    partFault: partFault(service, faults),
    wrote: (request) => listeners.forEach((listener) => listener(request)),
  });
  const authority = options.authority ?? (await createAuthority("Emulated Entra CA"));
  const host = createHost(service, graph, violations);
  const { lean = false, place } = options;
  const certificate = await (place === undefined
    ? issueForLoopback(authority)
    : issueForPlace(authority, place));
  const now = (): number => clock.now();
  const ports = { now, faults, log, interrupters, host, lean };
  const server = await startServer(certificate, ports, place?.address);
  const url = `https://${place?.name ?? (lean ? "127.0.0.1" : "localhost")}:${server.port}`;
  service.loginUrl = url;
  service.graphUrl = url;
  const orders = ordersOf(world);
  const order = (given: Parameters<typeof carryOut>[1]): unknown => carryOut(orders, given);
  const control = await startControl({ clock, faults, log, order, dump: () => dump(directory) });
  return {
    ...{ authorityUrl: url, loginUrl: url, graphUrl: url, caPem: authority.caPem },
    issuer: `${url}/${service.tenantId}/v2.0`,
    tenantId: service.tenantId,
    control: { url: control.url },
    ...{ clock, faults, log, interrupters, world, violations, validating },
    onWrite(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    showCertificate: (other = certificate) => server.showCertificate(other),
    snapshot: () => ({
      directory: directory.snapshot(),
      settings: structuredClone(service.settings),
      chance: service.random.position(),
    }),
    restore({ directory: then, settings, chance }) {
      directory.goBack(then);
      restoreSettings(service.settings, settings);
      service.random.goTo(chance);
    },
    async close() {
      await Promise.all([server.close(), control.close()]);
    },
  };
}
