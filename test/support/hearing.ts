/** A daemon's service whose words are kept instead of sent. */
import { Service } from "../../src/systemd/index.js";
import type { ServiceOptions } from "../../src/systemd/service.js";

export interface Hearing {
  readonly service: Service;
  /** `ready`, `reloading`, `alive` and `stopping`, in the order in which they were said. */
  readonly said: readonly string[];
  /** The last status. */
  status(): string;
}

export function hearing(options: Omit<ServiceOptions, "notifier"> = {}): Hearing {
  const said: string[] = [];
  let last = "";
  const notifier = {
    ready: () => said.push("ready") > 0,
    reloading: () => void said.push("reloading"),
    stopping: () => void said.push("stopping"),
    watchdog: () => void said.push("alive"),
    status: (text: string) => void (last = text),
  };
  return { service: new Service({ notifier, ...options }), said, status: () => last };
}
