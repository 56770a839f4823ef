/** Where the control socket is, and whether somebody answers on it. */
import { connect } from "node:net";
import { join } from "node:path";
import { placeProblem } from "./place.js";

/** In the runtime folder that systemd gives (systemd.exec(5)); without one, in the state folder. */
export function controlSocket(
  stateDir: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const [runtime] = (env["RUNTIME_DIRECTORY"] ?? "").split(":");
  return join(runtime === undefined || runtime === "" ? stateDir : runtime, "control.sock");
}

/** `stale`: a file is there, and no process answers on it. */
export type SocketState = "living" | "stale" | "absent";

/**
 * Throws what is wrong with the socket's place, and what `connect` says otherwise, EACCES above
 * all.
 */
export async function socketState(path: string): Promise<SocketState> {
  const problem = placeProblem(path);
  if (problem !== undefined) throw new Error(problem);
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve("living");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") resolve("absent");
      else if (error.code === "ECONNREFUSED" || error.code === "ENOTSOCK") resolve("stale");
      else reject(error);
    });
  });
}
