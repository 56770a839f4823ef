/** An app management policy. */
export interface SecretPolicy {
  /** The name that errors give. */
  name: string;
  /** Cap on a secret's lifetime in days. */
  maxLifetimeDays?: number;
  /** No new secrets at all. */
  secretsForbidden?: boolean;
}

/** What the world is told about its own ways; unlike the directory's rows, known at once everywhere. */
export interface Settings {
  /** Applies to every app without a policy of its own. */
  tenantPolicy: SecretPolicy | undefined;
  /** By the app's object id. */
  appPolicies: Map<string, SecretPolicy>;
  /** App ids whose tokens Conditional Access refuses. */
  blocked: Set<string>;
  /** Statuses with which the next writes to applications are refused as concurrent. */
  conflicts: (400 | 409)[];
  /** Two writes to one app within this many milliseconds collide; 0: never. */
  conflictWindow: number;
  /** When each app was last written, ms since 1970, by object id. */
  lastWrite: Map<string, number>;
  /** Pages hold at most so many, whatever `$top` asks for. */
  largestPage: number;
  /** So many of the next requests for a further page meet an expired page token. */
  expiredPages: number;
  /** Delta links made before this moment (ms since 1970) answer `syncStateNotFound`, or 410. */
  deltaExpiredBefore: number;
  deltaResetBefore: number;
  /** So many of the next charged requests are refused with 429, with or without Retry-After. */
  throttles: { retryAfter?: number }[];
}

/** Settings are from now on what they were when `copy` was made of them by `structuredClone`. */
export function restoreSettings(settings: Settings, copy: Settings): void {
  Object.assign(settings, structuredClone(copy));
}

export function createSettings(): Settings {
  return {
    tenantPolicy: undefined,
    appPolicies: new Map(),
    blocked: new Set(),
    conflicts: [],
    conflictWindow: 0,
    lastWrite: new Map(),
    largestPage: Infinity,
    expiredPages: 0,
    deltaExpiredBefore: 0,
    deltaResetBefore: 0,
    throttles: [],
  };
}
