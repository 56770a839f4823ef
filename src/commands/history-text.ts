/** One entry of the journal, as a person reads it. */
import { instant, printable } from "../decide/text.js";
import type { JournalEntry } from "../journal/index.js";

/** One line, and a second one with the reason where there is one. Safe for a terminal. */
export function entryText(entry: JournalEntry): string {
  return linesOf(entry).map(printable).join("\n    ");
}

/** A line break within one of these is somebody else's, and forges no entry. */
function linesOf(entry: JournalEntry): readonly string[] {
  const when = instant(entry.at);
  switch (entry.type) {
    case "change":
      return [`${when}  ${changeLine(entry)}`, `because ${entry.reason}${personOf(entry)}`];
    case "rotation": {
      const realms = entry.realms.join(", ");
      const key = entry.keyId === undefined ? "" : ` ${entry.keyId}`;
      const detail = entry.detail === undefined ? "" : `: ${entry.detail}`;
      return [
        `${when}  secret${key} for ${realms}: ${entry.state}${detail}`,
        `because ${entry.reason}`,
      ];
    }
    case "pass": {
      const how = entry.ended ? (entry.code ?? "good") : "cut off";
      const counts = Object.entries(entry.counts).map(([name, count]) => `${name} ${count}`);
      return [`${when}  pass over ${entry.realm} (${entry.trigger}): ${how}; ${counts.join(", ")}`];
    }
    case "approval": {
      const id = `${entry.approvalId.slice(0, 12)}…`;
      return [`${when}  approved by ${entry.by}: ${id}, ${entry.used} used`, ...entry.summaries];
    }
    case "note": {
      const realm = entry.realm === undefined ? "" : ` ${entry.realm}`;
      return [`${when}  ${entry.kind}${realm}: ${entry.text}`];
    }
  }
}

function changeLine(entry: JournalEntry & { type: "change" }): string {
  const code = entry.code === undefined ? "" : ` ${entry.code}: ${entry.message ?? ""}`;
  const moment = entry.moment ? " (for the moment)" : "";
  const approved = entry.approved ? " (approved)" : "";
  return `${whatOf(entry)}${moment}${approved}: ${entry.outcome}${code}${difference(entry)}`;
}

/** In the words of `plan`: `leave pve-admins: anna@…`, `grant PVEAuditor at / for pve-auditors`. */
function whatOf({ kind, userid, group, path, role }: JournalEntry & { type: "change" }): string {
  const words = kind.replaceAll("-", " ");
  if (kind === "join" || kind === "leave") return `${words} ${group}: ${userid}`;
  if (kind === "grant" || kind === "revoke") return `${words} ${role} at ${path} for ${group}`;
  return [words, userid ?? group ?? ""].join(" ");
}

/** `before -> after`, where both are known, differ, and say more than the words do. */
function difference({ kind, before, after }: JournalEntry & { type: "change" }): string {
  if (kind === "join" || kind === "leave") return "";
  if (before === after || (before === null && after === null)) return "";
  return ` [${shown(before)} -> ${shown(after)}]`;
}

function shown(value: unknown): string {
  return value === null || value === undefined ? "nothing" : JSON.stringify(value);
}

function personOf({ person, personName }: JournalEntry & { type: "change" }): string {
  if (person === undefined) return "";
  return ` [${personName === undefined ? "" : `${personName}, `}person ${person}]`;
}
