export { Counters } from "./counters.js";
export { createHealth } from "./server.js";
export type { Health, HealthOptions } from "./server.js";
export { UNKNOWN_REALM } from "./state.js";
export type { FindingCounts, HealthState, RealmHealth, SecretHealth, SyncHealth } from "./state.js";
export { healthOf } from "./verdict.js";
export type { HealthReport, HealthWord, RealmReport } from "./verdict.js";
