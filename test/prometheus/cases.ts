/**
 * What Prometheus sees, minute by minute, and which alerts fire then: no others may. A case is a
 * cluster of three nodes where all is well, with some series replaced. Time begins at 0, so dates
 * are seconds since the beginning. Values are in promtool's notation: `1x9` is ten samples of 1.
 */

export interface Case {
  readonly name: string;
  /** Series, by name and labels as in `series()`, in place of those of the cluster; null: gone. */
  readonly but: Readonly<Record<string, string | null>>;
  /** Time to the alerts that fire. */
  readonly firing: Readonly<Record<string, readonly string[]>>;
}

const LONG = 2400;
const DAY = 86_400;

export const NODES = ["pve1", "pve2", "pve3"] as const;

/** The cluster: pve1 writes. */
export function healthy(): Record<string, string> {
  const all: Record<string, string> = {};
  for (const node of NODES) {
    all[`up ${node}`] = `1x${LONG}`;
    all[`build_info ${node}`] = `1x${LONG}`;
    all[`leader ${node}`] = `${node === "pve1" ? 1 : 0}x${LONG}`;
    all[`secret_accepted ${node}`] = `1x${LONG}`;
    all[`secret_expiry_timestamp_seconds ${node}`] = `${100 * DAY}x${LONG}`;
    all[`secret_renewal_timestamp_seconds ${node}`] = `${40 * DAY}x${LONG}`;
    all[`pass_success ${node}`] = `1x${LONG}`;
    all[`pass_last_success_timestamp_seconds ${node}`] = `0+60x${LONG}`;
    all[`held_changes ${node}`] = `0x${LONG}`;
    all[`credential_expiry_timestamp_seconds ${node}`] = `${300 * DAY}x${LONG}`;
    all[`user_database_bytes ${node}`] = `200000x${LONG}`;
    all[`user_database_limit_bytes ${node}`] = `1048576x${LONG}`;
    all[`config_reload_success ${node}`] = `1x${LONG}`;
  }
  return all;
}

const NOTHING = Object.fromEntries(Object.keys(healthy()).map((key) => [key, null]));

