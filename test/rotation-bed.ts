/**
 * An emulated Entra with one SSO app, and clusters whose realms use it: what the tests of the
 * rotation share. Time stands still but for those who sleep, so that minutes take milliseconds.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { Clock } from "../src/clock.js";
import type { RealmConfig, RotationConfig } from "../src/config/types.js";
import { decideRotation } from "../src/decide/rotation.js";
import type { RotationDecision } from "../src/decide/rotation-facts.js";
import { createEntra } from "../src/entra/index.js";
import type { ErrorCode, Finding } from "../src/errors.js";
import { openJournal } from "../src/journal/index.js";
import type { Journal } from "../src/journal/index.js";
import { silentLog } from "../src/log.js";
import { cleanUp } from "../src/pass/clean-up.js";
import { KeyWatch } from "../src/pass/key-watch.js";
import { rotate } from "../src/pass/rotate.js";
import { secretsDistrust } from "../src/pass/rotate-tools.js";
import type { LeaseCheck, RotationOutcome, RotationTools } from "../src/pass/rotate-tools.js";
import { RotationSet } from "../src/pass/rotation-set.js";
import { byApp, observeSecrets, orderOf } from "../src/pass/secrets.js";
import { createPve } from "../src/pve/index.js";
import type { EmulatorClock } from "./emulators/common/clock.js";
import { fixedClock } from "./emulators/common/clock.js";
import { startEntra } from "./emulators/entra/index.js";
import type { EntraEmulator } from "./emulators/entra/index.js";
import type { AppIds } from "./emulators/entra/world/apps.js";
import { AGENT_TOKEN, buildDomainsCfg, buildUserCfg, startPve } from "./emulators/pve/index.js";
import type { PveEmulator } from "./emulators/pve/index.js";
import { readRealm } from "./emulators/signin/realm.js";
import { ENV } from "./support/machine.js";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const START = Date.parse("2026-11-21T10:00:00Z");
/** Whoever waits long lets others have their turn meanwhile. */
const LONGEST_STEP = 5000;
const TOKEN_VALUE = "emulated-token-value-of-the-agent";
const CLUSTER = "0123456789ab";

export const ROTATION: RotationConfig = {
  lifetimeSeconds: 180 * 86_400,
  renewBeforeSeconds: 60 * 86_400,
  overlapSeconds: 86_400,
  proofSeconds: 60,
};

/** Called after each second (or longer) that somebody waited. */
export type Tick = (ms: number) => Promise<void> | void;

export interface Pass {
  readonly decision: RotationDecision;
  readonly outcome?: RotationOutcome;
  readonly removed: readonly string[];
  readonly findings: readonly Finding[];
  readonly codes: readonly ErrorCode[];
}

/** One machine with the agent on it, and the PVE that it looks after. */
export interface Node {
  readonly pve: PveEmulator;
  readonly journal: Journal;
  readonly tools: RotationTools;
  /** A whole pass over the secrets: observe, decide, act. */
  pass(order?: { ordered?: boolean; patient?: boolean; signal?: AbortSignal }): Promise<Pass>;
  /** The agent dies and starts again: its memory is gone, its journal is not. */
  restart(): void;
  /** The realm's client-key as PVE has it. */
  key(realm?: string): string;
}

export interface Bed {
  readonly entra: EntraEmulator;
  readonly world: EntraEmulator["world"];
  readonly clock: EmulatorClock;
  readonly sso: AppIds;
  readonly agent: AppIds;
  /** What happens whenever the agent waits. */
  tick: Tick;
  /** Another cluster, or another copy of one. */
  node(options?: NodeOptions): Promise<Node>;
  /** The app's secrets, by key id. */
  secrets(): { keyId: string; secretText: string; start: number; end: number }[];
  /** A secret made by hand, known everywhere at once. */
  secret(days: number, more?: { start?: number; displayName?: string }): string;
}

export interface NodeOptions {
  /** Key by realm; the first is what two realms' secrets are named after. */
  readonly keys?: Record<string, string>;
  readonly realm?: Partial<RealmConfig>;
  readonly rotation?: Partial<RotationConfig>;
  readonly domainsCfg?: string;
  readonly lease?: LeaseCheck;
  /** How far this machine's clock is off, in milliseconds. */
  readonly clockOff?: number;
  /** Real milliseconds that an answer may take; the program's own limits by default. */
  readonly timeoutMs?: number;
}

export async function startBed(
  t: Test,
  options: {
    seed?: number;
    lag?: { min: number; max: number };
    owned?: boolean;
    replicas?: number;
  } = {},
): Promise<Bed> {
  const clock = fixedClock(START);
  const entra = await startEntra({
    clock,
    seed: options.seed ?? 7,
    ...(options.lag && { lag: options.lag }),
    ...(options.replicas !== undefined && { replicas: options.replicas }),
  });
  t.teardown(() => entra.close());
  const { world } = entra;
  const { agent, sso } = world.settled(() => {
    const agent = world.addApp({ displayName: "agent", roles: ["Application.ReadWrite.OwnedBy"] });
    const owners = options.owned === false ? [] : [agent.principalId];
    const sso = world.addApp({ displayName: "sso", owners, idTokenClaims: ["upn"] });
    return { agent, sso };
  });
  const agentSecret = world.settled(() => world.addSecret(agent.id, { days: 36_500 }));
  const bed: Bed = {
    ...{ entra, world, clock, sso, agent },
    tick: () => undefined,
    secrets: () => world.secretsOf(sso.id),
    secret: (days, more = {}) =>
      world.settled(() => world.addSecret(sso.id, { days, ...more })).secretText,
    node: (node = {}) => startNode(t, bed, agentSecret.secretText, node),
  };
  return bed;
}

