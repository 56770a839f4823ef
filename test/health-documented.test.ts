import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import formats from "ajv-formats";
import t from "tap";
import { UNKNOWN_REALM, healthOf } from "../src/health/index.js";
import type { HealthState } from "../src/health/index.js";
import { well, withRealm } from "./health-common.js";

const PAGE = readFileSync(new URL("../docs/health.md", import.meta.url), "utf8");
const GOLDEN = readFileSync(new URL("golden/metrics.txt", import.meta.url), "utf8");

t.test("docs/health.md: the schema fits every state, and allows nothing else", async (t) => {
  const block = /```json\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? "";
  const ajv = new Ajv({ strict: true, allowUnionTypes: true });
  formats.default(ajv);
  const validate = ajv.compile(JSON.parse(block) as object);
  const states: Record<string, HealthState> = {
    well,
    "nothing known": {
      version: "1",
      startedAt: 0,
      observed: false,
      lease: { leader: false },
      reload: { ok: false },
      realms: new Map([["entra", UNKNOWN_REALM]]),
      findings: new Map([["CLUSTER_NO_WRITER", 1]]),
    },
    failing: withRealm({ sync: { ok: false, code: "PVE_NO_QUORUM", held: 3 } }),
  };
  for (const [name, state] of Object.entries(states)) {
    const sent = JSON.parse(JSON.stringify(healthOf(state).report)) as Record<string, unknown>;
    t.ok(validate(sent), `${name}: ${ajv.errorsText(validate.errors)}`);
    t.notOk(validate({ ...sent, more: 1 }));
  }
});

t.test("docs/health.md: every metric has its row, in the words of /metrics", async (t) => {
  const help = [...GOLDEN.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, words]) => [
    name,
    words,
  ]);
  const rows = PAGE.split("\n")
    .filter((line) => line.startsWith("| `pve_entra_agent_"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name, , , words]) => [name?.replaceAll("`", ""), words]);
  t.strictSame(rows, help);
});
