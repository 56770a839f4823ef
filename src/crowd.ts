/** Room for whoever comes next: clients that hold connections open must not shut a door. */
import type { Server, Socket } from "node:net";

/**
 * From more than `most` connections on, the oldest that is not busy goes for each that comes. To
 * refuse the newest, as `server.maxConnections` does, would let a handful of idle clients keep
 * everybody else out; an honest one is answered within milliseconds, and connects anew where its
 * idle connection is gone.
 *
 * @param isBusy whether somebody waits for an answer on it that takes its time; such are bounded
 *   by whoever works for them
 */
export function dropOldest(
  server: Server,
  most: number,
  isBusy: (socket: Socket) => boolean = () => false,
): void {
  // A Set keeps the order in which its members came.
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    if (open.size <= most) return;
    for (const oldest of open) {
      if (isBusy(oldest)) continue;
      open.delete(oldest);
      oldest.destroy();
      return;
    }
  });
}
