/**
 * The PVE emulator without its server: the program's own words for PVE (`src/pve/`) on one side, the
 * emulator's API on the other, and nothing in between but faults.
 */
import { proxmoxApi } from "proxmox-api";
import type { Proxmox } from "proxmox-api";
import type { UserId } from "../../src/decide/facts.js";
import { AgentError } from "../../src/errors.js";
import type { AccessPort } from "../../src/ports.js";
import { accessPort } from "../../src/pve/access-port.js";
import { dataOf } from "../../src/pve/answer.js";
import { encodeForm } from "../../src/pve/form.js";
import type { Params } from "../../src/pve/form.js";
import { checkPath } from "../../src/pve/safe-id.js";
import { fixedClock } from "../emulators/common/clock.js";
import type { EmulatorClock } from "../emulators/common/clock.js";
import { Sessions } from "../emulators/pve/auth.js";
import type { World } from "../emulators/pve/call.js";
import { AGENT_TOKEN, AGENT_USER } from "../emulators/pve/default-world.js";
import { dispatch } from "../emulators/pve/dispatch.js";
import { PveState } from "../emulators/pve/state.js";
import { pveWorld } from "../emulators/pve/world.js";
import type { PveWorld } from "../emulators/pve/world.js";

const TOKEN_VALUE = "emulated-token-value-of-the-agent";
const OWN_USER = AGENT_USER as UserId;

/** What becomes of one write. */
export type Fate = "done" | "refused" | "lost-before" | "lost-after";

/** A write on its way to PVE: `PUT /access/acl path=%2F&…`. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly form: string;
}

export class MemoryPve {
  readonly state: PveState;
  readonly admin: PveWorld;
  /** Decides what becomes of each write; done without exception by default. */
  fate: (sent: Sent) => Fate = () => "done";
  /** Told of every write that changed the file, before it is answered. */
  watch: (sent: Sent, before: string, after: string) => void = () => undefined;
  readonly #world: World;

  constructor(userCfg: string, domainsCfg: string, clock: EmulatorClock = fixedClock(0)) {
    this.state = new PveState(userCfg, domainsCfg);
    this.admin = pveWorld(this.state);
    this.state.tokenSecrets.set(AGENT_TOKEN, TOKEN_VALUE);
    this.#world = { state: this.state, sessions: new Sessions(), clock, nodes: ["pve1"] };
  }

  /** The port as `createPve` makes it, without connections. */
  port(): AccessPort {
    const api = (): Proxmox.Api =>
      proxmoxApi({
        doRequest: async (method, path, _template, params) => this.#call(method, path, params),
      });
    return {
      ...accessPort(api, OWN_USER),
      readRealmKey: () => Promise.reject(new AgentError("INTERNAL", "nobody rotates here")),
      writeRealmKey: () => Promise.reject(new AgentError("INTERNAL", "nobody rotates here")),
      nodes: () => Promise.resolve(["pve1"]),
    };
  }

  #call(httpMethod: string, path: string, params: Params | undefined): unknown {
    const method = httpMethod.toUpperCase();
    checkPath(path);
    const form = encodeForm(params);
    const asked = { method, path: path.replace(/^\/api2\/json/, ""), write: method !== "GET" };
    if (!asked.write) return dataOf(this.#dispatch(method, path, form), asked);
    const sent = { method, path: asked.path, form };
    const fate = this.fate(sent);
    const lost = new AgentError("PVE_OUTCOME_UNKNOWN", `${method} ${path}: no answer came`);
    if (fate === "lost-before") throw lost;
    if (fate === "refused") {
      const body = JSON.stringify({ data: null, message: "refused by chance\n" });
      return dataOf({ status: 500, reason: "refused by chance", body }, asked);
    }
    const before = this.state.userCfgText;
    const answer = this.#dispatch(method, path, form);
    const after = this.state.userCfgText;
    if (before !== after) this.watch(sent, before, after);
    if (fate === "lost-after") throw lost;
    return dataOf(answer, asked);
  }

  #dispatch(method: string, path: string, form: string): Parameters<typeof dataOf>[0] {
    const inBody = method === "POST" || method === "PUT";
    const answer = dispatch(this.#world, {
      method,
      url: inBody || form === "" ? path : `${path}?${form}`,
      headers: {
        authorization: `PVEAPIToken=${AGENT_TOKEN}=${TOKEN_VALUE}`,
        ...(inBody
          ? {
              "content-type": "application/x-www-form-urlencoded",
              "content-length": String(form.length),
            }
          : {}),
      },
      body: inBody ? form : "",
    }).answer;
    return { status: answer.status, reason: answer.reason, body: answer.body.toString("utf8") };
  }
}
