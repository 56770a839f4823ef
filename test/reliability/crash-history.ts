/** What `history` tells of a step: every change that was made must be in it (P11). */
import { join } from "node:path";
import { readJournal } from "../../src/journal/index.js";
import { silentLog } from "../../src/log.js";
import { NODE } from "../support/machine.js";
import type { Site } from "../support/site.js";

const MANY = 10_000;

/** Each change since then that was done, or may have been: what happened to whom. */
export function toldSince({ clock, dir }: Site, since: number): ReadonlySet<string> {
  const journal = readJournal({ dir: join(dir, "state"), clock, log: silentLog, ...NODE });
  try {
    const changes = journal
      .entries({ since, limit: MANY })
      .flatMap((entry) => (entry.type === "change" ? [entry] : []))
      .filter(({ outcome }) => outcome === "done" || outcome === "unknown");
    return new Set(
      changes.map(({ kind, userid, group, path, role }) =>
        [kind, userid, group, path, role].filter((part) => part !== undefined).join(" "),
      ),
    );
  } finally {
    journal.close();
  }
}