function clockOf(bed: Bed, off: number): Clock {
  return {
    now: () => bed.clock.now() + off,
    monotonic: () => bed.clock.now() - START,
    async sleep(ms, signal) {
      for (let left = ms; left > 0; left -= LONGEST_STEP) {
        signal?.throwIfAborted();
        const step = Math.min(left, LONGEST_STEP);
        bed.clock.advance(step);
        await bed.tick(step);
      }
      signal?.throwIfAborted();
    },
  };
}

async function startNode(
  t: Test,
  bed: Bed,
  agentSecret: string,
  options: NodeOptions,
): Promise<Node> {
  const home = mkdtempSync(join(tmpdir(), "rotation-"));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const keys = options.keys ?? { entra: "none~emulated.never.made" };
  const names = Object.keys(keys);
  const realms = names.map((name) => ({ ...realmConfig(name, bed.sso.appId), ...options.realm }));
  const pve = await startPve({
    clock: bed.clock,
    userCfg: buildUserCfg({ realms: names }),
    domainsCfg:
      options.domainsCfg ??
      buildDomainsCfg(
        ...names.map((name) => ({
          name,
          issuerUrl: bed.entra.issuer,
          clientId: bed.sso.appId,
          clientKey: keys[name] ?? "",
        })),
      ),
    tokenSecrets: { [AGENT_TOKEN]: TOKEN_VALUE },
  });
  t.teardown(() => pve.close());
  const file = (name: string, content: string): string => {
    const path = join(home, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const { timeoutMs } = options;
  const clock = clockOf(bed, options.clockOff ?? 0);
  const access = createPve(
    {
      url: pve.url,
      tokenId: AGENT_TOKEN,
      tokenFile: file("pve-token", TOKEN_VALUE),
      caFile: file("pve-ca.pem", pve.caPem),
    },
    {
      clock,
      log: silentLog,
      env: ENV,
      ...(timeoutMs !== undefined && {
        limits: { readTimeoutMs: timeoutMs, writeTimeoutMs: timeoutMs },
      }),
    },
  );
  const entra = createEntra(
    {
      tenantId: bed.entra.tenantId,
      clientId: bed.agent.appId,
      credential: { kind: "secret", file: file("agent-secret", agentSecret) },
      authority: bed.entra.loginUrl,
      graph: bed.entra.graphUrl,
      caFile: file("entra-ca.pem", bed.entra.caPem),
    },
    {
      clock,
      log: silentLog,
      random: () => 0.5,
      env: ENV,
      ...(timeoutMs !== undefined && { timeoutMs }),
    },
  );
  const journal = openJournal({
    dir: home,
    clock,
    log: silentLog,
    nodeName: "pve1",
    machineId: home,
  });
  t.teardown(async () => {
    journal.close();
    await Promise.all([entra.close(), access.close()]);
  });
  const now = (): number => entra.serverTime()?.now ?? clock.now();
  const memory = (): Pick<RotationTools, "watch" | "rotations"> => ({
    watch: new KeyWatch({ clock, probe: entra.probe, now }),
    rotations: new RotationSet(),
  });
  const tools: RotationTools = {
    app: entra.ssoApp(bed.sso.appId),
    probe: entra.probe,
    realms: access,
    distrust: secretsDistrust(realms, bed.entra.issuer),
    journal,
    lease: options.lease ?? { check: async () => ({ mayWrite: true }) },
    clock,
    now,
    random: Math.random,
    ...memory(),
  };
  const config = { ...ROTATION, ...options.rotation };
  const node: Node = {
    pve,
    journal,
    tools,
    restart: () => void Object.assign(tools, memory()),
    key: (realm = names[0] ?? "") => readRealm(pve.domainsCfg(), realm).clientKey ?? "",
    async pass({ ordered = false, patient = false, signal = new AbortController().signal } = {}) {
      const observation = await access.observe(names, signal);
      const [app] = byApp(realms);
      if (app === undefined) throw new Error("no app");
      const observed = await observeSecrets(
        app,
        observation,
        { ordered, patient },
        {
          ...tools,
          own: (clientId) => journal.secrets.all(clientId),
          config,
          clusterId: CLUSTER,
          serverTime: entra.serverTime,
        },
        signal,
      );
      const decision = decideRotation(observed.facts);
      const cleaned = await cleanUp(decision.remove, names, tools, signal);
      const outcome =
        decision.rotate && (await rotate(orderOf(observed, decision.rotate), tools, signal));
      const findings = [
        ...decision.findings,
        ...cleaned.findings,
        ...(outcome ? outcome.findings : []),
      ];
      return {
        decision,
        ...(outcome && { outcome }),
        removed: cleaned.removed,
        findings,
        codes: findings.map(({ code }) => code),
      };
    },
  };
  return node;
}

function realmConfig(name: string, clientId: string): RealmConfig {
  return {
    name,
    clientId,
    rotate: true,
    names: true,
    guests: "skip",
    emailClaim: false,
    onLeave: "disable",
    unmarked: "report",
    groups: [],
  };
}
