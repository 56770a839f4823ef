/**
 * One emulated cluster, one emulated tenant, and agents of several nodes that all write: nobody
 * holds a lease. Everything is the real program but for the sockets: each request waits in
 * `Traffic` until the test lets it go.
 */
import { proxmoxApi } from "proxmox-api";
import type { ApiRequestable, Proxmox } from "proxmox-api";
import type { Config } from "../../src/config/types.js";
import type { Plan } from "../../src/decide/plan.js";
import type { UserId } from "../../src/decide/facts.js";
import { createSsoApp } from "../../src/entra/application.js";
import { createDirectory } from "../../src/entra/directory.js";
import { createGraph } from "../../src/entra/graph.js";
import type { Network } from "../../src/entra/network.js";
import { createServerTimeKeeper } from "../../src/entra/server-time.js";
import { readJournal } from "../../src/journal/journal.js";
import type { Journal } from "../../src/journal/index.js";
import { silentLog } from "../../src/log.js";
import { KeyWatch } from "../../src/pass/key-watch.js";
import { runPass } from "../../src/pass/pass.js";
import type { PassReport, PassTools } from "../../src/pass/pass.js";
import { RotationSet } from "../../src/pass/rotation-set.js";
import type { AccessPort, ProofAnswer, SecretProbePort } from "../../src/ports.js";
import { accessPort } from "../../src/pve/access-port.js";
import { dataOf } from "../../src/pve/answer.js";
import { encodeForm } from "../../src/pve/form.js";
import type { Params } from "../../src/pve/form.js";
import { serialQueue } from "../../src/pve/serial.js";
import type { EmulatorClock } from "../emulators/common/clock.js";
import { Sessions } from "../emulators/pve/auth.js";
import type { World } from "../emulators/pve/call.js";
import {
  AGENT_TOKEN,
  AGENT_USER,
  buildDomainsCfg,
  buildUserCfg,
} from "../emulators/pve/default-world.js";
import { dispatch } from "../emulators/pve/dispatch.js";
import { PveState } from "../emulators/pve/state.js";
import { pveWorld } from "../emulators/pve/world.js";
import type { PveWorld } from "../emulators/pve/world.js";
import { START } from "../support/world-clock.js";
import { createTenant, ISSUER, ORIGIN, TENANT } from "./two-writers-entra.js";
import type { Tenant } from "./two-writers-entra.js";
import { Traffic } from "./two-writers-traffic.js";

const TOKEN = "emulated-token-value-of-the-agent";
export const never = new AbortController().signal;

export interface BedOptions {
  readonly seed: number;
  readonly lag?: { readonly min: number; readonly max: number };
  /** Paths whose ACL the token may change. */
  readonly aclPaths?: readonly string[];
  /** More lines of user.cfg. */
  readonly users?: readonly string[];
  /** Days that the realm's first secret has. */
  readonly secretDays?: number;
}

export interface Bed {
  readonly traffic: Traffic;
  readonly clock: EmulatorClock;
  readonly tenant: Tenant;
  readonly state: PveState;
  /** An administrator of PVE, past the API. */
  readonly hands: PveWorld;
  readonly sso: { readonly id: string; readonly appId: string };
  /** An agent of a node of its own, with a journal of its own; an empty one where none is given. */
  agent(name: string, journal?: Journal): Agent;
}

export interface Agent {
  readonly name: string;
  readonly journal: Journal;
  /** One pass with this configuration; `rotate`: an administrator's order. */
  pass(config: Config, how?: PassHow): Promise<Passed>;
}

export interface PassHow {
  readonly rotate?: boolean;
  /** Looks at secrets alone, as `rotate` does. */
  readonly secretsOnly?: boolean;
  /** `plan`: nothing is written. */
  readonly dry?: boolean;
  /** The ID of held changes that an administrator lets through. */
  readonly approve?: string;
  /** Told when the plan is made, before the first write. */
  readonly planned?: (plan: Plan) => void;
}

export interface Passed {
  readonly report: PassReport;
  /** Ends with the rotations that the pass has set going. */
  readonly rotated: Promise<unknown>;
}

