/** All requests to both emulators, in the one order in which they came. */
import type { LoggedRequest, RequestLog } from "../emulators/common/log.js";

export interface Recorded {
  readonly system: "entra" | "pve";
  readonly method: string;
  readonly path: string;
  /** As the emulator's log keeps it: values of secrets are blanked. */
  readonly body?: string;
  readonly status: number;
}

export interface Recorder {
  /** Everything since the last time. */
  take(): readonly Recorded[];
}

interface Logged {
  readonly log: RequestLog;
}

export function startRecorder(entra: Logged, pve: Logged): Recorder {
  let seen: { system: Recorded["system"]; entry: LoggedRequest }[] = [];
  const listen = (system: Recorded["system"], log: RequestLog): void => {
    const begin = log.begin.bind(log);
    log.begin = (request) => {
      const entry = begin(request);
      seen.push({ system, entry });
      return entry;
    };
  };
  listen("entra", entra.log);
  listen("pve", pve.log);
  return {
    take() {
      const taken = seen.map(({ system, entry: { method, path, body, status } }) => ({
        ...{ system, method, path, status },
        ...(body === undefined ? {} : { body }),
      }));
      seen = [];
      entra.log.clear();
      pve.log.clear();
      return taken;
    },
  };
}
