/** Installed and not configured: the service runs, does nothing, and says what to do. */
import { isConfigured } from "../config/configured.js";
import { asAgentError } from "../errors.js";
import type { Log } from "../log.js";
import { reloadFailed } from "./reload-failed.js";
import type { Service } from "../systemd/index.js";

export interface Unconfigured<T> {
  readonly configFile: string;
  readonly log: Log;
  readonly service: Service;
  /**
   * Begins for real. Throws what makes that impossible, and leaves nothing behind then but a status
   * of the service that says so.
   */
  readonly start: () => Promise<T>;
}

/**
 * A reload begins for real once there is a configuration. A bad one is told, and the waiting goes
 * on: whoever is about to write a configuration needs no failed service beside it.
 */
export class Waiting<T> {
  readonly #options: Unconfigured<T>;
  readonly #started: (value: T) => void;
  /** What `start` gave, once a reload began for real. */
  readonly started: Promise<T>;
  #value: T | undefined;
  #done = false;
  /** A reload was asked for while `start` was at work: it may have read the file before that. */
  missed = false;
  #reloads: Promise<void> = Promise.resolve();

  constructor(options: Unconfigured<T>) {
    this.#options = options;
    let started: (value: T) => void = () => undefined;
    this.started = new Promise((resolve) => (started = resolve));
    this.#started = started;
  }

  begin(): void {
    const { service } = this.#options;
    service.begin();
    this.#advise();
    service.ready();
  }

  #advise(): void {
    const { service, log, configFile } = this.#options;
    service.status(adviceFor(configFile));
    log.info({ event: "NOT_CONFIGURED" }, adviceFor(configFile));
  }

  /** One reload at a time; never rejects. */
  reload(): Promise<void> {
    this.#reloads = this.#reloads.then(() => {
      this.missed = this.#done;
      return this.#done ? undefined : this.#options.service.reload(() => this.#try());
    });
    return this.#reloads;
  }

  /** No reload begins any more; gives what one that was under way has started. */
  async end(): Promise<T | undefined> {
    this.#done = true;
    await this.#reloads;
    return this.#value;
  }

  async #try(): Promise<void> {
    const { log, configFile, start } = this.#options;
    if (!isConfigured(configFile)) {
      return this.#advise();
    }
    try {
      this.#value = await start();
      this.#done = true;
      this.#started(this.#value);
    } catch (thrown) {
      reloadFailed(log, asAgentError(thrown).message);
    }
  }
}

/** Credentials reach the service at its start alone, so it takes a restart, not a reload. */
function adviceFor(configFile: string): string {
  return `not configured: edit ${configFile}, then systemctl restart pve-entra-agent`;
}
