/** Sends what is due, beside the passes and never in their way. */
import type { Clock } from "../clock.js";
import type { NotifyConfig } from "../config/types.js";
import { AgentError, asAgentError } from "../errors.js";
import type { Finding } from "../errors.js";
import type { HealthState } from "../health/index.js";
import type { JournalCache } from "../journal/types.js";
import type { Log } from "../log.js";
import { bookText, readBook, writeBook } from "./book.js";
import { look, told } from "./due.js";
import type { Book, Due } from "./due.js";
import { matters } from "./matters.js";
import { post } from "./post.js";
import { letter } from "./words.js";

export interface PostmanOptions {
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  readonly cache: JournalCache;
  readonly nodeName: string;
  /** Real milliseconds for one mail; absent: 20 s. */
  readonly deadlineMs?: number;
}

export class Postman {
  readonly #options: PostmanOptions;
  readonly #stopping = new AbortController();
  #config: NotifyConfig | undefined;
  /** In memory first: a journal that cannot be written must not make a mail of every pass. */
  #book: Book;
  #failure: Finding | undefined;
  #sending: Promise<void> | undefined;

  /** @param config absent: no mail is sent, ever */
  constructor(options: PostmanOptions, config: NotifyConfig | undefined) {
    this.#options = options;
    this.#config = config;
    this.#book = this.#remembered();
  }

  /** NOTIFY_FAILED while a mail waits that the server would not take. */
  get findings(): readonly Finding[] {
    return this.#failure === undefined ? [] : [this.#failure];
  }

  /** After a reload. */
  configure(config: NotifyConfig | undefined): void {
    this.#config = config;
    this.#failure = undefined;
  }

  /**
   * Returns at once and never throws; what cannot be sent is due again at the next look.
   *
   * @param under when the pass that is under way began; absent: none is
   */
  look(state: HealthState, under?: number): void {
    if (this.#config === undefined || this.#stopping.signal.aborted) return;
    const now = this.#options.clock.now();
    const { book, due } = look(this.#book, matters(state, now, under), now);
    this.#keep(book);
    if (this.#sending !== undefined) return;
    if (due.length === 0) this.#failure = undefined;
    else this.#sending = this.#send(due, this.#config).finally(() => (this.#sending = undefined));
  }

  /** Whatever is on its way is given up; it is sent again after a restart. */
  async close(): Promise<void> {
    this.#stopping.abort(new AgentError("STOPPING", "the daemon is stopping"));
    await this.#sending;
  }

  /** One after the other; the first that fails ends it, for the next would fare no better. */
  async #send(due: readonly Due[], config: NotifyConfig): Promise<void> {
    const { clock, log, nodeName, deadlineMs } = this.#options;
    try {
      for (const one of due) {
        const at = clock.now();
        await post(letter(one, nodeName, at), config, at, this.#stopping.signal, deadlineMs);
        this.#keep(told(this.#book, one, clock.now()));
        log.info({ about: one.key, kind: one.kind }, "a mail was sent");
      }
      this.#failure = undefined;
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      const { code, message } = asAgentError(thrown);
      log.debug({ err: thrown }, "a mail was not sent");
      this.#failure = { code, message };
    }
  }

  #keep(book: Book): void {
    const before = bookText(this.#book);
    this.#book = book;
    if (bookText(book) === before) return;
    try {
      writeBook(this.#options.cache, book);
    } catch (thrown) {
      // The pass says that the journal cannot be written.
      this.#options.log.debug({ err: thrown }, "what was told by mail was not written down");
    }
  }

  #remembered(): Book {
    try {
      return readBook(this.#options.cache);
    } catch (thrown) {
      this.#options.log.debug({ err: thrown }, "what was told by mail could not be read");
      return new Map();
    }
  }
}
