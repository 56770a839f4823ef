/** All commands, in the order in which the help lists them. */
import type { Command } from "./io.js";

/** How many entries `history` shows unless told. */
export const HISTORY_LIMIT = 100;

export const COMMANDS: readonly Command[] = [
  {
    name: "run",
    summary: "Runs the daemon (systemd starts this)",
    options: {
      "json-log": { help: "the log as JSON, one line an event, on standard output" },
    },
    answers: false,
    load: async () => (await import("./run.js")).run,
  },
  {
    name: "plan",
    summary: "Shows what the next pass would do and why; writes nothing",
    options: {},
    load: async () => (await import("./plan.js")).plan,
  },
  {
    name: "sync",
    summary: "Does one pass now; --approve lets held changes through",
    options: {
      approve: { value: "ID", help: "let the held changes with this approval ID through (root)" },
    },
    load: async () => (await import("./sync.js")).sync,
  },
  {
    name: "rotate",
    summary: "Makes, proves and writes a new client secret now, whatever the expiry",
    options: { realm: { value: "NAME", help: "only this realm" } },
    load: async () => (await import("./rotate.js")).rotate,
  },
  {
    name: "status",
    summary: "Shows secret, sync, the writing node, holds, and who is kept and why",
    options: {},
    load: async () => (await import("./status.js")).status,
  },
  {
    name: "history",
    summary: "Shows the journal: what was changed, when and why, newest first",
    options: {
      realm: { value: "NAME", help: "only this realm" },
      user: { value: "USERID", help: "only this user, as in PVE: name@realm" },
      group: { value: "NAME", help: "only this PVE group" },
      since: { value: "TIME", help: "from then on: 2026-11-21, 2026-11-21T10:00Z, or 24h, 7d ago" },
      until: { value: "TIME", help: "before then, likewise" },
      limit: { value: "N", help: `at most so many entries (${HISTORY_LIMIT})` },
    },
    load: async () => (await import("./history.js")).history,
  },
];
