import type { NextLag } from "../directory.js";
import type { SecretPolicy } from "../settings.js";
import type { Table } from "../tables.js";
import type { WorldContext } from "./context.js";
import { theApp } from "./find.js";

/** When some replicas forget something: from `after` seconds from now, for `seconds`. */
export interface Flicker {
  after: number;
  seconds: number;
  /** Which ones; half of them by chance where it is not said. */
  replicas?: number[];
}

/** Orders about how the cloud behaves: delays, conflicts, policies, throttling, expiry. */
export interface MoodOrders {
  /** The delays of the next change, in seconds: a range, or one figure for each replica. */
  slowNext(lag: NextLag): void;
  /** The range of delays from now on, in seconds. */
  setLag(min: number, max: number): void;
  /** Some replicas forget a row for some seconds. */
  flicker(row: { table: Table; a: string; b?: string }, when: Flicker): void;
  /** Some replicas forget a secret for some seconds. */
  flickerSecret(app: string, keyId: string, when: Flicker): void;
  /** What is changed within is known everywhere at once. */
  settled<T>(change: () => T): T;
  /** Every replica learns at once what it has yet to learn. */
  settle(): void;
  /** All requests go to one replica; null: by chance again. */
  pin(replica: number | null): void;
  /** A policy for one app, or (no app) the whole tenant; undefined lifts it. */
  setPolicy(policy: Partial<SecretPolicy> | undefined, app?: string): void;
  /** Conditional Access refuses (or again allows) tokens for this app. */
  conditionalAccess(app: string, block?: boolean): void;
  /** The next writes to applications are refused as concurrent; 409 by default. */
  conflictNext(times?: number, status?: 400 | 409): void;
  /** Writes to one app within so many milliseconds of each other collide; 0: never. */
  setConflictWindow(ms: number): void;
  /** Pages hold at most so many from now on, whatever `$top` asks for. */
  shortPages(largest: number): void;
  /** The next requests for a further page meet an expired page token. */
  expirePages(times?: number): void;
  /** All delta links made so far answer `syncStateNotFound`. */
  expireDelta(): void;
  /** All delta links made so far answer 410 with a `Location` to begin again at. */
  resetDelta(): void;
  /** The next Graph requests are answered 429; without seconds, without `Retry-After`. */
  throttleNext(times?: number, retryAfter?: number): void;
  /** The emulator's time, in milliseconds since 1970. */
  setNow(ms: number): void;
}

export function moodOrders(ctx: WorldContext): MoodOrders {
  const { directory, settings } = ctx;
  return {
    slowNext: (lag) => directory.slowNext(lag),
    setLag(min: number, max: number): void {
      directory.lag = { min, max };
    },
    flicker: (row, when) => directory.flicker(row, when),
    flickerSecret(app, keyId, when) {
      directory.flicker({ table: "secret", a: theApp(ctx, app).id, b: keyId }, when);
    },
    settled: <T>(change: () => T): T => directory.settled(change),
    settle: (): void => directory.settle(),
    pin: (replica: number | null): void => directory.pin(replica),
    setPolicy(policy: Partial<SecretPolicy> | undefined, app?: string): void {
      const full = policy && { name: "emulated policy", ...policy };
      if (app === undefined) settings.tenantPolicy = full;
      else if (full) settings.appPolicies.set(theApp(ctx, app).id, full);
      else settings.appPolicies.delete(theApp(ctx, app).id);
    },
    conditionalAccess(app: string, block = true): void {
      const { appId } = theApp(ctx, app);
      if (block) settings.blocked.add(appId);
      else settings.blocked.delete(appId);
    },
    conflictNext(times = 1, status: 400 | 409 = 409): void {
      for (let n = 0; n < times; n += 1) settings.conflicts.push(status);
    },
    setConflictWindow(ms: number): void {
      settings.conflictWindow = ms;
    },
    shortPages(largest: number): void {
      settings.largestPage = largest;
    },
    expirePages(times = 1): void {
      settings.expiredPages += times;
    },
    expireDelta(): void {
      settings.deltaExpiredBefore = ctx.clock.now() + 1;
    },
    resetDelta(): void {
      settings.deltaResetBefore = ctx.clock.now() + 1;
    },
    throttleNext(times = 1, retryAfter?: number): void {
      for (let n = 0; n < times; n += 1) {
        settings.throttles.push(retryAfter === undefined ? {} : { retryAfter });
      }
    },
    setNow: (ms: number): void => ctx.clock.set(ms),
  };
}
