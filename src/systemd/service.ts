/** The daemon as systemd sees it: ready, alive, reloading, stopping, and how it is in a line. */
import { silentNotifier } from "./notify.js";
import type { Notifier } from "./notify.js";

export interface ServiceOptions {
  readonly notifier: Notifier;
  /** `WatchdogSec=` in milliseconds; absent: nobody watches. */
  readonly watchdogMs?: number;
  /** Absent: two minutes. */
  readonly patienceMs?: number;
}

/**
 * How long the start waits for the first complete look at both sides. After it the service is up,
 * though it knows nothing yet: a package manager waits for a start, and must not wait for Entra.
 */
const PATIENCE_MS = 120_000;
/** Two of these may be lost, and the watchdog still hears of us in time. */
const BEATS = 3;

export class Service {
  readonly #options: ServiceOptions;
  #ready = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: ServiceOptions = { notifier: silentNotifier }) {
    this.#options = options;
  }

  /**
   * The daemon works from now on.
   *
   * @param alive asked at each beat: the watchdog hears nothing of who is not
   */
  begin(alive: () => boolean): void {
    const { watchdogMs, patienceMs = PATIENCE_MS, notifier } = this.#options;
    this.end();
    this.#timers.push(setTimeout(() => this.ready(), patienceMs).unref());
    if (watchdogMs === undefined) return;
    const beat = (): void => {
      if (alive()) notifier.watchdog();
    };
    beat();
    this.#timers.push(setInterval(beat, watchdogMs / BEATS).unref());
  }

  /** The first complete look is done, or there is nothing to look at. Said once. */
  ready(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#options.notifier.ready();
  }

  status(text: string): void {
    this.#options.notifier.status(text);
  }

  /** Around a reload, however it ends: systemd waits for the end of what it ordered. */
  async reload<T>(work: () => Promise<T>): Promise<T> {
    this.#options.notifier.reloading();
    try {
      return await work();
    } finally {
      this.#ready = true;
      this.#options.notifier.ready();
    }
  }

  stopping(): void {
    this.#options.notifier.stopping();
  }

  /** No beat comes any more. */
  end(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}
