/** The reading functions of `src/pve/` over bodies that the test hands them, without a network. */
import { proxmoxApi } from "proxmox-api";
import type { Proxmox } from "proxmox-api";
import { Agent, request } from "undici";
import type { UserId } from "../../src/decide/facts.js";
import type { Observation } from "../../src/ports.js";
import { dataOf } from "../../src/pve/answer.js";
import { observe } from "../../src/pve/observe.js";
import { AGENT_TOKEN, buildUserCfg, startPve } from "../emulators/pve/index.js";

export const OWN_USER = "entra-agent@pve" as UserId;
const TOKEN = "emulated-token-value-of-the-agent";

/** Paths without `/api2/json` to bodies, as text. */
export type Bodies = ReadonlyMap<string, string>;

export const READS = [
  "/access/permissions",
  "/access/acl",
  "/access/users?full=1",
  "/access/groups",
  "/access/roles",
  "/access/domains/entra",
] as const;

/** What the emulator, held to the recordings of a real PVE, answers to every read of a pass. */
export async function realBodies(): Promise<Bodies> {
  const pve = await startPve({
    tokenSecrets: { [AGENT_TOKEN]: TOKEN },
    userCfg: buildUserCfg({
      extra: [
        "user:anna@x.com@entra:1:0:Anna:Berg:anna@x.com:hello [entra%3A1]::",
        "user:bert@x.com@entra:0:1900000000::::::",
        "user:root@pam:1:0::::::",
        "token:bert@x.com@entra!ci:0:1:made by hand:",
        "group:g1:anna@x.com@entra,bert@x.com@entra:of people:",
        "group:toString::::",
        "acl:1:/vms:@g1:PVEVMUser:",
      ],
    }),
  });
  const dispatcher = new Agent({ connect: { ca: pve.caPem } });
  try {
    const bodies = new Map<string, string>();
    for (const path of [...READS, "/nodes", "/access/users/anna%40x.com%40entra"]) {
      const headers = { authorization: `PVEAPIToken=${AGENT_TOKEN}=${TOKEN}` };
      const answer = await request(`${pve.url}/api2/json${path}`, { dispatcher, headers });
      if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`);
      bodies.set(path, await answer.body.text());
    }
    return bodies;
  } finally {
    await dispatcher.close();
    await pve.close();
  }
}

/** One observation whose every answer is the body given for its path. */
export function observeBodies(bodies: Bodies): Promise<Observation> {
  return observe(apiOver(bodies), ["entra"], OWN_USER);
}

export function apiOver(bodies: Bodies): Proxmox.Api {
  const doRequest = async (method: string, path: string, _template: string, params?: object) => {
    const query = params && "full" in params ? "?full=1" : "";
    const plain = path.replace(/^\/api2\/json/, "");
    const body = bodies.get(`${plain}${query}`) ?? "";
    return dataOf({ status: 200, reason: "OK", body }, { method, path: plain, write: false });
  };
  return proxmoxApi({ doRequest });
}
