/**
 * Writes the Grafana dashboard:
 * `node --import tsx scripts/dashboard.ts | npx prettier --parser json > prometheus/dashboard.json`.
 * A dashboard is a list of panels, which is easier to keep right here than in Grafana's JSON.
 * https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */

/** Which series a panel looks at; the variables are chosen above the dashboard. */
const OF = 'cluster=~"$cluster"';
const REALM = `${OF}, realm=~"$realm"`;
/** Of a realm the writer's word counts: a standby's may be old. */
const WRITER = "and on (job, instance) max_over_time(pve_entra_agent_leader[15m]) == 1";

interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly about: string;
  readonly kind: "stat" | "timeseries";
  readonly width: number;
  readonly unit: string;
  readonly queries: readonly Query[];
  /** From which value on a colour counts, beginning with that of everything below. */
  readonly steps?: readonly (readonly [color: string, from: number | null])[];
  /** Words in place of values. */
  readonly words?: Readonly<Record<string, string>>;
}

const GOOD_IS_ONE = [
  ["red", null],
  ["green", 1],
] as const;
const GOOD_IS_ZERO = [
  ["green", null],
  ["orange", 1],
] as const;
const DAY = 86_400;

export const PANELS: readonly Panel[] = [
  {
    title: "Client secret",
    about: "Whether Entra accepts the secret that people sign in with.",
    kind: "stat",
    width: 6,
    unit: "none",
    queries: [{ expr: `pve_entra_agent_secret_accepted{${REALM}} ${WRITER}`, legend: "{{realm}}" }],
    steps: GOOD_IS_ONE,
    words: { "0": "refused", "1": "accepted" },
  },
  {
    title: "Secret ends in",
    about: "How long the secret in use still lives. With rotation on it is renewed long before.",
    kind: "stat",
    width: 6,
    unit: "s",
    queries: [
      {
        expr: `pve_entra_agent_secret_expiry_timestamp_seconds{${REALM}} - time() ${WRITER}`,
        legend: "{{realm}}",
      },
    ],
    steps: [
      ["red", null],
      ["orange", 7 * DAY],
      ["green", 14 * DAY],
    ],
  },
  {
    title: "Last good pass",
    about: "How long ago a pass over the realm last ended well.",
    kind: "stat",
    width: 6,
    unit: "s",
    queries: [
      {
        expr: `time() - pve_entra_agent_pass_last_success_timestamp_seconds{${REALM}} ${WRITER}`,
        legend: "{{realm}}",
      },
    ],
    steps: [
      ["green", null],
      ["orange", 900],
      ["red", 3600],
    ],
  },
  {
    title: "Held changes",
    about: "What waits for an approval by root. See pve-entra-agent plan.",
    kind: "stat",
    width: 6,
    unit: "none",
    queries: [{ expr: `pve_entra_agent_held_changes{${REALM}} ${WRITER}`, legend: "{{realm}}" }],
    steps: GOOD_IS_ZERO,
  },
  {
    title: "Writer",
    about: "Exactly one node of a cluster writes.",
    kind: "stat",
    width: 6,
    unit: "none",
    queries: [{ expr: `pve_entra_agent_leader{${OF}}`, legend: "{{instance}}" }],
    steps: [
      ["text", null],
      ["green", 1],
    ],
    words: { "0": "standby", "1": "writes" },
  },
  {
    title: "Agent's own credential ends in",
    about: "Nothing but a person renews it.",
    kind: "stat",
    width: 6,
    unit: "s",
    queries: [
      {
        expr: `pve_entra_agent_credential_expiry_timestamp_seconds{${OF}} - time()`,
        legend: "{{instance}}",
      },
    ],
    steps: [
      ["red", null],
      ["orange", 7 * DAY],
      ["green", 30 * DAY],
    ],
  },
  {
    title: "PVE's user database",
    about: "Of its 1 MiB; above 80 % nobody is added.",
    kind: "stat",
    width: 6,
    unit: "percentunit",
    queries: [
      {
        expr: `pve_entra_agent_user_database_bytes{${OF}} / pve_entra_agent_user_database_limit_bytes{${OF}} ${WRITER}`,
        legend: "{{cluster}}",
      },
    ],
    steps: [
      ["green", null],
      ["orange", 0.7],
      ["red", 0.8],
    ],
  },
  {
    title: "Version and configuration",
    about: "The version that runs; red where the configuration on disk is bad.",
    kind: "stat",
    width: 6,
    unit: "none",
    queries: [
      {
        expr: `pve_entra_agent_config_reload_success{${OF}} * on (job, instance) group_left (version) pve_entra_agent_build_info{${OF}}`,
        legend: "{{instance}} {{version}}",
      },
    ],
    steps: GOOD_IS_ONE,
    words: { "0": "bad", "1": "good" },
  },
  {
    title: "People in mapped groups",
    about: "Of the realm, by PVE group.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [
      {
        expr: `pve_entra_agent_group_members{${REALM}} ${WRITER}`,
        legend: "{{realm}} {{group}}",
      },
    ],
  },
  {
    title: "Changes an hour",
    about: "What the agent changed in PVE.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [
      {
        expr: `sum by (realm, action) (increase(pve_entra_agent_changes_total{${REALM}}[1h])) > 0`,
        legend: "{{realm}} {{action}}",
      },
    ],
  },
  {
    title: "People who need a look",
    about: "Given nothing, kept although they left every mapping, and users outside all mappings.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [
      { expr: `pve_entra_agent_skipped_people{${REALM}} ${WRITER}`, legend: "{{realm}} skipped" },
      { expr: `pve_entra_agent_kept_people{${REALM}} ${WRITER}`, legend: "{{realm}} kept" },
      {
        expr: `pve_entra_agent_unmanaged_users{${REALM}} ${WRITER}`,
        legend: "{{realm}} unmanaged",
      },
    ],
  },
  {
    title: "Passes",
    about: "How long a pass takes, and whether it failed.",
    kind: "timeseries",
    width: 12,
    unit: "s",
    queries: [
      {
        expr: `pve_entra_agent_pass_duration_seconds{${REALM}}`,
        legend: "{{instance}} {{realm}}",
      },
      {
        expr: `pve_entra_agent_pass_duration_seconds{${REALM}} and on (job, instance, realm) pve_entra_agent_pass_success{${REALM}} == 0`,
        legend: "{{instance}} {{realm}} failed",
      },
    ],
  },
  {
    title: "Errors and warnings an hour",
    about: "By code. A finding that lasts counts at each pass: twelve an hour are one of them.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [
      {
        expr: `sum by (code) (increase(pve_entra_agent_errors_total{${OF}}[1h])) > 0`,
        legend: "{{code}}",
      },
    ],
  },
  {
    title: "Requests a minute",
    about: "To Entra and to PVE, by the status of the answer.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [
      {
        expr: `60 * sum by (system, method, status) (rate(pve_entra_agent_requests_total{${OF}}[5m]))`,
        legend: "{{system}} {{method}} {{status}}",
      },
    ],
  },
  {
    title: "Rotation",
    about: "When each realm last got a new secret, and when the next one is due.",
    kind: "timeseries",
    width: 24,
    unit: "s",
    queries: [
      {
        expr: `time() - pve_entra_agent_rotation_last_success_timestamp_seconds{${REALM}} ${WRITER}`,
        legend: "{{realm}} since the last",
      },
      {
        expr: `pve_entra_agent_secret_renewal_timestamp_seconds{${REALM}} - time() ${WRITER}`,
        legend: "{{realm}} until the next",
      },
    ],
  },
];

