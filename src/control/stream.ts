/** The events of one order on their way to the command: one JSON object a line. */
import { PassThrough } from "node:stream";
import type { ControlEvent, Done, Happening } from "./events.js";
import { worded } from "./worded.js";

/** Beyond this a reader is too slow for news of progress. */
const SLOW_BYTES = 256 * 1024;
/** Beyond this it does not read at all. */
const STUCK_BYTES = 32 * 1024 * 1024;
/** An empty line now and then tells both ends that the other still lives. */
const PULSE_MS = 10_000;

export class EventStream {
  readonly body = new PassThrough();
  readonly #pulse: NodeJS.Timeout;

  constructor() {
    // A reader that goes away must not stop the order: its events fall on the floor.
    this.body.on("error", () => undefined);
    this.#pulse = setInterval(() => this.#write("\n"), PULSE_MS).unref();
    this.body.once("close", () => clearInterval(this.#pulse));
  }

  emit(event: Happening): void {
    if (event.type === "progress" && this.body.writableLength > SLOW_BYTES) return;
    this.#send(event);
  }

  /** The last event; what comes after it is lost. */
  end(event: Done): void {
    clearInterval(this.#pulse);
    this.#send(event);
    this.body.end();
  }

  #send(event: ControlEvent): void {
    this.#write(`${JSON.stringify(worded(event))}\n`);
  }

  #write(text: string): void {
    if (this.body.destroyed || this.body.writableEnded) return;
    if (this.body.writableLength > STUCK_BYTES) this.body.destroy();
    else this.body.write(text);
  }
}
