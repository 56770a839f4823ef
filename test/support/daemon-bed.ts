/** A daemon in this process over an emulated site, with a schedule that ticks by hand. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import { startDaemon } from "../../src/daemon/start.js";
import type { Daemon } from "../../src/daemon/daemon.js";
import type { StartSchedule } from "../../src/daemon/schedule.js";
import { OWN_ADDRESS } from "./free-port.js";
import { createLog, silentLog } from "../../src/log.js";
import type { LogLine } from "../../src/log.js";
import type { Site } from "./site.js";
import { machineOf } from "./machine.js";

export interface ByHand {
  readonly start: StartSchedule;
  tick(): Promise<void>;
  /** How many schedules tick at this moment. */
  living(): number;
}

export function byHand(): ByHand {
  let tick = async (): Promise<void> => undefined;
  let living = 0;
  return {
    tick: () => tick(),
    living: () => living,
    start: (_config, given) => {
      living += 1;
      tick = () => given("schedule");
      return { stop: async () => void (living -= 1) };
    },
  };
}

/** @param log absent: silent */
export async function startOn(site: Site, schedule: ByHand, log = silentLog): Promise<Daemon> {
  return startDaemon({
    configFile: site.configFile,
    version: "0.0.0-test",
    startSchedule: schedule.start,
    machine: machineOf(site.clock, { log }),
  });
}

/** A daemon until the end of the test, and the lines that it logs. */
export async function startLogged(
  t: { teardown(done: () => unknown): unknown },
  site: Site,
): Promise<{ readonly daemon: Daemon; readonly schedule: ByHand; readonly lines: LogLine[] }> {
  const lines: LogLine[] = [];
  const schedule = byHand();
  const log = createLog({ clock: site.clock, sink: (line) => void lines.push(line) });
  const daemon = await startOn(site, schedule, log);
  t.teardown(() => daemon.stop());
  return { daemon, schedule, lines };
}

/** A fault that holds an answer back until it is let go, at the end of the test at the latest. */
export function heldBack(t: { teardown(done: () => void): unknown }): {
  readonly fault: { readonly kind: "hold"; readonly until: Promise<void> };
  readonly release: () => void;
} {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  t.teardown(() => release());
  return { fault: { kind: "hold", until }, release: () => release() };
}

/** A port of OWN_ADDRESS that somebody listens on until the end of the test. */
export async function takenPort(t: { teardown(done: () => void): unknown }): Promise<number> {
  const server = createServer().listen(0, OWN_ADDRESS);
  await once(server, "listening");
  t.teardown(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The site's configuration, with health on this port of OWN_ADDRESS; gives its URL. */
export function onPort(site: Site, port: number): string {
  site.configure({});
  const text = readFileSync(site.configFile, "utf8");
  const listen = `${OWN_ADDRESS}:${port}`;
  writeFileSync(site.configFile, text.replace('"127.0.0.1:0"', `"${listen}"`));
  return `http://${listen}`;
}

export interface Felt {
  readonly status: number;
  readonly state: string;
  readonly reasons: readonly string[];
  readonly metrics: string;
}

/** What `/health` and `/metrics` say. */
export async function feel(url: string): Promise<Felt> {
  const health = await request(`${url}/health`);
  const body = (await health.body.json()) as { state: string; reasons: string[] };
  const metrics = await (await request(`${url}/metrics`)).body.text();
  return { status: health.statusCode, ...body, metrics };
}

/** Long enough for a machine that does ten other things; only what never comes is waited for so long. */
const LONGEST_MS = 110_000;

/** Resolves once it is true; tests wait for what happens, never for a time. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
