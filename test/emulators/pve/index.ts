import { setTimeout as sleep } from "node:timers/promises";
import { createClock, type EmulatorClock } from "../common/clock.js";
import { startControl } from "../common/control.js";
import { createFaults, type Faults } from "../common/faults.js";
import { createInterrupters, type Interrupters } from "../common/interrupt.js";
import { createLog, type RequestLog } from "../common/log.js";
import { issueForPlace, type Place } from "../common/place.js";
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  issueForLoopback,
} from "../common/tls.js";
import { Sessions } from "./auth.js";
import type { World } from "./call.js";
import { callCost, pass } from "./costs.js";
import { DEFAULT_DOMAINS_CFG, DEFAULT_USER_CFG } from "./default-world.js";
import { dispatch } from "./dispatch.js";
import { faulty } from "./faulty.js";
import { decodeUtf8 } from "./perl.js";
import type { Incoming } from "./request.js";
import type { Outgoing } from "./response.js";
import { type Outcome, startHttps } from "./server.js";
import { PveState } from "./state.js";
import { carryOutOrder, type PveWorld, pveWorld } from "./world.js";

export * from "./default-world.js";
export * from "./oracle.js";
export type { AclOrder, PveWorld, UserFields } from "./world.js";

export interface PveOptions {
  /** user.cfg as text; by default a world with root and the agent's user alone. */
  userCfg?: string;
  domainsCfg?: string;
  clock?: EmulatorClock;
  /** Signs the server's certificate; a new one by default. */
  authority?: Authority;
  /** Loopback by default. */
  place?: Place;
  /** Names of the cluster's nodes, this one first; `pve1` by default. */
  nodes?: string[];
  /** Every call takes the time that it was measured to take in PVE. */
  costs?: boolean;
  /** Values of API tokens by full token id. */
  tokenSecrets?: Record<string, string>;
  /** Passwords by userid. */
  passwords?: Record<string, string>;
  /** How long a 401 waits, in real milliseconds: 3000 in PVE, 0 by default here. */
  authDelayMs?: number;
}

/** A request over the API that changed a file. */
export interface WriteEvent {
  method: string;
  /** Path and query as sent. */
  path: string;
  userCfgBefore: string;
  userCfgAfter: string;
  domainsCfgBefore: string;
  domainsCfgAfter: string;
}

export interface PveEmulator {
  /** `https://127.0.0.1:port`, or the place's name. */
  url: string;
  /** The authority that a client must trust. */
  caPem: string;
  control: { url: string };
  clock: EmulatorClock;
  faults: Faults;
  log: RequestLog;
  /** Told of every request as it is handled; may let it go unanswered. */
  interrupters: Interrupters;
  world: PveWorld;
  /** user.cfg as it is now. */
  userCfg(): string;
  domainsCfg(): string;
  load(files: { userCfg?: string; domainsCfg?: string }): void;
  /** Whoever connects from now on meets another certificate; without one, the right one again. */
  showCertificate(other?: IssuedCertificate): void;
  /** Calls the listener after each request that changed a file, before it is answered; returns what ends that. */
  onWrite(listener: (event: WriteEvent) => void): () => void;
  close(): Promise<void>;
}

interface Machine extends World {
  faults: Faults;
  log: RequestLog;
  interrupters: Interrupters;
  listeners: Set<(event: WriteEvent) => void>;
  costs: boolean;
  authDelayMs: number;
  /** The write before; PVE's lock lets one at a time in. */
  busy: Promise<void>;
}

/** Does what was asked, and tells the listeners what it changed. */
function act(machine: Machine, request: Incoming): Outgoing {
  const { state, listeners } = machine;
  const [users, domains] = [state.userCfgBytes, state.domainsCfgBytes];
  const { answer } = dispatch(machine, request);
  const changed = users !== state.userCfgBytes || domains !== state.domainsCfgBytes;
  if (!changed || listeners.size === 0) return answer;
  const event: WriteEvent = {
    method: request.method,
    path: request.url,
    userCfgBefore: decodeUtf8(users),
    userCfgAfter: state.userCfgText,
    domainsCfgBefore: decodeUtf8(domains),
    domainsCfgAfter: state.domainsCfgText,
  };
  listeners.forEach((listener) => listener(event));
  return answer;
}