export async function createBed(options: BedOptions): Promise<Bed> {
  const traffic = new Traffic(START);
  const clock: EmulatorClock = {
    rate: 0,
    now: () => traffic.now,
    set: (ms) => traffic.pass(ms - traffic.now),
    advance: (ms) => traffic.pass(ms),
  };
  const tenant = await createTenant(clock, options.seed, options.lag);
  const { world } = tenant;
  const { agentApp, sso, agentSecret, first } = world.settled(() => {
    const agentApp = world.addApp({
      displayName: "pve-entra-agent",
      roles: ["GroupMember.Read.All", "User.Read.All", "Application.ReadWrite.OwnedBy"],
      owners: ["self"],
    });
    const sso = world.addApp({ displayName: "Proxmox VE", owners: [agentApp.appId] });
    const agentSecret = world.addSecret(agentApp.id, { days: 36_500 });
    return {
      agentApp,
      sso,
      agentSecret,
      first: world.addSecret(sso.id, { days: options.secretDays ?? 180 }),
    };
  });
  const state = new PveState(
    buildUserCfg({
      aclPaths: [...(options.aclPaths ?? ["/vms", "/pool", "/storage"])],
      extra: [...(options.users ?? [])],
    }),
    buildDomainsCfg({
      issuerUrl: ISSUER,
      clientId: sso.appId,
      clientKey: first.secretText,
      usernameClaim: "upn",
    }),
  );
  state.tokenSecrets.set(AGENT_TOKEN, TOKEN);
  const cluster: World = { state, sessions: new Sessions(), clock, nodes: ["pve1", "pve2"] };
  const parts = { traffic, tenant, cluster, sso };
  const token = await graphToken(tenant, agentApp.appId, agentSecret.secretText);
  return {
    ...{ traffic, clock, tenant, state, sso },
    hands: pveWorld(state),
    agent: (name, journal = emptyJournal(name, traffic)) =>
      createAgent(name, journal, parts, token),
  };
}

interface Parts {
  readonly traffic: Traffic;
  readonly tenant: Tenant;
  readonly cluster: World;
  readonly sso: { readonly appId: string };
}

async function graphToken(tenant: Tenant, clientId: string, secret: string): Promise<string> {
  const { body } = await askForToken(tenant, clientId, secret);
  return (body as { access_token: string }).access_token;
}

function askForToken(
  tenant: Tenant,
  clientId: string,
  secret: string,
): ReturnType<Tenant["answer"]> {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: secret,
    scope: `${ORIGIN}/.default`,
  });
  return tenant.answer({
    method: "POST",
    path: `/${TENANT}/oauth2/v2.0/token`,
    query: new URLSearchParams(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: body.toString(),
  });
}

/** Each node is another machine to its journal. */
export function machineOf(name: string): { nodeName: string; machineId: string } {
  return { nodeName: name, machineId: `machine-id-of-${name}` };
}

function emptyJournal(name: string, { clock }: Traffic): Journal {
  return readJournal({ dir: "/nonexistent", clock, log: silentLog, ...machineOf(name) });
}

function createAgent(name: string, journal: Journal, parts: Parts, token: string): Agent {
  const { traffic } = parts;
  const { clock } = traffic;
  const keeper = createServerTimeKeeper(clock);
  const network = networkOf(name, parts, keeper);
  const random = (): number => 0.5;
  const tokens = {
    token: async () => token,
    renew: async () => token,
    roles: async () => new Set(["GroupMember.Read.All", "User.Read.All"]),
  };
  const graph = createGraph({ origin: ORIGIN, network, tokens, clock, random, log: silentLog });
  const directory = createDirectory({ graph, tokens, clock, random, log: silentLog }, keeper.read);
  const access = accessOf(name, parts);
  const now = (): number => keeper.read()?.now ?? clock.now();
  const probe = probeOf(name, parts);
  // Ends of secrets are spread by chance, so that two machines never send the same.
  let draws = name.length + name.charCodeAt(name.length - 1);
  const shared: Omit<PassTools, "config" | "planned" | "done"> = {
    access,
    realms: access,
    directory,
    journal,
    lease: { check: async () => ({ mayWrite: true }) },
    probe,
    ssoApp: (clientId) => createSsoApp(graph, clientId, clock),
    serverTime: keeper.read,
    clusterId: () => "0123456789ab",
    rotations: new RotationSet(),
    watch: new KeyWatch({ clock, probe, now }),
    clock,
    now,
    random: () => ((draws = (draws * 16_807) % 2_147_483_647), draws / 2_147_483_647),
  };
  return {
    name,
    journal,
    pass: async (config, how = {}) => {
      const order = {
        trigger: "test",
        realms: config.realms,
        rotate: new Set(how.rotate === true ? config.realms.map((realm) => realm.name) : []),
        dry: how.dry === true,
        secretsOnly: how.secretsOnly === true,
        ...(how.approve === undefined ? {} : { approve: { id: how.approve, by: "root@pam" } }),
      };
      const tools = {
        ...shared,
        config,
        planned: how.planned ?? ((): void => undefined),
        done: (): void => undefined,
      };
      const report = await runPass(order, tools, never, never);
      return { report, rotated: Promise.all(report.rotations) };
    },
  };
}

