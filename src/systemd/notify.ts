/** What the service tells systemd of itself: the protocol of sd_notify(3). */
import { oneLine } from "./one-line.js";
import type { SendDatagram } from "./datagram.js";

export interface Notifier {
  /** The start, or a reload, is done. False: it was not taken, and has to be said again. */
  ready(): boolean;
  /** A reload has begun; `ready` ends it. */
  reloading(): void;
  stopping(): void;
  /** What `systemctl status` shows. */
  status(text: string): void;
  /** Alive: systemd kills a service that says so too seldom (`WatchdogSec=`). */
  watchdog(): void;
}

export const silentNotifier: Notifier = {
  ready: () => true,
  reloading: () => undefined,
  stopping: () => undefined,
  status: () => undefined,
  watchdog: () => undefined,
};

/**
 * Speaks to the socket that systemd gave. What it does not take is not waited for: the state is told
 * again with the next pass, life and readiness with the next heartbeat.
 *
 * @param monotonicUs CLOCK_MONOTONIC in microseconds: systemd tells by it which signal a reload
 * answers
 */
export function createNotifier(
  socket: string,
  send: SendDatagram,
  monotonicUs: () => bigint = () => process.hrtime.bigint() / 1000n,
): Notifier {
  let shown: string | undefined;
  const say = (...lines: readonly string[]): boolean =>
    send(socket, Buffer.from(lines.join("\n"), "utf8")) === "sent";
  return {
    ready: () => say("READY=1"),
    reloading: () => void say("RELOADING=1", `MONOTONIC_USEC=${monotonicUs()}`),
    stopping: () => void say("STOPPING=1"),
    status: (text) => {
      const line = oneLine(text);
      if (line !== shown && say(`STATUS=${line}`)) shown = line;
    },
    watchdog: () => void say("WATCHDOG=1"),
  };
}

/**
 * Where systemd listens, or undefined where it does not: outside systemd, and where the address is
 * in the abstract namespace, which unix-dgram cannot name. Only a service manager inside a container
 * of its own uses one; the system's has a path, /run/systemd/notify.
 */
export function notifySocket(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const socket = env["NOTIFY_SOCKET"];
  return socket?.startsWith("/") === true ? socket : undefined;
}