async function takeTime(machine: Machine, request: Incoming): Promise<void> {
  const cost = callCost(machine.state, request.method, request.url);
  if (request.method === "GET") return pass(machine.clock, cost);
  const turn = machine.busy.then(() => pass(machine.clock, cost));
  machine.busy = turn;
  return turn;
}

async function honest(machine: Machine, request: Incoming): Promise<Outgoing> {
  if (machine.costs) await takeTime(machine, request);
  const answer = act(machine, request);
  if (answer.status === 401 && machine.authDelayMs > 0) await sleep(machine.authDelayMs);
  return answer;
}

async function handle(machine: Machine, request: Incoming): Promise<Outcome> {
  const { method, url } = request;
  const entry = machine.log.begin({
    at: machine.clock.now(),
    method,
    path: url,
    body: decodeUtf8(request.body),
  });
  const seen = { method, path: url };
  if (machine.interrupters.arrived(seen)) return "stall";
  const effect = machine.faults.take(method, url, request.body);
  if (effect) entry.fault = effect.kind;
  const outcome = await (effect
    ? faulty(effect, () => honest(machine, request))
    : honest(machine, request));
  if (!effect && machine.interrupters.done(seen)) return "stall";
  if (typeof outcome === "object") entry.status = outcome.status;
  return outcome;
}

function build(options: PveOptions): Machine {
  const state = new PveState(
    options.userCfg ?? DEFAULT_USER_CFG,
    options.domainsCfg ?? DEFAULT_DOMAINS_CFG,
  );
  for (const [id, secret] of Object.entries(options.tokenSecrets ?? {})) {
    state.tokenSecrets.set(id, secret);
  }
  for (const [id, password] of Object.entries(options.passwords ?? {})) {
    state.passwords.set(id, password);
  }
  return {
    state,
    sessions: new Sessions(),
    clock: options.clock ?? createClock(),
    nodes: options.nodes ?? ["pve1"],
    faults: createFaults(),
    log: createLog(),
    interrupters: createInterrupters(),
    listeners: new Set(),
    costs: options.costs ?? false,
    authDelayMs: options.authDelayMs ?? 0,
    busy: Promise.resolve(),
  };
}

/**
 * Starts a PVE 9.2 with the `/access` part of its API, `/nodes`, `/version` and `/cluster/status`,
 * on the loopback address or at `place`: a node with user.cfg and domains.cfg, behaving as the recordings of the
 * real one do.
 */
export async function startPve(options: PveOptions = {}): Promise<PveEmulator> {
  const machine = build(options);
  const { state, clock, faults, log, interrupters, listeners } = machine;
  const authority = options.authority ?? (await createAuthority("PVE emulator CA"));
  const certificate = await (options.place === undefined
    ? issueForLoopback(authority)
    : issueForPlace(authority, options.place));
  const world = pveWorld(state);
  const server = await startHttps(
    certificate,
    clock,
    (request) => handle(machine, request),
    options.place,
  );
  const control = await startControl({
    clock,
    faults,
    log,
    order: (order) => carryOutOrder(world, order),
    dump: () => ({ userCfg: state.userCfgText, domainsCfg: state.domainsCfgText }),
  });
  return {
    url: server.url,
    caPem: authority.caPem,
    control: { url: control.url },
    clock,
    faults,
    log,
    interrupters,
    world,
    userCfg: () => state.userCfgText,
    domainsCfg: () => state.domainsCfgText,
    load: (files) => state.load(files),
    showCertificate: (other = certificate) => server.showCertificate(other),
    onWrite(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      await Promise.all([server.close(), control.close()]);
    },
  };
}
