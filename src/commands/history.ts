import { loadConfig } from "../config/load.js";
import { jsonText } from "../decide/text.js";
import { AgentError } from "../errors.js";
import { EXIT } from "../exit.js";
import { readJournal } from "../journal/index.js";
import type { EntryFilter } from "../journal/index.js";
import { findingsText } from "./findings.js";
import { entryText } from "./history-text.js";
import { HISTORY_LIMIT } from "./index.js";
import type { Args, Run } from "./io.js";

const MOST = 100_000;

export const history: Run = async (args, io) => {
  const config = loadConfig(args.config, { env: io.machine.env });
  const { clock, log, nodeName, machineId } = io.machine;
  const filter = filterOf(args, clock.now());
  const journal = readJournal({ dir: config.state.dir, clock, log, nodeName, machineId });
  try {
    io.err(findingsText(journal.findings));
    const entries = journal.entries(filter);
    if (args.json) io.out(entries.map((entry) => `${jsonText(entry)}\n`).join(""));
    else if (entries.length === 0) io.out("The journal has no such entry.\n");
    else io.out(entries.map((entry) => `${entryText(entry)}\n`).join(""));
    return EXIT.done;
  } finally {
    journal.close();
  }
};

function filterOf({ values }: Args, now: number): EntryFilter {
  const { realm, user, group, since, until, limit } = values;
  return {
    limit: limit === undefined ? HISTORY_LIMIT : countOf(limit),
    ...(realm === undefined ? {} : { realm }),
    ...(user === undefined ? {} : { userid: user }),
    ...(group === undefined ? {} : { group }),
    ...(since === undefined ? {} : { since: timeOf("since", since, now) }),
    ...(until === undefined ? {} : { until: timeOf("until", until, now) }),
  };
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^[0-9]+$/.test(text) && count >= 1 && count <= MOST) return count;
  throw new AgentError("USAGE", `--limit takes a number from 1 to ${MOST}`);
}

const UNITS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Also as this program prints it: `2026-11-27 10:28:26 UTC`. */
const DATED =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?) ?([Zz]|UTC|[+-][0-9]{2}:[0-9]{2})?)?$/;

/** A date, an instant, or how long ago. Without a zone it is UTC, like everything here. */
export function timeOf(option: string, text: string, now: number): number {
  const ago = /^([0-9]{1,6})([mhdw])$/.exec(text);
  const unit = UNITS[ago?.[2] ?? ""];
  if (ago !== null && unit !== undefined) return now - Number(ago[1]) * unit;
  const [, day = "", time = "00:00", zone = "Z"] = DATED.exec(text) ?? [];
  // Of a day that a month does not have Date.parse makes one of the next month.
  const midnight = new Date(`${day}T00:00Z`);
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  const at = Date.parse(`${day}T${time}${/^[+-]/.test(zone) ? zone : "Z"}`);
  if (isDay && !Number.isNaN(at)) return at;
  throw new AgentError("USAGE", `--${option} takes a time such as 2026-11-21, or 24h`);
}
