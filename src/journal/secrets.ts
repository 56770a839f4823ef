/**
 * The client secrets that this node made: what it may remove one day. The intent stands here
 * before Entra is asked, so that a secret whose answer was lost is still known as ours by its
 * display name, start and end. Values never come here.
 */
import { redact } from "../redact.js";
import type { Database } from "./database.js";
import type { JournalTime } from "./time.js";
import type { IntentId, OwnSecret, SecretsJournal, SecretState } from "./types.js";

/** Tries that made no secret are told by `history` this far back. */
const NOT_MADE_KEPT = 20;

interface SecretRow {
  readonly intent: IntentId;
  readonly client_id: string;
  readonly realms: string;
  readonly display_name: string;
  readonly start: number;
  readonly end: number;
  readonly key_id: string | null;
  readonly state: SecretState;
  readonly at: number;
  readonly forced: number;
}

export class Secrets implements SecretsJournal {
  readonly #db: Database;
  readonly #time: JournalTime;

  constructor(db: Database, time: JournalTime) {
    this.#db = db;
    this.#time = time;
  }

  intend(secret: Parameters<SecretsJournal["intend"]>[0]): IntentId {
    const at = this.#time.now();
    return this.#db.durably(() => {
      this.#forgetNotMade(secret.clientId);
      const intent = this.#db.run(
        `INSERT INTO secrets
           (client_id, realms, display_name, start, end, reason, forced, created, state, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'intended', ?)`,
        secret.clientId,
        JSON.stringify(secret.realms),
        secret.displayName,
        secret.start,
        secret.end,
        redact(secret.reason),
        Number(secret.forced),
        at,
        at,
      );
      this.#event(intent, at, "intended", undefined);
      return intent as IntentId;
    });
  }

  made(
    intent: IntentId,
    secret: { readonly keyId: string; readonly start: number; readonly end: number },
  ): void {
    // Durable like an intent: without the key id, only the exact dates say that it is ours.
    this.#db.durably(() => {
      this.#db.run(
        "UPDATE secrets SET key_id = ?, start = ?, end = ? WHERE intent = ?",
        secret.keyId,
        secret.start,
        secret.end,
        intent,
      );
      this.#move(intent, "made", undefined);
    });
  }

  mark(intent: IntentId, state: SecretState, detail?: string): void {
    this.#db.durably(() => this.#move(intent, state, detail));
  }

  all(clientId: string): readonly OwnSecret[] {
    return this.#db
      .all<SecretRow>("SELECT * FROM secrets WHERE client_id = ? ORDER BY intent", clientId)
      .map((row) => toOwnSecret(row, this.#db.json<string[]>(row.realms)));
  }

  forcedSince(clientId: string, since: number): number {
    const row = this.#db.get<{ count: number }>(
      `SELECT count(*) AS count FROM secrets
       WHERE client_id = ? AND forced = 1 AND created >= ? AND state <> 'not-made'`,
      clientId,
      since,
    );
    return row?.count ?? 0;
  }

  /** Where a policy forbids secrets each try leaves a row that says of no secret whose it is. */
  #forgetNotMade(clientId: string): void {
    this.#db.run(
      `DELETE FROM secrets WHERE client_id = ? AND state = 'not-made' AND intent NOT IN
         (SELECT intent FROM secrets WHERE client_id = ? AND state = 'not-made'
          ORDER BY intent DESC LIMIT ?)`,
      clientId,
      clientId,
      NOT_MADE_KEPT,
    );
  }

  #move(intent: IntentId, state: SecretState, detail: string | undefined): void {
    const at = this.#time.now();
    this.#db.run("UPDATE secrets SET state = ?, at = ? WHERE intent = ?", state, at, intent);
    this.#event(intent, at, state, detail);
  }

  #event(intent: number, at: number, state: SecretState, detail: string | undefined): void {
    this.#db.run(
      "INSERT INTO secret_events (intent, at, state, detail) VALUES (?, ?, ?, ?)",
      intent,
      at,
      state,
      detail === undefined ? null : redact(detail),
    );
  }
}

function toOwnSecret(row: SecretRow, realms: readonly string[]): OwnSecret {
  return {
    intent: row.intent,
    clientId: row.client_id,
    realms,
    displayName: row.display_name,
    start: row.start,
    end: row.end,
    ...(row.key_id === null ? {} : { keyId: row.key_id }),
    state: row.state,
    at: row.at,
    forced: row.forced === 1,
  };
}
