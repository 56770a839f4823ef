/** A port for somebody who cannot ask for port 0, or has to come back to the same one. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

/**
 * All of 127.0.0.0/8 is this machine's. On an address of this process alone a port that was free
 * stays free: the other suites, which take any port there is, take it on 127.0.0.1. 22 bits are
 * what a process id has at most (proc(5), pid_max).
 */
export const OWN_ADDRESS = [127, 64 | (process.pid >> 16), process.pid >> 8, process.pid]
  .map((part) => part & 255)
  .join(".");

/** Nobody listens on it, at OWN_ADDRESS. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, OWN_ADDRESS);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}
