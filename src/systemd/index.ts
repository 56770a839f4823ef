import { openDatagrams } from "./datagram.js";
import { createNotifier, notifySocket, silentNotifier } from "./notify.js";
import { Service } from "./service.js";

export { Service } from "./service.js";
export { statusText } from "./status-text.js";

type Env = Readonly<Record<string, string | undefined>>;

/** The service that systemd started, or one that nobody listens to. */
export async function openService(env: Env): Promise<Service> {
  const socket = notifySocket(env);
  if (socket === undefined) return new Service({ notifier: silentNotifier });
  const notifier = createNotifier(socket, await openDatagrams());
  const watchdogMs = watchdogOf(env);
  return new Service({ notifier, ...(watchdogMs === undefined ? {} : { watchdogMs }) });
}

/** sd_watchdog_enabled(3): the span is ours only where the process id is, too. */
function watchdogOf(env: Env): number | undefined {
  const usec = Number(env["WATCHDOG_USEC"] ?? "");
  const pid = env["WATCHDOG_PID"];
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  return Number.isFinite(usec) && usec > 0 ? usec / 1000 : undefined;
}
