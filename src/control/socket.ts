/** Where the control socket is, and whether somebody answers on it. */
import { connect } from "node:net";
import { join } from "node:path";
import { placeProblem } from "./place.js";

/** `StateDirectory=` and `RuntimeDirectory=` of the unit. */
const SERVICE = { state: "/var/lib/pve-entra-agent", runtime: "/run/pve-entra-agent" };

/**
 * The service with its own state folder has its socket in `/run/pve-entra-agent`, whether systemd
 * says so (`$RUNTIME_DIRECTORY`, systemd.exec(5)) or root's shell, which has no such variable. Where
 * the configuration moves the state folder, the socket goes with it, for root's shell cannot know
 * more. Any other runtime folder counts as it stands.
 */
export function controlSocket(
  stateDir: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const [given = ""] = (env["RUNTIME_DIRECTORY"] ?? "").split(":");
  const ofService = given === "" || given === SERVICE.runtime;
  const standing = stateDir === SERVICE.state ? SERVICE.runtime : stateDir;
  return join(ofService ? standing : given, "control.sock");
}

/** Where the service as it is installed has its socket. */
export function serviceSocket(env: Readonly<Record<string, string | undefined>>): string {
  return controlSocket(SERVICE.state, env);
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
