/**
 * The journal's tables. Two kinds live side by side: what happened (`passes`, `changes`, `losses`,
 * `notes`, `secret_events`), which is dropped after 400 days, and what still holds because of it
 * (`own_acl`, `own_groups`, `known_users`, `taken_from`, `disabled`, `left_seen`,
 * `lost_privilege`, `secrets`), which is not.
 *
 * A migration is never edited once it was released: add one, and a test with a file of the
 * version before.
 */
import type { Database } from "better-sqlite3";
import { AgentError } from "../errors.js";

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

   CREATE TABLE passes (
     id INTEGER PRIMARY KEY AUTOINCREMENT, started INTEGER NOT NULL, ended INTEGER,
     trigger TEXT NOT NULL, duration_ms INTEGER);
   CREATE TABLE pass_realms (
     pass INTEGER NOT NULL REFERENCES passes ON DELETE CASCADE, realm TEXT NOT NULL,
     ok INTEGER, code TEXT, counts TEXT NOT NULL DEFAULT '{}',
     PRIMARY KEY (pass, realm)) WITHOUT ROWID;

   CREATE TABLE changes (
     id INTEGER PRIMARY KEY AUTOINCREMENT, pass INTEGER NOT NULL, action TEXT NOT NULL,
     at INTEGER NOT NULL, outcome TEXT NOT NULL DEFAULT 'intended', code TEXT, message TEXT,
     realm TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
     userid TEXT, grp TEXT, path TEXT, role TEXT, enable INTEGER, joins TEXT NOT NULL DEFAULT '[]',
     person TEXT, person_name TEXT, entra_groups TEXT NOT NULL,
     before TEXT NOT NULL, after TEXT NOT NULL,
     approved INTEGER NOT NULL, moment INTEGER NOT NULL);
   CREATE INDEX changes_at ON changes (at);
   CREATE INDEX changes_open ON changes (pass) WHERE outcome = 'intended';
   CREATE INDEX changes_pass ON changes (pass);
   CREATE TABLE losses (
     change INTEGER NOT NULL REFERENCES changes ON DELETE CASCADE, at INTEGER NOT NULL,
     realm TEXT NOT NULL, grp TEXT NOT NULL, userid TEXT NOT NULL, cause TEXT NOT NULL,
     approved INTEGER NOT NULL, PRIMARY KEY (change, userid)) WITHOUT ROWID;
   CREATE INDEX losses_at ON losses (at);

   CREATE TABLE own_acl (path TEXT NOT NULL, grp TEXT NOT NULL, role TEXT NOT NULL,
     PRIMARY KEY (path, grp, role)) WITHOUT ROWID;
   CREATE TABLE own_groups (grp TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE known_users (userid TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE taken_from (person TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE disabled (userid TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;

   CREATE TABLE absent (key TEXT PRIMARY KEY, pass INTEGER NOT NULL, at INTEGER NOT NULL)
     WITHOUT ROWID;

   CREATE TABLE holds (approval_id TEXT NOT NULL, key TEXT NOT NULL, summary TEXT NOT NULL,
     at INTEGER NOT NULL, PRIMARY KEY (approval_id, key)) WITHOUT ROWID;
   CREATE TABLE approvals (
     id INTEGER PRIMARY KEY AUTOINCREMENT, approval_id TEXT NOT NULL, by TEXT NOT NULL,
     at INTEGER NOT NULL);
   CREATE TABLE approval_keys (
     approval INTEGER NOT NULL REFERENCES approvals ON DELETE CASCADE, key TEXT NOT NULL,
     summary TEXT NOT NULL, used INTEGER, PRIMARY KEY (approval, key)) WITHOUT ROWID;
   CREATE INDEX approval_keys_key ON approval_keys (key);

   CREATE TABLE notes (
     id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, realm TEXT,
     text TEXT NOT NULL, detail TEXT);
   CREATE INDEX notes_at ON notes (at);

   CREATE TABLE secrets (
     intent INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL, realms TEXT NOT NULL,
     display_name TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, key_id TEXT,
     reason TEXT NOT NULL, forced INTEGER NOT NULL, created INTEGER NOT NULL,
     state TEXT NOT NULL, at INTEGER NOT NULL);
   CREATE INDEX secrets_client ON secrets (client_id);
   CREATE TABLE secret_events (
     id INTEGER PRIMARY KEY AUTOINCREMENT, intent INTEGER NOT NULL REFERENCES secrets
     ON DELETE CASCADE, at INTEGER NOT NULL, state TEXT NOT NULL, detail TEXT);`,

  `CREATE TABLE cache (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER NOT NULL)
     WITHOUT ROWID;
   CREATE TABLE left_seen (userid TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX secret_events_at ON secret_events (at);`,

  `ALTER TABLE disabled ADD COLUMN enabled_again INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE disabled ADD COLUMN moment INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE changes ADD COLUMN privileged INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE lost_privilege (userid TEXT NOT NULL, grp TEXT NOT NULL,
     PRIMARY KEY (userid, grp)) WITHOUT ROWID;`,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings an opened file to this program's version, all or nothing.
 * Throws JOURNAL_TOO_NEW for a file of a later program.
 */
export function migrate(db: Database, upTo: number = SCHEMA_VERSION): void {
  const version = db.pragma("user_version", { simple: true }) as number;
  if (version > SCHEMA_VERSION) {
    throw new AgentError(
      "JOURNAL_TOO_NEW",
      `the journal has version ${version}, this program knows up to ${SCHEMA_VERSION}`,
    );
  }
  if (version >= upTo) return;
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(version, upTo)) db.exec(step);
    db.pragma(`user_version = ${upTo}`);
  })();
}
