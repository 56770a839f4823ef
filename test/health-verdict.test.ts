import t from "tap";
import type { HealthState, HealthWord } from "../src/health/index.js";
import { UNKNOWN_REALM, healthOf } from "../src/health/index.js";
import { realm, well, withRealm } from "./health-common.js";

const standby = { ...well, lease: { leader: false, writer: "pve2" } };
const unknown = new Map([["entra", UNKNOWN_REALM]]);

const CASES: readonly [string, HealthState, HealthWord, readonly (string | RegExp)[]][] = [
  ["all is well", well, "ok", []],
  ["nothing was observed yet", { ...well, observed: false, realms: unknown }, "starting", []],
  ["another node writes", { ...standby, observed: false, realms: unknown }, "standby", []],
  ["a standby that observed", standby, "standby", []],
  [
    "nobody knows yet who writes",
    { ...well, observed: false, lease: { leader: false }, realms: unknown },
    "starting",
    [],
  ],
  ["held changes", withRealm({ sync: { held: 3 } }), "degraded", ["entra: held: 3 changes"]],
  [
    "held changes, two for each person",
    withRealm({ sync: { held: 80, heldPeople: 40 } }),
    "degraded",
    ["entra: held: 80 changes for 40 people"],
  ],
  ["skipped people", withRealm({ sync: { skipped: 1 } }), "degraded", ["entra: skipped people: 1"]],
  ["kept people are no complaint", withRealm({ sync: { kept: 9, unmanaged: 9 } }), "ok", []],
  [
    "a bad reload",
    { ...well, reload: { ok: false } },
    "degraded",
    ["the configuration on disk is bad; an older one is used"],
  ],
  ["a bad reload on a standby", { ...standby, reload: { ok: false } }, "degraded", [/on disk/]],
  [
    "additions stopped: an error among the findings",
    withRealm({ findings: new Map([["SYNC_MARK_MISSING", 1]]) }),
    "degraded",
    [/^entra: A mapped group lost its mark.*\(SYNC_MARK_MISSING\)$/],
  ],
  ["warnings alone", withRealm({ findings: new Map([["SYNC_DISAGREES", 4]]) }), "ok", []],
  [
    "an error of no realm",
    { ...well, findings: new Map([["CLUSTER_NO_WRITER", 1]]) },
    "degraded",
    [/\(CLUSTER_NO_WRITER\)$/],
  ],
  [
    "being a standby is no error of health",
    { ...standby, findings: new Map([["CLUSTER_STANDBY", 1]]) },
    "standby",
    [],
  ],
  [
    "the last pass failed",
    withRealm({ sync: { ok: false, code: "PVE_NO_QUORUM" } }),
    "failing",
    ["entra: the last pass failed (PVE_NO_QUORUM)"],
  ],
  [
    "a failure outweighs a hold, and both are said",
    withRealm({ sync: { ok: false, held: 2 } }),
    "failing",
    ["entra: the last pass failed", "entra: held: 2 changes"],
  ],
  [
    "the secret is refused",
    withRealm({ secret: { accepted: false } }),
    "failing",
    ["entra: Entra refuses the client secret"],
  ],
  [
    "one realm of two fails",
    {
      ...well,
      realms: new Map([
        ["entra", realm],
        ["lab", { ...realm, sync: { ...realm.sync, ok: false } }],
      ]),
    },
    "failing",
    ["lab: the last pass failed"],
  ],
];

t.test("one word, 503 only for failing, and the reasons", async (t) => {
  for (const [name, state, word, reasons] of CASES) {
    const { http, state: said, report } = healthOf(state);
    t.equal(said, word, name);
    t.equal(report.state, word, `${name}: in the answer`);
    t.equal(http, word === "failing" ? 503 : 200, `${name}: status`);
    t.equal(report.reasons.length, reasons.length, `${name}: ${report.reasons.join("; ")}`);
    reasons.forEach((reason, at) => {
      const given = report.reasons[at] ?? "";
      t.ok(typeof reason === "string" ? given === reason : reason.test(given), `${name}: ${given}`);
    });
  }
});

t.test("the report holds counts, dates and codes", async (t) => {
  t.strictSame(healthOf(well).report, {
    state: "ok",
    reasons: [],
    version: "1.2.3",
    since: "2026-11-20T12:00:00.000Z",
    lease: { leader: true, writer: "pve1" },
    reload: { ok: true, at: "2026-11-21T11:00:00.000Z" },
    credential: { expires: "2027-09-17T12:00:00.000Z" },
    database: { bytes: 123_456, limit: 1_048_576 },
    findings: {},
    realms: {
      entra: {
        secret: {
          hint: "Ab1",
          expires: "2027-02-19T12:00:00.000Z",
          accepted: true,
          last_proof: "2026-11-21T11:59:00.000Z",
          rotating: false,
          last_rotation: "2026-08-23T12:00:00.000Z",
        },
        sync: {
          ok: true,
          code: null,
          last_attempt: "2026-11-21T11:59:30.000Z",
          last_success: "2026-11-21T11:59:30.000Z",
          duration_seconds: 1.25,
          held: 0,
          skipped: 0,
          kept: 2,
          unmanaged: 3,
        },
        findings: { SYNC_KEPT: 2 },
      },
    },
  });
});
