import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { Clock } from "../src/clock.js";
import type { CredentialConfig, EntraConfig } from "../src/config/types.js";
import type { ObjectId } from "../src/decide/facts.js";
import { createEntra } from "../src/entra/index.js";
import type { EntraOptions, EntraPorts, Log } from "../src/entra/index.js";
import { fixedClock } from "./emulators/common/clock.js";
import { startEntra } from "./emulators/entra/index.js";
import type { EntraEmulator, EntraOptions as EmulatorOptions } from "./emulators/entra/index.js";
import type { AppIds } from "./emulators/entra/world/apps.js";
import type { Role } from "./emulators/entra/roles.js";

export const NOW = Date.parse("2026-11-21T10:00:00Z");

/** A clock that stands still but for those who sleep: they wake at once, and it was long. */
export interface SleepyClock extends Clock {
  readonly slept: number[];
  advance(ms: number): void;
}

export function sleepyClock(start: number = NOW): SleepyClock {
  let passed = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => start + passed,
    monotonic: () => passed,
    advance: (ms) => void (passed += ms),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      passed += ms;
    },
  };
}

/** Keeps every line, as the daemon's logger would write it. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}

export interface Talking {
  readonly entra: EntraPorts;
  readonly clock: SleepyClock;
  readonly log: ReturnType<typeof keptLog>;
  readonly seen: { readonly method: string; readonly status: number | "none" }[];
}

/** Our side, closed with the test. Waits take no time and nothing is left to chance. */
export function talk(t: Test, config: EntraConfig, options: Partial<EntraOptions> = {}): Talking {
  const clock = sleepyClock();
  const log = keptLog();
  const seen: Talking["seen"] = [];
  const entra = createEntra(config, {
    clock,
    log,
    random: () => 0,
    env: {},
    onRequest: (request) => void seen.push(request),
    ...options,
  });
  t.teardown(() => entra.close());
  return { entra, clock, log, seen };
}

/** A file that only we may read, in a folder of its own that goes with the test. */
export function ownFile(t: Test, name: string, content: string): string {
  const dir = mkdtempSync(join(tmpdir(), "entra-test-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

export const ALL_READS: readonly Role[] = ["GroupMember.Read.All", "User.Read.All"];
export const ALL_ROLES: readonly Role[] = [...ALL_READS, "Application.ReadWrite.OwnedBy"];

export interface Bed extends Talking {
  readonly emulator: EntraEmulator;
  readonly world: EntraEmulator["world"];
  readonly agent: AppIds;
  readonly config: EntraConfig;
}

export interface BedOptions {
  readonly roles?: readonly Role[];
  readonly emulator?: EmulatorOptions;
  readonly ours?: Partial<EntraOptions>;
}

/** The emulator with an agent app, and our side signed in to it by secret. All replicas agree. */
export async function startBed(t: Test, options: BedOptions = {}): Promise<Bed> {
  const emulator = await startEntra({
    clock: fixedClock(NOW),
    lag: { min: 0, max: 0 },
    ...options.emulator,
  });
  t.teardown(() => emulator.close());
  const { world } = emulator;
  const agent = world.addApp({
    displayName: "agent",
    roles: [...(options.roles ?? ALL_ROLES)],
    owners: ["self"],
  });
  const file = ownFile(t, "agent-secret", world.addSecret(agent.id).secretText);
  const caFile = ownFile(t, "ca.pem", emulator.caPem);
  const config = configFor(emulator, agent.appId, { kind: "secret", file }, caFile);
  return { ...talk(t, config, options.ours), emulator, world, agent, config };
}

export function configFor(
  emulator: Pick<EntraEmulator, "tenantId" | "loginUrl" | "graphUrl">,
  clientId: string,
  credential: CredentialConfig,
  caFile: string,
): EntraConfig {
  return {
    tenantId: emulator.tenantId,
    clientId,
    credential,
    authority: emulator.loginUrl,
    graph: emulator.graphUrl,
    caFile,
  };
}

/** Ids of the emulator are object ids. */
export function ids(...rows: readonly { readonly id: string }[]): ObjectId[] {
  return rows.map(({ id }) => id as ObjectId);
}

export const never = new AbortController().signal;
