/** What `history` lists: changes, rotations, passes that went wrong, approvals and notes. */
import type { Database } from "./database.js";
import type { EntryFilter, JournalEntry, PassId } from "./types.js";

type Entry<T extends JournalEntry["type"]> = Extract<JournalEntry, { readonly type: T }>;
type Row = Record<string, string | number | null>;
/** A condition and the values of its `?`. */
interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Newest first, at most `filter.limit`. `pass`: the one under way, which is not broken off. */
export function readEntries(
  db: Database,
  filter: EntryFilter,
  pass: PassId | undefined,
): readonly JournalEntry[] {
  const aboutSomebody = filter.userid !== undefined || filter.group !== undefined;
  const found: JournalEntry[] = [...changes(db, filter), ...approvals(db, filter)];
  if (!aboutSomebody) {
    found.push(...rotations(db, filter), ...passes(db, filter, pass), ...notes(db, filter));
  }
  return found.sort((a, b) => b.at - a.at).slice(0, filter.limit);
}

function changes(db: Database, filter: EntryFilter): readonly Entry<"change">[] {
  const rows = select(db, "changes", "at", filter, [
    equals("realm", filter.realm),
    filter.userid === undefined
      ? undefined
      : {
          sql: `(userid = ? OR EXISTS (SELECT 1 FROM losses
                 WHERE losses.change = changes.id AND losses.userid = ?))`,
          values: [filter.userid, filter.userid],
        },
    filter.group === undefined
      ? undefined
      : {
          sql: "(grp = ? OR EXISTS (SELECT 1 FROM json_each(joins) WHERE value = ?))",
          values: [filter.group, filter.group],
        },
  ]);
  return rows.map((row) =>
    shaped<Entry<"change">>({
      type: "change",
      at: row["at"],
      pass: row["pass"],
      realm: row["realm"],
      kind: row["kind"],
      outcome: row["outcome"],
      code: row["code"],
      message: row["message"],
      reason: row["reason"],
      userid: row["userid"],
      group: row["grp"],
      path: row["path"],
      role: row["role"],
      person: row["person"],
      personName: row["person_name"],
      entraGroups: parsed(row["entra_groups"]),
      before: (parsed(row["before"]) as { value?: unknown }).value ?? NOTHING,
      after: (parsed(row["after"]) as { value?: unknown }).value ?? NOTHING,
      approved: row["approved"] === 1,
      moment: row["moment"] === 1,
    }),
  );
}

function rotations(db: Database, filter: EntryFilter): readonly Entry<"rotation">[] {
  const rows = select(
    db,
    `(SELECT e.id, e.at, e.state, e.detail, s.intent, s.realms, s.client_id, s.reason, s.key_id,
             s.start, s.end, s.forced
      FROM secret_events e JOIN secrets s ON s.intent = e.intent)`,
    "at",
    filter,
    [
      filter.realm === undefined
        ? undefined
        : {
            sql: "EXISTS (SELECT 1 FROM json_each(realms) WHERE value = ?)",
            values: [filter.realm],
          },
    ],
  );
  return rows.map((row) =>
    shaped<Entry<"rotation">>({
      type: "rotation",
      at: row["at"],
      intent: row["intent"],
      realms: parsed(row["realms"]),
      clientId: row["client_id"],
      state: row["state"],
      reason: row["reason"],
      keyId: row["key_id"],
      start: row["start"],
      end: row["end"],
      forced: row["forced"] === 1,
      detail: row["detail"],
    }),
  );
}

function passes(
  db: Database,
  filter: EntryFilter,
  current: PassId | undefined,
): readonly Entry<"pass">[] {
  const rows = select(
    db,
    `(SELECT p.id, p.started AS at, p.trigger, p.ended, r.realm, r.ok, r.code, r.counts
      FROM pass_realms r JOIN passes p ON p.id = r.pass WHERE r.ok IS NOT 1)`,
    "at",
    filter,
    [equals("realm", filter.realm), { sql: "id <> ?", values: [current ?? -1] }],
  );
  return rows.map((row) =>
    shaped<Entry<"pass">>({
      type: "pass",
      at: row["at"],
      pass: row["id"],
      trigger: row["trigger"],
      realm: row["realm"],
      code: row["code"],
      ended: row["ended"] !== null,
      counts: parsed(row["counts"]),
    }),
  );
}

function approvals(db: Database, filter: EntryFilter): readonly Entry<"approval">[] {
  const rows = select(db, "approvals", "at", filter, [
    concerns(filter.realm),
    concerns(filter.userid),
    concerns(filter.group),
  ]);
  return rows.map((row) => {
    const keys = db.all<{ summary: string; used: number | null }>(
      "SELECT summary, used FROM approval_keys WHERE approval = ? ORDER BY key",
      Number(row["id"]),
    );
    return shaped<Entry<"approval">>({
      type: "approval",
      at: row["at"],
      approvalId: row["approval_id"],
      by: row["by"],
      summaries: keys.map(({ summary }) => summary),
      used: keys.filter(({ used }) => used !== null).length,
    });
  });
}

function notes(db: Database, filter: EntryFilter): readonly Entry<"note">[] {
  return select(db, "notes", "at", filter, [equals("realm", filter.realm)]).map((row) =>
    shaped<Entry<"note">>({
      type: "note",
      at: row["at"],
      kind: row["kind"],
      realm: row["realm"],
      text: row["text"],
      detail: row["detail"] === null ? null : parsed(row["detail"]),
    }),
  );
}

function select(
  db: Database,
  table: string,
  time: string,
  filter: EntryFilter,
  conditions: readonly (Condition | undefined)[],
): readonly Row[] {
  const all: readonly Condition[] = [
    ...conditions.filter((condition) => condition !== undefined),
    ...(filter.since === undefined ? [] : [{ sql: `${time} >= ?`, values: [filter.since] }]),
    ...(filter.until === undefined ? [] : [{ sql: `${time} < ?`, values: [filter.until] }]),
  ];
  const where = all.length === 0 ? "" : `WHERE ${all.map(({ sql }) => sql).join(" AND ")}`;
  return db.all<Row>(
    `SELECT * FROM ${table} ${where} ORDER BY ${time} DESC, id DESC LIMIT ?`,
    ...all.flatMap(({ values }) => values),
    filter.limit,
  );
}

function equals(column: string, value: string | undefined): Condition | undefined {
  return value === undefined ? undefined : { sql: `${column} = ?`, values: [value] };
}

/** A change's key holds realm, userid and group between bars (`changeKey`). */
function concerns(part: string | undefined): Condition | undefined {
  if (part === undefined) return undefined;
  return {
    sql: `EXISTS (SELECT 1 FROM approval_keys
          WHERE approval = approvals.id AND instr(key || '|', '|' || ? || '|') > 0)`,
    values: [part],
  };
}

function parsed(text: string | number | null | undefined): unknown {
  return JSON.parse(String(text)) as unknown;
}

/** Stands for a null that is meant, where SQL's null means "absent". */
const NOTHING = Symbol("null");

/** Leaves out what is absent; the columns' types are those of schema.ts. */
function shaped<T extends JournalEntry>(fields: Record<keyof T, unknown>): T {
  const present = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, value === NOTHING ? null : value]);
  return Object.fromEntries(present) as T;
}
