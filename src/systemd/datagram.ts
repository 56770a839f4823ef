/** Datagrams to the sockets of systemd and its journal. Node itself has none for unix sockets. */
import { constants } from "node:os";

/**
 * `large`: the socket takes no datagram of that size (EMSGSIZE). `refused`: nobody takes it now, or
 * at all: a full queue, a socket that is gone, or one that we may not write to.
 */
export type Sent = "sent" | "large" | "refused";

/** Sends one datagram to the socket at a path. Never waits, and never throws. */
export type SendDatagram = (path: string, bytes: Buffer) => Sent;

/** unix(7): 108 bytes with the end. A longer path would be cut off, and lead elsewhere. */
const MOST_PATH_BYTES = 107;

/** Throws where the addon cannot be loaded. */
export async function openDatagrams(): Promise<SendDatagram> {
  // Loaded on first use: commands, tests and a daemon outside systemd do without the addon.
  const { default: dgram } = await import("unix-dgram");
  return (path, bytes) => {
    if (Buffer.byteLength(path) > MOST_PATH_BYTES) return "refused";
    let sent: Sent = "refused";
    try {
      // One socket a datagram: a socket that stays open would keep the process from ending.
      const socket = dgram.createSocket("unix_dgram");
      try {
        socket.send(bytes, 0, bytes.length, path, (error) => {
          if (error === undefined) sent = "sent";
          else if (-error.code === constants.errno.EMSGSIZE) sent = "large";
        });
      } finally {
        socket.close();
      }
    } catch {
      // No descriptor left, say: it was not sent.
    }
    return sent;
  };
}
