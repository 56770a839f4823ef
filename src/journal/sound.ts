/**
 * Whether what stands in a journal is what this program writes. SQLite keeps no checksums: a bit
 * that turned over in a value leaves a file that it calls sound, and a value that no code expects.
 */
import Sqlite from "better-sqlite3";
import type { Database } from "better-sqlite3";
import { migrate } from "./schema.js";

/** Columns that hold JSON: of which type, and for lists that all in them is text. */
const JSON_COLUMNS: readonly (readonly [table: string, column: string, type: string])[] = [
  ["changes", "joins", "array"],
  ["changes", "entra_groups", "array"],
  ["changes", "before", "object"],
  ["changes", "after", "object"],
  ["pass_realms", "counts", "object"],
  ["secrets", "realms", "array"],
];

/** The last millisecond that a date can name; everything else we count stays far below. */
const LARGEST = 8_640_000_000_000_000;

/** Before anything of ours is done to it: a database that SQLite can read, and not another's. */
export function isReadable(db: Database): boolean {
  if (db.pragma("quick_check(1)", { simple: true }) !== "ok") return false;
  const version = db.pragma("user_version", { simple: true }) as number;
  const begun = yes(db, "SELECT EXISTS (SELECT 1 FROM sqlite_master) AS yes");
  return version > 0 || (version === 0 && !begun);
}

/** After the migration: our tables, with values of the types that we write. */
export function isAsWritten(db: Database): boolean {
  return hasOurTables(db) && !hasStrangeValue(db) && !hasStrangeJson(db) && !hasStrangeIds(db);
}

type Shape = { readonly name: string; readonly sql: string };

function hasOurTables(db: Database): boolean {
  const ours = new Sqlite(":memory:");
  try {
    migrate(ours);
    const there = new Map(shapes(db).map(({ name, sql }) => [name, sql]));
    return shapes(ours).every(({ name, sql }) => there.get(name) === sql);
  } finally {
    ours.close();
  }
}

function shapes(db: Database): readonly Shape[] {
  const sql = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> ?";
  return db.prepare<[string], Shape>(sql).all("sqlite_sequence");
}

function hasStrangeValue(db: Database): boolean {
  const tables = shapes(db).filter(({ sql }) => sql.startsWith("CREATE TABLE"));
  return tables.some(({ name }) => {
    const columns = db
      .prepare<[string], { name: string; type: string }>(
        "SELECT name, type FROM pragma_table_info(?)",
      )
      .all(name);
    const strange = columns.map(({ name: column, type }) =>
      type === "INTEGER"
        ? `typeof("${column}") NOT IN ('integer', 'null') OR abs("${column}") > ${LARGEST}`
        : `typeof("${column}") NOT IN ('text', 'null')`,
    );
    return yes(db, `SELECT EXISTS (SELECT 1 FROM "${name}" WHERE ${strange.join(" OR ")}) AS yes`);
  });
}

function hasStrangeJson(db: Database): boolean {
  const invalid = yes(
    db,
    "SELECT EXISTS (SELECT 1 FROM notes WHERE NOT json_valid(detail)) AS yes",
  );
  if (invalid) return true;
  return JSON_COLUMNS.some(([table, column, type]) => {
    const wrong = `NOT json_valid(${column}) OR json_type(${column}) <> '${type}'`;
    if (yes(db, `SELECT EXISTS (SELECT 1 FROM ${table} WHERE ${wrong}) AS yes`)) return true;
    if (type !== "array") return false;
    const items = `${table}, json_each(${table}.${column}) AS item WHERE item.type <> 'text'`;
    return yes(db, `SELECT EXISTS (SELECT 1 FROM ${items}) AS yes`);
  });
}

/** The next id comes from here, and an id that is no exact number settles nothing. */
function hasStrangeIds(db: Database): boolean {
  const strange = `typeof(seq) <> 'integer' OR seq < 0 OR seq > ${LARGEST}`;
  return yes(db, `SELECT EXISTS (SELECT 1 FROM sqlite_sequence WHERE ${strange}) AS yes`);
}

function yes(db: Database, sql: string): boolean {
  return db.prepare<[], { yes: number }>(sql).get()?.yes === 1;
}
