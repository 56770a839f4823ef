/** The daemon as systemd sees it: ready, alive, reloading, stopping, and how it is in a line. */
import { silentNotifier } from "./notify.js";
import type { Notifier } from "./notify.js";
import { Pulse } from "./pulse.js";
import type { Bounds, PulseOptions } from "./pulse.js";

export interface ServiceOptions {
  readonly notifier: Notifier;
  /** `WatchdogSec=` in milliseconds; absent: nobody watches. */
  readonly watchdogMs?: number;
  /** Absent: two minutes. */
  readonly patienceMs?: number;
  /** When the watchdog is not fed any more; absent: as the house has it. */
  readonly bounds?: Partial<Bounds>;
  /** Milliseconds that only grow, for these bounds; absent: the machine's. */
  readonly monotonic?: () => number;
}

/** What goes round. */
export interface Work extends Pick<PulseOptions, "now" | "nextDue"> {
  /** The watchdog is not fed from now on, and why. */
  readonly onStandstill: (why: string) => void;
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
  /** `READY=1` was said, and not taken. */
  #owed = false;
  #timers: NodeJS.Timeout[] = [];
  #pulse: Pulse | undefined;
  #stands = false;

  constructor(options: ServiceOptions = { notifier: silentNotifier }) {
    this.#options = options;
  }

  /** The daemon works from now on. Absent: it only waits, and is alive as long as it can say so. */
  begin(work?: Work): void {
    const { watchdogMs, patienceMs = PATIENCE_MS, bounds, notifier } = this.#options;
    const { monotonic = () => performance.now() } = this.#options;
    this.end();
    this.#timers.push(setTimeout(() => this.ready(), patienceMs).unref());
    this.#pulse = work && new Pulse({ ...work, monotonic, ...(bounds && { bounds }) });
    if (watchdogMs === undefined) return;
    const beat = (): void => {
      if (this.#owed) this.#sayReady();
      if (this.#isAlive(work)) notifier.watchdog();
    };
    beat();
    this.#timers.push(setInterval(beat, watchdogMs / BEATS).unref());
  }

  /** A pass begins; call what comes back when it has ended, however it did. */
  pass(): () => void {
    return this.#pulse?.pass() ?? (() => undefined);
  }

  /** A request has ended, well or not. */
  stir(): void {
    this.#pulse?.stir();
  }

  /** Another schedule is in force. */
  rescheduled(): void {
    this.#pulse?.rescheduled();
  }

  /** A hung pass is a dead daemon: the watchdog hears nothing of it. */
  #isAlive(work: Work | undefined): boolean {
    const standstill = this.#pulse?.standstill();
    if (standstill !== undefined && !this.#stands) work?.onStandstill(standstill);
    this.#stands = standstill !== undefined;
    return !this.#stands;
  }

  /** The first complete look is done, or there is nothing to look at. Said once. */
  ready(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#sayReady();
  }

  #sayReady(): void {
    this.#owed = !this.#options.notifier.ready();
  }

  status(text: string): void {
    this.#options.notifier.status(text);
  }

  /** Around a reload, however it ends: systemd waits for the end of what it ordered. */
  async reload<T>(work: () => Promise<T>): Promise<T> {
    // Before the start is done the end of a reload would be taken for the end of the start.
    if (!this.#ready) return work();
    this.#options.notifier.reloading();
    try {
      return await work();
    } finally {
      this.#sayReady();
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
