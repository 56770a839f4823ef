/**
 * Whether two kills left the same world behind. While a secret is proved nothing is written for
 * a minute and a half, neither at Entra nor in PVE nor in the journal, so that a kill in each of
 * these hundred requests leaves what the one before left, an instant later.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { View } from "../emulators/entra/replica.js";
import { TABLES } from "../emulators/entra/tables.js";
import type { Moment } from "./crash-moment.js";

/**
 * Equal for moments that differ in nothing but the hour and chance (ids, which replica is next):
 * both files of PVE, what Entra and each of its replicas know and have yet to learn, and every row
 * of the journal.
 */
export function fingerprint({ now, entra, pve, state }: Moment): string {
  const { truth, replicas, index, nextLags, lag, pinned } = entra.directory;
  const known = [truth, ...replicas, index].map((replica) => [
    TABLES.map((table) => [...replica.entries(table)].map((row) => JSON.stringify(row)).sort()),
    replica.awaits(now).map(([, ...row]) => row),
  ]);
  const settings = Object.values(entra.settings).map((value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value,
  );
  const all = [pve, known, nextLags, lag, pinned, settings, rowsOf(state)];
  const text = chanceless(JSON.stringify(all), truth);
  return createHash("sha256").update(text).digest("hex");
}

/** Key ids and values of secrets are chance: each is called by its place in the list of them. */
function chanceless(text: string, truth: View): string {
  return truth
    .rows("secret")
    .reduce(
      (said, { keyId, secretText }, n) =>
        said.replaceAll(keyId, `<key id ${n}>`).replaceAll(secretText, `<secret ${n}>`),
      text,
    );
}

/** SQLite's files hold random salts, so that equal journals differ in their bytes. */
function rowsOf(state: Moment["state"]): unknown {
  const dir = mkdtempSync(join(tmpdir(), "pve-entra-journal-"));
  try {
    for (const [name, bytes] of state) writeFileSync(join(dir, name), bytes);
    const db = new Sqlite(join(dir, "journal.db"));
    const tables = db
      .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all();
    const rows = tables.map(({ name }) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]);
    db.close();
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
