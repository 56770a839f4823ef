/** Room for whoever comes next: clients that hold connections open must not shut the door. */
import type { Server, Socket } from "node:net";

/**
 * From more than `most` connections on, the oldest goes for each that comes. To refuse the newest,
 * as `server.maxConnections` does, would let a handful of idle clients keep everybody else out; an
 * honest one is answered within milliseconds, and connects anew where its idle connection is gone.
 */
export function dropOldest(server: Server, most: number): void {
  // A Set keeps the order in which its members came.
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const [oldest] = open;
    if (open.size > most) oldest?.destroy();
  });
}
