/** The figures as a table for a person. */
import type { DaemonFigures } from "./daemon.js";
import type { PassFigures } from "./passes.js";

export interface Figures {
  readonly node: string;
  readonly costs: boolean;
  /** Processors, and how many processes waited for them on average: on a busy machine times stray. */
  readonly machine: { readonly processors: number; readonly load: number };
  readonly passes: readonly PassFigures[];
  readonly daemon: DaemonFigures;
}

export function asText({ node, costs, machine, passes, daemon }: Figures): string {
  const title = `Passes in 50 groups, Node ${node}, PVE's measured cost ${costs ? "on" : "off"}.
${machine.processors} processors, load ${machine.load.toFixed(1)}.
The floor: the same requests by bare undici, reads eight at a time, writes one by one.\n`;
  const head = ["people", "pass", "requests", "entra", "pve", "writes"];
  const times = ["agent ms", "floor ms", "ratio", "agent cpu", "floor cpu"];
  const rows = passes.map((one) => [
    String(one.people),
    one.story,
    String(one.requests.entra + one.requests.pve),
    String(one.requests.entra),
    String(one.requests.pve),
    String(one.writes),
    whole(one.agentMs),
    whole(one.floorMs),
    one.ratio.toFixed(2),
    whole(one.agentCpuMs),
    whole(one.floorCpuMs),
  ]);
  return `${title}\n${table([[...head, ...times], ...rows])}\n\n${daemonText(daemon)}`;
}

function daemonText({ people, residentKb, firstAnswerMs }: DaemonFigures): string {
  const mb = (kb: number): string => (kb / 1024).toFixed(1);
  const rows = [
    ["", "daemon", "bare", "ratio"],
    ["resident MB", mb(residentKb.daemon), mb(residentKb.bare), residentKb.ratio.toFixed(2)],
    [
      "first answer ms",
      whole(firstAnswerMs.daemon),
      whole(firstAnswerMs.bare),
      firstAnswerMs.ratio.toFixed(2),
    ],
  ];
  return `The daemon, idle after a pass over ${people} people, beside a bare node:http server.\n\n${table(rows)}\n`;
}

function whole(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}

/** The first column to the left, all others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, n) => (n < 2 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
      .join("  ");
  return rows.map(line).join("\n");
}