function networkOf(
  who: string,
  { traffic, tenant }: Parts,
  keeper: ReturnType<typeof createServerTimeKeeper>,
): Network {
  return {
    exchange: ({ method, url, headers, body = "" }, signal) => {
      const path = url.pathname + url.search;
      const answer = async (): ReturnType<Network["exchange"]> => {
        const { pathname, searchParams } = url;
        const request = {
          method,
          path: pathname,
          query: searchParams,
          headers: { ...headers },
          body,
        };
        const { status, headers: sent, body: said } = await tenant.answer(request);
        keeper.note(new Date(traffic.now).toUTCString());
        const text = typeof said === "string" ? said : JSON.stringify(said ?? "");
        return { status, headers: sent, text: said === undefined ? "" : text };
      };
      return traffic.ask({ who, system: "entra", method, path, body }, answer, signal);
    },
    serverTime: keeper.read,
    close: async () => undefined,
  };
}

/** The token endpoint's answer about a secret, as `entra/probe.ts` judges it. */
function probeOf(who: string, { traffic, tenant }: Parts): SecretProbePort {
  return {
    prove: (clientId, secret, signal) => {
      const asked = { who, system: "entra" as const, method: "POST", path: "/token", body: "" };
      const answer = async (): Promise<ProofAnswer> => {
        const { status, body } = await askForToken(tenant, clientId, secret.reveal());
        if (status === 200) return { kind: "accepted" };
        const [aadsts = 0] = (body as { error_codes?: number[] }).error_codes ?? [];
        const message = `AADSTS${aadsts}`;
        return [7000215, 7000222].includes(aadsts)
          ? { kind: "refused", aadsts, message }
          : { kind: "unclear", message };
      };
      return traffic.ask(asked, answer, signal);
    },
  };
}

/** `src/pve/index.ts` over requests that wait in the traffic instead of a socket. */
function accessOf(who: string, { traffic, cluster }: Parts): AccessPort {
  const oneByOne = serialQueue();
  const requestable = (signal: AbortSignal): ApiRequestable => ({
    doRequest: async (httpMethod, path, _template, params?: Params) => {
      const method = httpMethod.toUpperCase();
      const form = encodeForm(params);
      const inBody = method === "POST" || method === "PUT";
      const url = inBody || form === "" ? path : `${path}?${form}`;
      const body = inBody ? form : "";
      const asked = { method, path: path.replace(/^\/api2\/json/, ""), write: method !== "GET" };
      const call = (): Promise<unknown> =>
        traffic.ask(
          { who, system: "pve", method, path: url, body },
          () => {
            const headers = {
              authorization: `PVEAPIToken=${AGENT_TOKEN}=${TOKEN}`,
              ...(inBody ? { "content-type": "application/x-www-form-urlencoded" } : {}),
              "content-length": String(body.length),
            };
            const { answer } = dispatch(cluster, { method, url, headers, body });
            const { status, reason } = answer;
            return dataOf({ status, reason, body: answer.body.toString("utf8") }, asked);
          },
          signal,
        );
      return asked.write ? oneByOne(call) : call();
    },
  });
  const api = (signal: AbortSignal): Proxmox.Api => proxmoxApi(requestable(signal));
  return accessPort(api, AGENT_USER as UserId);
}
