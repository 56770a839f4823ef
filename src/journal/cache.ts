/** Small remembered answers, each with its end. */
import type { Database } from "./database.js";
import type { JournalTime } from "./time.js";
import type { JournalCache } from "./types.js";

export class Cache implements JournalCache {
  readonly #db: Database;
  readonly #time: JournalTime;

  constructor(db: Database, time: JournalTime) {
    this.#db = db;
    this.#time = time;
  }

  get(key: string): string | undefined {
    return this.#db.get<{ value: string }>(
      "SELECT value FROM cache WHERE key = ? AND expires > ?",
      key,
      this.#time.now(),
    )?.value;
  }

  set(key: string, value: string, ttlMs: number): void {
    this.#db.quickly(() => {
      this.#db.run(
        "INSERT OR REPLACE INTO cache (key, value, expires) VALUES (?, ?, ?)",
        key,
        value,
        this.#time.now() + ttlMs,
      );
    });
  }
}