export const CASES: readonly Case[] = [
  { name: "all is well", but: {}, firing: { "10m": [], "30h": [] } },
  {
    name: "the writer's secret is refused",
    but: { "secret_accepted pve1": "1x59 0x200" },
    firing: { "64m": [], "66m": ["EntraSecretRefused"] },
  },
  {
    name: "a rotation heals it within four minutes",
    but: { "secret_accepted pve1": "1x59 0x3 1x200" },
    firing: { "63m": [], "66m": [], "90m": [] },
  },
  {
    name: "a standby that cannot reach Entra any more remembers an old refusal",
    but: { "secret_accepted pve2": "0x300" },
    firing: { "90m": [] },
  },
  {
    name: "the agent is restarted while its secret is refused",
    but: {
      "secret_accepted pve1": "1x59 0x20 stale _ _ 0x200",
      "leader pve1": "1x79 0x3 1x200",
    },
    firing: {
      "70m": ["EntraSecretRefused"],
      "82m": ["EntraSecretRefused"],
      "95m": ["EntraSecretRefused"],
    },
  },
  {
    name: "a renewal is due for more than six hours",
    but: { "secret_renewal_timestamp_seconds pve1": `3600x${LONG}` },
    firing: { "7h25m": [], "7h35m": ["EntraSecretNotRenewed"] },
  },
  {
    name: "a renewal comes an hour late",
    but: { "secret_renewal_timestamp_seconds pve1": `3600x119 ${40 * DAY}x${LONG}` },
    firing: { "110m": [], "9h": [] },
  },
  {
    name: "the secret of a realm without rotation ends in a week",
    but: {
      "secret_expiry_timestamp_seconds pve1": `${7 * DAY + 3600}x${LONG}`,
      "secret_renewal_timestamp_seconds pve1": null,
    },
    firing: { "2h50m": [], "3h5m": ["EntraSecretEndsSoon"] },
  },
  {
    name: "a policy caps lifetimes at a day, and every renewal comes within twenty minutes",
    but: {
      "secret_expiry_timestamp_seconds pve1": `${DAY}x979 ${DAY + 58_800}x979 ${DAY + 117_600}x979`,
      "secret_renewal_timestamp_seconds pve1": "57600x979 116400x979 175200x979",
    },
    firing: { "16h10m": [], "18h30m": [], "32h30m": [], "35h": [] },
  },
  {
    name: "the rotation fails until a week before the end",
    but: {
      "secret_expiry_timestamp_seconds pve1": `${7 * DAY}x${LONG}`,
      "secret_renewal_timestamp_seconds pve1": `0x${LONG}`,
    },
    firing: {
      "1h": [],
      "5h": ["EntraSecretEndsSoon"],
      "7h": ["EntraSecretEndsSoon", "EntraSecretNotRenewed"],
    },
  },
  {
    name: "the writer's passes fail",
    but: {
      "pass_success pve1": "1x59 0x200",
      "pass_last_success_timestamp_seconds pve1": "0+60x59 3540x200",
    },
    firing: { "75m": [], "79m": [], "81m": ["EntraNoPass"] },
  },
  {
    name: "one pass fails, the next is good",
    but: {
      "pass_success pve1": "1x59 0x4 1x200",
      "pass_last_success_timestamp_seconds pve1": "0+60x59 3540x4 3900+60x200",
    },
    firing: { "64m": [], "70m": [], "80m": [] },
  },
  {
    name: "there never was a good pass",
    but: { "pass_success pve1": "0x200", "pass_last_success_timestamp_seconds pve1": null },
    firing: { "4m": [], "6m": ["EntraNoPass"] },
  },
  {
    name: "passes fail, and the last good one has a date of a clock that was a year ahead",
    but: {
      "pass_success pve1": "1x59 0x200",
      "pass_last_success_timestamp_seconds pve1": `0+60x59 ${365 * DAY}x200`,
    },
    firing: { "64m": [], "67m": ["EntraNoPass"], "3h": ["EntraNoPass"] },
  },
  {
    name: "the writer's clock is four minutes ahead",
    but: { "pass_last_success_timestamp_seconds pve1": `240+60x${LONG}` },
    firing: { "10m": [], "30h": [] },
  },
  {
    name: "a new node before its first pass",
    but: {
      "pass_success pve1": null,
      "pass_last_success_timestamp_seconds pve1": null,
      "secret_accepted pve1": null,
      "leader pve1": "0x5 1x200",
    },
    firing: { "4m": [], "10m": [], "2h": [] },
  },
  {
    name: "the agent is restarted while its passes fail",
    but: {
      "leader pve1": "1x89 0x3 1x200",
      "pass_success pve1": "1x59 0x29 stale _ _ 0x200",
      // The journal knows it; a scrape that fails does not.
      "pass_last_success_timestamp_seconds pve1": "0+60x59 3540x29 stale 3540x300",
    },
    firing: {
      "85m": ["EntraNoPass"],
      "90m": ["EntraNoPass"],
      "92m": ["EntraNoPass"],
      "2h": ["EntraNoPass"],
    },
  },
  {
    name: "the agent is restarted where there never was a good pass",
    but: {
      "pass_success pve1": "0x29 stale _ _ 0x200",
      "pass_last_success_timestamp_seconds pve1": null,
    },
    firing: { "25m": ["EntraNoPass"], "31m": ["EntraNoPass"], "40m": ["EntraNoPass"] },
  },
  {
    name: "the agent is restarted while everything nears its end",
    but: {
      "secret_expiry_timestamp_seconds pve1": `${5 * DAY}x539 stale _ _ ${5 * DAY}x200`,
      "secret_renewal_timestamp_seconds pve1": "0x539 stale _ _ 0x200",
      "credential_expiry_timestamp_seconds pve1": `${5 * DAY}x539 stale _ _ ${5 * DAY}x200`,
      "user_database_bytes pve1": "800000x539 stale _ _ 800000x200",
      "user_database_limit_bytes pve1": "1048576x539 stale _ _ 1048576x200",
    },
    firing: Object.fromEntries(
      ["8h50m", "9h1m", "9h10m"].map((time) => [
        time,
        [
          "EntraAgentCredentialEnding",
          "EntraAgentCredentialEndsSoon",
          "EntraSecretEndsSoon",
          "EntraSecretNotRenewed",
          "EntraUserDatabaseNearlyFull",
        ],
      ]),
    ),
  },
  {
    name: "a standby's passes fail",
    but: {
      "pass_success pve3": "0x200",
      "pass_last_success_timestamp_seconds pve3": "0x200",
    },
    firing: { "2h": [] },
  },
  {
    name: "changes are held, and approved an hour later",
    but: { "held_changes pve1": "0x59 3x60 0x200" },
    firing: { "70m": [], "76m": ["EntraChangesHeld"], "119m": ["EntraChangesHeld"], "135m": [] },
  },
  {
    name: "changes are held, and the agent is restarted meanwhile",
    but: { "held_changes pve1": "0x59 3x30 0x4 3x200", "leader pve1": "1x89 0x4 1x200" },
    firing: {
      "85m": ["EntraChangesHeld"],
      "93m": ["EntraChangesHeld"],
      "3h": ["EntraChangesHeld"],
    },
  },
  {
    name: "a standby would hold changes, since its journal is empty",
    but: { "held_changes pve2": "9x200" },
    firing: { "2h": [] },
  },
  {
    name: "nobody writes",
    but: { "leader pve1": "1x59 0x200" },
    firing: { "70m": [], "76m": ["EntraNoWriter"] },
  },
  {
    name: "nobody writes, and every agent is restarted meanwhile",
    but: Object.fromEntries(
      NODES.map((node) => [
        `leader ${node}`,
        node === "pve1" ? "1x59 0x29 stale 0x200" : "0x89 stale 0x200",
      ]),
    ),
    firing: { "89m": ["EntraNoWriter"], "90m": ["EntraNoWriter"], "95m": ["EntraNoWriter"] },
  },
  {
    name: "every agent of one cluster is down, while another cluster's answer",
    but: { "up other": "1x59 0x200", "leader other": "1x59 stale" },
    firing: { "72m": ["EntraAgentDown"], "77m": ["EntraAgentDown", "EntraNoWriter"] },
  },
  {
    name: "all nodes are restarted one after the other",
    but: {
      "leader pve1": "1x59 0x4 1x200",
      "up pve1": "1x59 0x1 1x200",
      "up pve2": "1x65 0x1 1x200",
    },
    firing: { "63m": [], "70m": [], "90m": [] },
  },
  {
    name: "another node becomes the writer",
    but: { "leader pve1": "1x59 0x200", "leader pve2": "0x61 1x200" },
    firing: { "61m": [], "80m": [], "2h": [] },
  },
  {
    name: "the writer's node is down",
    but: Object.fromEntries(
      Object.keys(healthy())
        .filter((key) => key.endsWith(" pve1"))
        .map((key) => [key, key.startsWith("up ") ? "1x59 0x200" : "1x59 stale"]),
    ),
    firing: { "72m": ["EntraAgentDown"], "77m": ["EntraAgentDown", "EntraNoWriter"] },
  },
  {
    name: "one agent does not answer for less than ten minutes",
    but: { "up pve2": "1x59 0x8 1x200" },
    firing: { "68m": [], "80m": [] },
  },
  {
    name: "another cluster's writer does not stand in for a missing one",
    but: { "leader pve1": "0x200", "leader other": "1x200" },
    firing: { "20m": ["EntraNoWriter"] },
  },
  {
    name: "no agent is scraped at all",
    but: NOTHING,
    firing: { "10m": [], "16m": ["EntraAgentAbsent"] },
  },
  {
    name: "the credential of one node ends in 29 days",
    but: { "credential_expiry_timestamp_seconds pve2": `${29 * DAY}x200` },
    firing: { "50m": [], "70m": ["EntraAgentCredentialEndsSoon"] },
  },
  {
    name: "the credential of one node ends in six days",
    but: { "credential_expiry_timestamp_seconds pve2": `${6 * DAY}x200` },
    firing: { "70m": ["EntraAgentCredentialEnding", "EntraAgentCredentialEndsSoon"] },
  },
  {
    name: "the user database is 71 % full",
    but: { "user_database_bytes pve1": "744489x200" },
    firing: { "50m": [], "70m": ["EntraUserDatabaseNearlyFull"] },
  },
  {
    name: "the user database is 69 % full",
    but: { "user_database_bytes pve1": "723517x200" },
    firing: { "2h": [] },
  },
  {
    name: "an error that was not there yesterday",
    but: { 'errors_total{code="ENTRA_THROTTLED"} pve1': "_x1500 1+1x500" },
    firing: { "25h": [], "25h40m": ["EntraAgentErrorsRising"] },
  },
  {
    name: "three errors in an hour",
    but: { 'errors_total{code="PVE_LOCKED"} pve1': "0x1500 1 2 3 3x500" },
    firing: { "25h40m": [], "26h30m": [] },
  },
  {
    name: "an error as often as yesterday, over a restart that begins to count at 0",
    but: { 'errors_total{code="REALM_GROUPS_CLAIM"} pve1': "0+1x1600 0+1x700" },
    firing: { "25h40m": [], "27h": [], "30h": [] },
  },
  {
    name: "more people than yesterday are kept, held or skipped: that is no error",
    but: {
      'errors_total{code="SYNC_KEPT"} pve1': "0x1500 1+5x500",
      'errors_total{code="SYNC_PERSON_SKIPPED"} pve1': "0x1500 1+5x500",
      'errors_total{code="GUARD_HELD"} pve1': "0x1500 1+5x500",
      'errors_total{code="CLUSTER_STANDBY"} pve2': "0x1500 1+1x500",
    },
    firing: { "26h": [] },
  },
  {
    name: "a bad configuration lies on the disk of a standby",
    but: { "config_reload_success pve3": "0x200" },
    firing: { "10m": [], "20m": ["EntraConfigNotLoaded"] },
  },
];