const SOURCE = { type: "prometheus", uid: "${datasource}" };
const HEIGHT = { stat: 5, timeseries: 8 } as const;
const WIDTH = 24;

/** The whole dashboard, as Grafana imports it. */
export function dashboard(): object {
  return {
    title: "pve-entra-agent",
    uid: "pve-entra-agent",
    description: "Microsoft Entra ID sign-in on Proxmox VE: secrets, groups, passes.",
    tags: ["proxmox", "entra"],
    schemaVersion: 39,
    editable: true,
    refresh: "1m",
    time: { from: "now-24h", to: "now" },
    timezone: "browser",
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
        choice("cluster", "label_values(pve_entra_agent_build_info, cluster)"),
        choice("realm", 'label_values(pve_entra_agent_held_changes{cluster=~"$cluster"}, realm)'),
      ],
    },
    panels: placed(),
  };
}

/** A variable of which several values, or all, may be chosen; `.*` fits a label that is missing. */
function choice(name: string, query: string): object {
  return {
    name,
    type: "query",
    datasource: SOURCE,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { selected: true, text: ["All"], value: ["$__all"] },
  };
}

/** From left to right, a new row where the next would not fit. */
function placed(): readonly object[] {
  let [x, y, height] = [0, 0, 0];
  return PANELS.map((panel, at) => {
    if (x + panel.width > WIDTH) [x, y, height] = [0, y + height, 0];
    const place = { x, y, w: panel.width, h: HEIGHT[panel.kind] };
    x += panel.width;
    height = Math.max(height, place.h);
    return { id: at + 1, gridPos: place, ...drawn(panel) };
  });
}

function drawn({ title, about, kind, unit, queries, steps, words }: Panel): object {
  return {
    title,
    description: about,
    type: kind,
    datasource: SOURCE,
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(kind === "stat" ? { instant: true } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(steps === undefined
          ? {}
          : {
              thresholds: {
                mode: "absolute",
                steps: steps.map(([color, value]) => ({ color, value })),
              },
            }),
        ...(words === undefined ? {} : { mappings: [mapping(words)] }),
      },
      overrides: [],
    },
    options:
      kind === "stat"
        ? {
            reduceOptions: { calcs: ["lastNotNull"] },
            colorMode: "background",
            graphMode: "none",
            textMode: "value_and_name",
          }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
  };
}

function mapping(words: Readonly<Record<string, string>>): object {
  const options = Object.entries(words).map(([value, text]) => [value, { text }] as const);
  return { type: "value", options: Object.fromEntries(options) };
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(dashboard(), null, 2)}\n`);
}
