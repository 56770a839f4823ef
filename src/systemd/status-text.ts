/** How the agent is, in one line: `STATUS=` in `systemctl status`. Pure; nobody is named. */
import { counted } from "../decide/text.js";
import type { HealthReport } from "../health/index.js";

/**
 * `ok: 2 realms; secret ends 2027-03-01; last pass 09:35 UTC, 3 changes held`. The state's word
 * comes first, why it is not `ok` right behind it: systemctl cuts long lines at their end.
 */
export function statusText(report: HealthReport): string {
  const { state, reasons, lease } = report;
  const realms = Object.values(report.realms);
  const first =
    state === "starting"
      ? "the first pass is under way"
      : state === "standby"
        ? `${lease.writer ?? "another node"} writes`
        : reasons.length > 0
          ? reasons.join(", ")
          : counted(realms.length, "realm", "realms");
  return [`${state}: ${first}`, ...secretsEnd(realms), ...lastPass(realms)].join("; ");
}

type Realms = readonly HealthReport["realms"][string][];

function secretsEnd(realms: Realms): readonly string[] {
  const ends = realms.flatMap(({ secret }) => secret.expires ?? []).sort();
  const [first] = ends;
  return first === undefined ? [] : [`secret ends ${first.slice(0, 10)}`];
}

/** The time of the last pass that went well: where one failed, the reasons above say so. */
function lastPass(realms: Realms): readonly string[] {
  const passes = realms.flatMap(({ sync }) => sync.last_success ?? []).sort();
  const held = realms.reduce((sum, { sync }) => sum + sync.held, 0);
  const [last] = passes.slice(-1);
  if (last === undefined) return [];
  const waiting = held === 0 ? "" : `, ${counted(held, "change", "changes")} held`;
  const day = last.slice(0, 10);
  return [`last good pass ${day} ${last.slice(11, 16)} UTC${waiting}`];
}
